"""Tables on the screen, each with its download."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import streamlit as st

from analysis.predicted_fvc import equation_note
from data.trial import Trial
from report.exhibits.chart import Spot
from report.tables import csv_text
from ui import basket, state
from ui.text import inert


def show_table(
    table: pd.DataFrame,
    name: str,
    trial: Trial | None,
    *,
    columns: dict[str, Any] | None = None,
    export: pd.DataFrame | None = None,
    height: int | None = None,
    on_choice: Callable[[int | None], None] | None = None,
    untreated: str = "",
) -> None:
    """Show a table with a button that saves it.

    Parameters
    ----------
    table
        What is shown.
    name
        Widget key and file name.
    trial
        Whose it is; its title and whether it is simulated go into the file. ``None`` for a table
        that is of no trial.
    columns
        How columns are shown.
    export
        What is saved, where that differs from what is shown.
    height
        Height in pixels, for long tables.
    on_choice
        Called with the row that the reader chooses, ``None`` when it is let go; without it rows
        cannot be chosen.
    untreated
        What untreated trials with this run-in look like, for the file of a table of results.
    """
    options: dict[str, Any] = {} if height is None else {"height": height}
    if on_choice is not None:

        def chosen() -> None:
            rows = st.session_state[f"table-{name}"]["selection"]["rows"]
            on_choice(int(rows[0]) if rows else None)

        options |= {"on_select": chosen, "selection_mode": "single-row"}
    st.dataframe(table, hide_index=True, column_config=columns, key=f"table-{name}", **options)
    _save_button(table if export is None else export, name, trial, untreated, None)


def show_small_table(
    table: pd.DataFrame,
    name: str,
    trial: Trial | None,
    *,
    export: pd.DataFrame | None = None,
    untreated: str = "",
    spot: Spot | None = None,
) -> None:
    """Show a table of a few rows whose text wraps, with a button that saves it.

    The parameters are those of :func:`show_table`, and which exhibit it is, where a presentation
    can hold it.
    """
    shown = table.map(lambda cell: _unbroken(inert(cell)) if isinstance(cell, str) else cell)
    st.table(shown, border="horizontal", hide_index=True)
    _save_button(table if export is None else export, name, trial, untreated, spot)


def _unbroken(text: str) -> str:
    """Keep a short text, such as a name or an interval, on one line."""
    return text.replace(" ", "\u00a0").replace("\\-", "\u2011") if len(text) < 24 else text


def _save_button(
    table: pd.DataFrame, name: str, trial: Trial | None, untreated: str, spot: Spot | None
) -> None:
    chosen = state.settings()
    note = equation_note(trial, chosen) if trial and "fvc" in chosen.endpoints else ""
    with st.container(horizontal=True, horizontal_alignment="right"):
        if spot is not None:
            basket.add_button(spot)
        st.download_button(
            "CSV",
            data=lambda: ("\ufeff" + csv_text(table, trial, note, untreated)).encode(),
            file_name=f"{name}.csv",
            mime="text/csv",
            icon=":material/download:",
            type="tertiary",
            on_click="ignore",
            key=f"save-{name}",
        )
