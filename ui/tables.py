"""Tables on the screen, each with its download."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from data.trial import Trial
from report.tables import csv_text
from ui.text import inert


def show_table(
    table: pd.DataFrame,
    name: str,
    trial: Trial,
    *,
    columns: dict[str, Any] | None = None,
    export: pd.DataFrame | None = None,
    height: int | None = None,
) -> None:
    """Show a table with a button that saves it.

    Parameters
    ----------
    table
        What is shown.
    name
        Widget key and file name.
    trial
        Whose it is; its title and whether it is simulated go into the file.
    columns
        How columns are shown.
    export
        What is saved, where that differs from what is shown.
    height
        Height in pixels, for long tables.
    """
    options: dict[str, Any] = {} if height is None else {"height": height}
    st.dataframe(table, hide_index=True, column_config=columns, key=f"table-{name}", **options)
    _save_button(table if export is None else export, name, trial)


def show_small_table(
    table: pd.DataFrame, name: str, trial: Trial, *, export: pd.DataFrame | None = None
) -> None:
    """Show a table of a few rows whose text wraps, with a button that saves it."""
    shown = table.map(lambda cell: _unbroken(inert(cell)) if isinstance(cell, str) else cell)
    st.table(shown, border="horizontal", hide_index=True)
    _save_button(table if export is None else export, name, trial)


def _unbroken(text: str) -> str:
    """Keep a short text, such as a name or an interval, on one line."""
    return text.replace(" ", "\u00a0").replace("\\-", "\u2011") if len(text) < 24 else text


def _save_button(table: pd.DataFrame, name: str, trial: Trial) -> None:
    with st.container(horizontal=True, horizontal_alignment="right"):
        st.download_button(
            "CSV",
            data=lambda: ("\ufeff" + csv_text(table, trial)).encode(),
            file_name=f"{name}.csv",
            mime="text/csv",
            icon=":material/download:",
            type="tertiary",
            on_click="ignore",
            key=f"save-{name}",
        )
