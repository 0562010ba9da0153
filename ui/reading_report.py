"""The open trial: what is in it, what was noticed, what was decided, and its tables."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd
import streamlit as st

from data.endpoints import ENDPOINTS
from data.trial import DAYS_PER_MONTH, USABLE, Trial
from report.numbers import count
from report.tables import export_names
from ui import cache, state
from ui.change_report import change_report
from ui.check_titles import title_of
from ui.completeness import completeness
from ui.corrections import corrections
from ui.findings import findings_list
from ui.mapping_form import understood
from ui.navigation import SLOPES
from ui.save_data import save_deidentified
from ui.tables import show_table
from ui.text import inert
from ui.trial_title import title_field

_PREVIEW_ROWS: Final = 1_000


def reading_report(trial: Trial) -> None:
    """Draw what is in the trial, what was noticed, and the table itself."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.markdown(f"##### Open now: {inert(trial.title)}", width="stretch")
        save_deidentified(trial)
    if trial.origin == "upload":
        title_field(trial)
        st.page_link(SLOPES, label="See the slopes", icon=":material/arrow_forward:")
    _summary(trial)
    change_report()
    _reading_of(trial)
    if trial.notes:
        with st.expander("About this trial", icon=":material/science:", expanded=True):
            st.markdown("\n".join(f"- {note}" for note in trial.notes))
    _preview(trial)


def _reading_of(trial: Trial) -> None:
    """Draw findings, corrections and columns of the open trial."""
    known = state.dropped()
    own = known is not None and state.is_source(known)
    if trial.findings:
        findings_list(trial.findings, correctable=own)
    else:
        st.caption("Nothing unusual was noticed.")
    if known is None or not own:
        return
    corrections(trial)
    if known.reading is not None and known.reading.trial is not None:
        understood(known.reading.columns, known.as_before)


def _preview(trial: Trial) -> None:
    names = ("Completeness", "Patients", "Values")
    whole, patients, values = st.tabs(names, on_change="rerun", key="w.preview")
    if whole.open:
        with whole:
            completeness(trial)
    if patients.open:
        with patients:
            table = cache.once(("patients", trial.instance), lambda: _patients_table(trial))
            if len(table) > _PREVIEW_ROWS:
                st.caption(f"The first {_PREVIEW_ROWS:,} of {len(table):,} patients.")
            shown = table.head(_PREVIEW_ROWS)
            show_table(
                shown,
                "patients",
                trial,
                export=cache.once(("patients saved", trial.instance), lambda: _relative(trial)),
            )
    if values.open:
        with values:
            _values_table(trial)


def _summary(trial: Trial) -> None:
    frame = trial.measurements
    parts = [count(len(trial.patient_ids), "patient")]
    for key in trial.endpoints:
        mine = frame[frame["endpoint"] == key]
        aside = int((mine["status"] != USABLE).sum())
        endpoint = ENDPOINTS[key]
        unit = "" if f"({endpoint.unit})" in endpoint.label else f" ({endpoint.unit})"
        text = f"{len(mine):,} values of {endpoint.label}{unit}"
        parts.append(text + (f", {aside} of them set aside" if aside else ""))
    if trial.periods is not None:
        parts.append(
            f"periods declared: {trial.periods.before:g} months before, "
            f"{trial.periods.after:g} after"
        )
    st.markdown(" · ".join(parts))


def _patients_table(trial: Trial) -> pd.DataFrame:
    frame, values = trial.patients, trial.measurements
    table: dict[str, Any] = {
        "patient": frame["patient"],
        "transplant": [", ".join(dates) for dates in frame["transplant_dates"]],
    }
    for key in trial.endpoints:
        counts = values[values["endpoint"] == key].groupby("patient").size()
        endpoint = ENDPOINTS[key]
        name = f"{endpoint.label}, {endpoint.unit}: values"
        table[name] = frame["patient"].map(counts).fillna(0).astype(int)
    for name in ("sex", "age", "onset_site", "group"):
        if frame[name].replace("", None).notna().any():
            table[name.replace("_", " ")] = frame[name]
    return pd.DataFrame(table)


def _relative(trial: Trial) -> pd.DataFrame:
    """Return the patients table for export: no calendar date, months from onset instead."""
    table = _patients_table(trial).drop(columns="transplant").assign(patient=export_names(trial))
    table["months from onset"] = -trial.patients["onset_day"] / DAYS_PER_MONTH
    return table


def _values_table(trial: Trial) -> None:
    shown = cache.once(("values", trial.instance), lambda: _values(trial))
    if len(shown) > _PREVIEW_ROWS:
        st.caption(f"The first {_PREVIEW_ROWS:,} of {len(shown):,} values.")
    columns = {
        "month": st.column_config.NumberColumn(format="%.1f"),
        "value": st.column_config.NumberColumn(format="%g"),
    }
    saved = cache.once(("values saved", trial.instance), lambda: _saved_values(trial, shown))
    show_table(
        shown.head(_PREVIEW_ROWS), "values", trial, columns=columns, export=saved, height=380
    )


def _values(trial: Trial) -> pd.DataFrame:
    frame = trial.measurements
    return pd.DataFrame(
        {
            "patient": frame["patient"],
            "endpoint": frame["endpoint"].map(lambda key: ENDPOINTS[key].label),
            "unit": frame["endpoint"].map(lambda key: ENDPOINTS[key].unit),
            "month": frame["day"] / DAYS_PER_MONTH,
            "value": frame["value"],
            "set aside": frame["status"].where(frame["status"] != USABLE, "").map(_reason),
            "row in file": frame["row"],
        }
    )


def _saved_values(trial: Trial, shown: pd.DataFrame) -> pd.DataFrame:
    called = dict(zip(trial.patient_ids, export_names(trial), strict=True))
    return shown.assign(patient=shown["patient"].map(called)).drop(columns="row in file")


def _reason(status: str) -> str:
    return title_of(status).lower() if status else ""
