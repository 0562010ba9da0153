"""Dropping a file, answering what only the user can know, and the report of what was read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import pandas as pd
import streamlit as st

from data.endpoints import ENDPOINTS
from data.findings import Finding
from data.files import UploadedFile
from data.reading import QUESTIONS, Question, Reading, read_files
from data.trial import DAYS_PER_MONTH, USABLE, Trial
from report.numbers import count
from report.tables import export_names
from ui import cache, state
from ui.tables import show_table
from ui.text import inert

_ICONS: Final = {
    "error": ":material/block:",
    "warning": ":material/warning:",
    "info": ":material/info:",
}
_PREVIEW_ROWS: Final = 1_000


def upload_form() -> None:
    """Draw the drop field; read what is dropped; ask what must be asked; open the trial."""
    files = st.file_uploader(
        "A table of visits, .csv or .xlsx",
        accept_multiple_files=True,
        key=state.drop_field_key(),
        help="One row a visit (patient, visit date or month from the transplant, ALSFRS-R, FVC, "
        "transplant date), or one row a patient with a column for each month.",
    )
    st.caption(
        "The file is read in this process and kept in memory only, until you clear it or leave. "
        "Nothing is sent anywhere or written to disk."
    )
    if not files:
        state.nothing_dropped()
        return
    uploaded = [UploadedFile(file.name, file.getvalue()) for file in files]
    mark = hash(tuple((file.name, file.content) for file in uploaded))
    answers = state.answers_for(mark)
    with st.spinner("Reading…"):
        asked = ("reading", mark, sorted(answers.items()))
        reading = cache.once(asked, lambda: read_files(uploaded, answers))
    if reading.verdict == "ask":
        _ask(reading.questions, answers)
    elif reading.trial is None:
        stays = f"This file was not loaded; {inert(state.trial().title)} stays open."
        st.error(stays, icon=_ICONS["error"])
        _findings(reading.findings)
    else:
        _answered(answers)
        _open_once(reading, mark)


def _open_once(reading: Reading, mark: int) -> None:
    """Open the trial of files that were just dropped, not of files that still lie there."""
    trial = reading.trial
    if trial is None or not state.newly_dropped(mark):
        return
    state.open_trial(trial)
    st.rerun()


def _answered(answers: dict[str, str]) -> None:
    """Show what was answered about the file, with a way to answer again."""
    if not answers:
        return
    words = [dict(QUESTIONS[code].options)[value] for code, value in answers.items()]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"Your answer: {'; '.join(words)}.", width="content")
        st.button("Answer again", type="tertiary", on_click=state.ask_again, key="w.again")


def _ask(questions: Sequence[Question], answers: dict[str, str]) -> None:
    st.warning("Before this file can be read:", icon=":material/help:")
    with st.form("w.questions"):
        chosen = {
            question.code: st.radio(
                question.text,
                [value for value, _ in question.options],
                format_func=dict(question.options).__getitem__,
                index=None,
                key=f"w.answer-{question.code}",
            )
            for question in questions
        }
        if st.form_submit_button("Read the file", type="primary"):
            answers.update({code: value for code, value in chosen.items() if value is not None})
            st.rerun()


def reading_report(trial: Trial) -> None:
    """Draw what is in the trial, what was noticed, and the table itself."""
    st.markdown(f"##### Open now: {inert(trial.title)}")
    if trial.origin == "upload":
        st.text_input(
            "Title",
            trial.title,
            max_chars=80,
            key=f"w.title-{trial.hash[:8]}",
            on_change=lambda: state.rename_trial(st.session_state[f"w.title-{trial.hash[:8]}"]),
            help="Stands on every page and in every export; the file’s name never does.",
            width=420,
        )
    _summary(trial)
    if trial.findings:
        _findings(trial.findings)
    else:
        st.caption("Nothing unusual was noticed.")
    if trial.notes:
        with st.expander("About this trial", icon=":material/science:", expanded=True):
            st.markdown("\n".join(f"- {note}" for note in trial.notes))
    patients, values = st.tabs(["Patients", "Values"], on_change="rerun", key="w.preview")
    if patients.open:
        with patients:
            show_table(_patients_table(trial), "patients", trial, export=_relative(trial))
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
        text = f"{len(mine):,} values of {endpoint.label} ({endpoint.unit})"
        parts.append(text + (f", {aside} of them set aside" if aside else ""))
    if trial.periods is not None:
        parts.append(
            f"periods declared: {trial.periods.before:g} months before, "
            f"{trial.periods.after:g} after"
        )
    st.markdown(" · ".join(parts))


def _findings(findings: Sequence[Finding]) -> None:
    order = {"error": 0, "warning": 1, "info": 2}
    by_code: dict[str, list[Finding]] = {}
    for finding in sorted(findings, key=lambda f: order[f.severity]):
        by_code.setdefault(finding.code, []).append(finding)
    for code, group in by_code.items():
        first = group[0]
        if len(group) == 1:
            say = {"error": st.error, "warning": st.warning, "info": st.info}[first.severity]
            say(inert(first.sentence()), icon=_ICONS[first.severity])
            continue
        title = f"{len(group)} × {code.replace('_', ' ').lower()}"
        with st.expander(title, icon=_ICONS[first.severity], expanded=len(group) <= 5):
            st.dataframe(
                pd.DataFrame(
                    {
                        "file": [f.file + (f", {f.sheet}" if f.sheet else "") for f in group],
                        "row": [f.row for f in group],
                        "column": [f.column for f in group],
                        "found": [f.text for f in group],
                        "next step": [f.next_step for f in group],
                    }
                ),
                hide_index=True,
                key=f"w.findings-{code}",
            )


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
    frame = trial.measurements
    shown = pd.DataFrame(
        {
            "patient": frame["patient"],
            "endpoint": frame["endpoint"].map(lambda key: ENDPOINTS[key].label),
            "unit": frame["endpoint"].map(lambda key: ENDPOINTS[key].unit),
            "month": frame["day"] / DAYS_PER_MONTH,
            "value": frame["value"],
            "set aside": frame["status"].where(frame["status"] != USABLE, ""),
            "row in file": frame["row"],
        }
    )
    if len(shown) > _PREVIEW_ROWS:
        st.caption(f"The first {_PREVIEW_ROWS:,} of {len(shown):,} values.")
    columns = {
        "month": st.column_config.NumberColumn(format="%.1f"),
        "value": st.column_config.NumberColumn(format="%g"),
    }
    called = dict(zip(trial.patient_ids, export_names(trial), strict=True))
    saved = shown.assign(patient=shown["patient"].map(called)).drop(columns="row in file")
    show_table(
        shown.head(_PREVIEW_ROWS), "values", trial, columns=columns, export=saved, height=380
    )
