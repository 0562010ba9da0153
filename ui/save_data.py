"""The trial as a file without personal details: new names, relative days or shifted dates."""

from __future__ import annotations

from typing import Final

import streamlit as st

from data.trial import Trial
from report.deidentified import LARGEST_SHIFT, deidentified, deidentified_workbook
from report.tables import csv_text

_XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_WAYS: Final = {
    False: "relative days (default)",
    True: f"calendar dates, shifted by a random offset for each patient (±{LARGEST_SHIFT} days, "
    "not 0; the offset is not stored)",
}


def save_deidentified(trial: Trial) -> None:
    """Draw the buttons that save the trial, and the choice of how days are written."""
    has_dates = bool(trial.measurements_frame["date"].notna().any())
    with st.popover("Save de-identified data", icon=":material/shield:", width="content"):
        st.markdown("Patients are called P01, P02 …; columns that were not used are not in it.")
        st.caption(
            "The workbook holds values, items, events, sex, age, height, onset and groups, and can "
            "be opened here again. Not in it: ages above 89, unusual sites of onset, groups of one "
            "patient, and the file’s own words for an event. The CSV holds the values only."
        )
        st.caption(
            "Real visit dates are themselves identifying, so every export gives days relative to "
            "the transplant unless you choose otherwise here."
        )
        with_dates = False
        if has_dates:
            with_dates = st.radio(
                "Days are written as",
                list(_WAYS),
                format_func=_WAYS.__getitem__,
                key="w.save-days",
            )
        if bool(trial.measurements_frame["day"].isna().any()):
            st.caption(
                "Patients without a transplant date: their values are in both files, their items "
                "in neither."
            )
        st.download_button(
            "Save de-identified data (workbook)",
            data=lambda: deidentified_workbook(trial, with_dates=with_dates),
            file_name="deidentified.xlsx",
            mime=_XLSX,
            icon=":material/download:",
            type="primary",
            on_click="ignore",
            key="w.save-deidentified-workbook",
        )
        st.download_button(
            "Save values only (CSV)",
            data=lambda: _content(trial, with_dates=with_dates),
            file_name="deidentified.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
            key="w.save-deidentified",
        )


def _content(trial: Trial, *, with_dates: bool) -> bytes:
    return ("\ufeff" + csv_text(deidentified(trial, with_dates=with_dates), trial)).encode()
