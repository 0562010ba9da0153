"""The choice of a patient, and the cards of numbers beside the patient's figure."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import streamlit as st

from analysis.comparison import Comparison, EndpointComparison
from analysis.slopes import months_from_day0
from data.trial import DAYS_PER_MONTH, Trial
from report.numbers import count, interval_text, plain, signed
from ui import state
from ui.text import inert

_CHOICE: Final = "w.patient"
_ZOOM: Final = "w.zoom"


def choose_patient() -> tuple[int, bool]:
    """Draw previous, choice, next, who it is, and the zoom switch.

    Returns
    -------
    tuple
        Position of the chosen patient, and whether value axes fit the data.
    """
    trial = state.trial()
    last = len(trial.patient_ids) - 1
    current = min(state.view().patient or 0, last)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Previous",
            on_click=_step,
            args=(-1,),
            disabled=current == 0,
            help="Previous patient (left arrow key)",
            shortcut="Left",
            key="w.previous",
        )
        st.session_state[_CHOICE] = current
        st.selectbox(
            "Patient",
            range(last + 1),
            format_func=trial.patient_ids.__getitem__,
            key=_CHOICE,
            on_change=lambda: state.change_view(patient=st.session_state[_CHOICE]),
            label_visibility="collapsed",
            width=180,
        )
        st.button(
            "Next",
            on_click=_step,
            args=(1,),
            disabled=current == last,
            help="Next patient (right arrow key)",
            shortcut="Right",
            key="w.next",
        )
        st.markdown(f"{current + 1} of {last + 1}{_who(trial, current)}", width="stretch")
        st.session_state[_ZOOM] = state.view().zoom
        st.toggle(
            "Zoom",
            key=_ZOOM,
            on_change=lambda: state.change_view(zoom=st.session_state[_ZOOM]),
            help="Fit the value axes to this patient instead of showing the whole scale.",
        )
    return current, state.view().zoom


def _step(by: int) -> None:
    last = len(state.trial().patient_ids) - 1
    state.change_view(patient=max(0, min(last, (state.view().patient or 0) + by)))


def _who(trial: Trial, patient: int) -> str:
    row = trial.patients.iloc[patient]
    sexes = {"f": "woman", "m": "man", "female": "woman", "male": "man"}
    parts = [sexes.get(str(row["sex"]).casefold(), inert(str(row["sex"])))]
    parts.append(f"{row['age']:.0f} years" if np.isfinite(row["age"]) else "")
    parts.append(f"{inert(str(row['onset_site']))} onset" if row["onset_site"] else "")
    if np.isfinite(row["onset_day"]):
        months = -row["onset_day"] / DAYS_PER_MONTH
        parts.append(f"{months:.0f} months from onset to transplant")
    return "".join(f" · {part}" for part in parts if part)


def patient_cards(
    trial: Trial,
    comparison: Comparison,
    results: tuple[EndpointComparison, ...],
    patient: int,
) -> None:
    """Draw the change of each endpoint, the last visit, and what must be known about it."""
    if not trial.patients_frame["transplant_days"].iloc[patient]:
        st.warning(
            "No transplant date is known: the course is shown from the first visit and is not "
            "compared.",
            icon=":material/event_busy:",
        )
    level = comparison.settings.confidence
    for result in results:
        with st.container(border=True):
            change = float(result.change[patient])
            label, interval = result.endpoint.label, result.change_interval(patient, level)
            if math.isfinite(change):
                st.markdown(
                    f"**{label}** change  \n**{signed(change)}** {result.unit}  \n"
                    f"{interval_text(interval)}",
                    help=_interval_help(result),
                )
            else:
                st.markdown(
                    f"**{label}**: not compared  \n{inert(_why_not(result, patient, trial))}"
                )
    _last_visit(results, patient)
    if _opposite(results, patient, level):
        st.warning("The two endpoints disagree for this patient.", icon=":material/info:")
    _events(trial, patient)


def _interval_help(result: EndpointComparison) -> str:
    """Return where the interval of one patient's change comes from."""
    slopes = result.slopes
    if not slopes.residual_df:
        return "This way of estimating slopes has no standard error for one patient."
    onset = " It holds the error of the slope after only." if slopes.run_in_used == "onset" else ""
    return (
        f"From the residual SD pooled over all patients ({plain(slopes.residual_sd)} "
        f"{result.endpoint.unit}, {slopes.residual_df} degrees of freedom).{onset}"
    )


def _why_not(result: EndpointComparison, patient: int, trial: Trial) -> str:
    name = trial.patient_ids[patient]
    return next((why for step in result.flow for p, why in step.left if p == name), "")


def _last_visit(results: tuple[EndpointComparison, ...], patient: int) -> None:
    lines, months = [], []
    for result in results:
        points = result.slopes.points
        mine = np.flatnonzero((points.patient == patient) & np.isfinite(points.month))
        if mine.size:
            k = mine[np.argmax(points.month[mine])]
            unit = "of 48" if result.endpoint.key == "alsfrs_r" else result.endpoint.unit
            value = plain(float(points.value[k]), result.endpoint.decimals)
            lines.append(f"{result.endpoint.label} {value} {unit}")
            months.append(f"{signed(float(points.month[k]), 1)} months")
    if not lines:
        return
    title = "**Last visit**"
    if len(set(months)) == 1:
        title += f", {months[0]}"
    else:
        lines = [f"{line}, {month}" for line, month in zip(lines, months, strict=True)]
    with st.container(border=True):
        st.markdown("  \n".join([title, *lines]))


def _opposite(results: tuple[EndpointComparison, ...], patient: int, level: float) -> bool:
    intervals = [result.change_interval(patient, level) for result in results]
    signs = {i.low > 0 for i in intervals if i is not None and i.excludes_zero}
    return len(signs) > 1


def _events(trial: Trial, patient: int) -> None:
    events = trial.events
    mine = events[events["patient"] == trial.patient_ids[patient]]
    days = mine["day"].to_numpy(dtype=np.float64)
    months = months_from_day0(trial, state.settings(), patient, days)
    words = [
        f"{inert(text)} {signed(float(month), 1)} months"
        for text, month in zip(mine["text"], months, strict=True)
    ]
    transplants = trial.patients_frame["transplant_days"].iloc[patient]
    if len(transplants) > 1:
        words.insert(0, count(len(transplants), "transplant"))
    if words:
        st.caption("Events: " + ", ".join(words))
