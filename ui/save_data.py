"""The trial as a file without personal details: new names, relative days or shifted dates."""

from __future__ import annotations

import secrets
from typing import Final

import numpy as np
import pandas as pd
import streamlit as st

from data.endpoints import ENDPOINTS
from data.trial import DAYS_PER_MONTH, USABLE, Trial
from report.tables import csv_text, export_names

LARGEST_SHIFT: Final = 182
_WAYS: Final = {
    False: "relative days (default)",
    True: f"calendar dates, shifted by a random offset for each patient (±{LARGEST_SHIFT} days, "
    "not 0; the offset is not stored)",
}


def save_deidentified(trial: Trial) -> None:
    """Draw the button that saves the values, and the choice of how days are written."""
    has_dates = bool(trial.measurements_frame["date"].notna().any())
    with st.popover("Save de-identified data", icon=":material/shield:", width="content"):
        st.markdown("Patients are called P01, P02 …; columns that were not used are not in it.")
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
        st.download_button(
            "Save de-identified data (CSV)",
            data=lambda: _content(trial, with_dates=with_dates),
            file_name="deidentified.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
            key="w.save-deidentified",
        )


def _content(trial: Trial, *, with_dates: bool) -> bytes:
    return ("\ufeff" + csv_text(deidentified(trial, with_dates=with_dates), trial)).encode()


def deidentified(trial: Trial, *, with_dates: bool) -> pd.DataFrame:
    """Return one row a value under new names, with relative days or shifted dates.

    All dates of a patient move by one random offset, so that intervals stay; it is drawn anew
    each time and kept nowhere.
    """
    frame = trial.measurements
    names = export_names(trial)
    called = dict(zip(trial.patient_ids, names, strict=True))
    table = pd.DataFrame({"patient": frame["patient"].map(called)})
    if with_dates:
        shift = frame["patient"].map({patient: _offset() for patient in trial.patient_ids})
        moved = frame["date"] + pd.to_timedelta(shift, unit="D")
        table["visit_date"] = moved.dt.strftime("%Y-%m-%d").fillna("")
        day0 = moved - pd.to_timedelta(frame["day"], unit="D")
        first = day0.groupby(frame["patient"]).transform("min")
        table["transplant_date"] = first.dt.strftime("%Y-%m-%d").fillna("")
    else:
        table["day_rel"] = frame["day"]
        table["month"] = (frame["day"] / DAYS_PER_MONTH).round(2)
        without = frame["day"].isna()
        if without.any():
            first = frame.groupby("patient")["date"].transform("min")
            table["days_from_first_visit"] = (frame["date"] - first).dt.days.where(without)
    table["endpoint"] = frame["endpoint"].map(lambda key: ENDPOINTS[key].label)
    table["unit"] = frame["endpoint"].map(lambda key: ENDPOINTS[key].unit)
    table["value"] = frame["value"]
    table["set_aside"] = np.where(frame["status"] == USABLE, "", frame["status"])
    return table


def _offset() -> int:
    """Draw a shift of 1 to 182 days, back or forth."""
    return (1 + secrets.randbelow(LARGEST_SHIFT)) * secrets.choice((-1, 1))
