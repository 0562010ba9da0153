"""Leaving out a patient or a value, keeping a quarantined one, and taking that back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import streamlit as st

from analysis.comparison import Comparison
from analysis.predicted_fvc import derived_patients
from analysis.settings import REASONS, PatientExclusion, PointDecision
from analysis.slopes import months_from_day0
from data.endpoints import ENDPOINTS
from data.trial import USABLE, Trial
from report.numbers import signed
from ui import state
from ui.text import inert

_WHOLE: Final = -1


def decide(trial: Trial, comparison: Comparison, patient: int) -> None:
    """Draw the decisions about one patient: those taken, and a form for a new one."""
    _taken(trial, patient)
    with st.popover("Leave out or keep", icon=":material/rule:"):
        _form(trial, comparison, patient)


def decide_value(trial: Trial, patient: int) -> None:
    """Draw what can be decided about the value that was chosen in the figure or in the table.

    Nothing is drawn where none is chosen, or where the chosen one is not of this patient.
    """
    at = state.view().value
    frame = trial.measurements_frame
    if at is None or not 0 <= at < len(frame):
        return
    row = frame.loc[at].to_dict()
    if row["patient"] != trial.patient_ids[patient] or not np.isfinite(row["day"]):
        return
    named = f"{_value_words(trial, patient, at)} (row {row['row']})"
    with st.container(border=True):
        taken = _decision_about(trial, at)
        if taken is not None:
            verb = "kept" if taken.keep else "left out"
            st.markdown(f"{inert(named)} is {verb}: {inert(taken.reason)}.")
            label = "Set aside again" if taken.keep else "Restore"
            rest = tuple(p for p in state.settings().points if p != taken)
            _answer(label, lambda: _settle(points=rest))
        elif row["status"] != USABLE and not ENDPOINTS[row["endpoint"]].within(row["value"]):
            st.markdown(f"{inert(named)} is outside the scale and can only be corrected.")
            _answer()
        else:
            _value_form(trial, at, named, keep=row["status"] != USABLE)


def _value_form(trial: Trial, at: int, named: str, *, keep: bool) -> None:
    verb = "Keep" if keep else "Leave out"
    st.markdown(f"**{verb} {inert(named)}**")
    with (
        st.form(f"w.value-{at}", border=False),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        reason = st.selectbox("Reason", REASONS, index=None, placeholder="A reason is needed")
        note = st.text_input("Note", max_chars=300, help="Stays in this session.")
        done = st.form_submit_button(verb, type="primary")
        dropped = st.form_submit_button("Cancel")
    if dropped:
        _settle()
        st.rerun()
    if done and reason is None:
        st.warning("Choose a reason.", icon=":material/info:")
    elif done and reason is not None:
        point = _point(trial, at, reason, note)
        _settle(points=(*_others(point), point))
        st.rerun()


def _answer(label: str = "", act: Callable[[], None] | None = None) -> None:
    with st.container(horizontal=True):
        if act is not None:
            st.button(label, type="primary", on_click=act, key="w.value-undo")
        st.button("Close", on_click=_settle, key="w.value-close")


def _settle(**changes: tuple[object, ...]) -> None:
    """Change the settings, and choose no value any more."""
    if changes:
        state.change_settings(**changes)
    state.change_view(value=None)


def _decision_about(trial: Trial, at: int) -> PointDecision | None:
    """Return the decision that was taken about a row of the measurements."""
    asked = _point(trial, at, "", "")
    return next((p for p in state.settings().points if _same(p, asked)), None)


def _form(trial: Trial, comparison: Comparison, patient: int) -> None:
    words = _choices(trial, comparison, patient)
    with st.form(f"w.decide-{patient}", border=False):
        what = st.selectbox("What", list(words), format_func=words.__getitem__)
        reason = st.selectbox("Reason", REASONS, index=None, placeholder="A reason is needed")
        note = st.text_input("Note", max_chars=300, help="Stays in this session.")
        if not st.form_submit_button("Apply", type="primary"):
            return
    if reason is None:
        st.warning("Choose a reason.", icon=":material/info:")
        return
    if what == _WHOLE:
        exclusion = PatientExclusion(trial.patient_ids[patient], reason, note)
        kept = [e for e in state.settings().excluded_patients if e.patient != exclusion.patient]
        state.change_settings(excluded_patients=(*kept, exclusion))
    else:
        point = _point(trial, what, reason, note)
        state.change_settings(points=(*_others(point), point))
    st.rerun()


def _choices(trial: Trial, comparison: Comparison, patient: int) -> dict[int, str]:
    """Return what can be decided about: rows of the measurements, or the whole patient."""
    frame = trial.measurements_frame
    shown = {e.endpoint.key for e in comparison.endpoints}
    mine = frame[(frame["patient"] == trial.patient_ids[patient]) & frame["day"].notna()]
    words = {_WHOLE: "Leave out the whole patient"}
    if derived_patients(trial, comparison.settings)[patient]:
        # A decision about a derived value is one about its litres.
        shown.add("fvc_litres")
    mine = mine[mine["endpoint"].isin(shown)]
    columns = (mine.index, mine["endpoint"], mine["status"], mine["value"])
    for at, key, status, value in zip(*(c.tolist() for c in columns), strict=True):
        scale = ENDPOINTS[key]
        if status != USABLE and not scale.within(value):
            continue
        verb = "Leave out" if status == USABLE else "Keep"
        words[int(at)] = f"{verb}: {_value_words(trial, patient, int(at))}"
    return words


def _value_words(trial: Trial, patient: int, at: int) -> str:
    """Return a value with its month, such as "ALSFRS-R 27 points at +7.6 months"."""
    row = trial.measurements_frame.loc[at].to_dict()
    value, endpoint = float(row["value"]), ENDPOINTS[row["endpoint"]]
    score = f"{value:g}"
    month = signed(_month(trial, patient, float(row["day"])), 1)
    return f"{endpoint.label} {score} {endpoint.unit} at {month} months"


def _month(trial: Trial, patient: int, day: float) -> float:
    return float(months_from_day0(trial, state.settings(), patient, np.asarray(day)))


def _point(trial: Trial, at: int, reason: str, note: str) -> PointDecision:
    row = trial.measurements_frame.loc[at].to_dict()
    return PointDecision(
        patient=str(row["patient"]),
        endpoint=str(row["endpoint"]),
        day=float(row["day"]),
        value=float(row["value"]),
        keep=row["status"] != USABLE,
        reason=reason,
        note=note,
    )


def _others(point: PointDecision) -> list[PointDecision]:
    """Return the decisions that stay: of the values of one day at most one is kept."""
    return [
        p
        for p in state.settings().points
        if not _same(p, point) and not (p.keep and point.keep and _same_visit(p, point))
    ]


def _same(one: PointDecision, other: PointDecision) -> bool:
    return _same_visit(one, other) and one.value == other.value


def _same_visit(one: PointDecision, other: PointDecision) -> bool:
    named = (one.patient, one.endpoint) == (other.patient, other.endpoint)
    return named and bool(np.isclose(one.day, other.day))


def _taken(trial: Trial, patient: int) -> None:
    name = trial.patient_ids[patient]
    settings = state.settings()
    for k, exclusion in enumerate(settings.excluded_patients):
        if exclusion.patient == name:
            rest = (*settings.excluded_patients[:k], *settings.excluded_patients[k + 1 :])
            words = f"The whole patient is left out: {inert(exclusion.reason)}."
            _line(words, f"w.back-patient-{k}", excluded_patients=rest)
    for k, point in enumerate(settings.points):
        if point.patient == name:
            rest_points = (*settings.points[:k], *settings.points[k + 1 :])
            verb = "kept" if point.keep else "left out"
            month = signed(_month(trial, patient, point.day), 1)
            label = ENDPOINTS[point.endpoint].label
            words = f"{label} {point.value:g} at {month} months is {verb}: {inert(point.reason)}."
            _line(words, f"w.back-point-{k}", points=rest_points)


def _line(words: str, key: str, **undone: tuple[object, ...]) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(words, width="content")
        st.button(
            "Take back",
            type="tertiary",
            key=key,
            on_click=lambda: state.change_settings(**undone),
        )
