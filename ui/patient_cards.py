"""The cards of numbers beside one patient's figure, and the run-in read at a month of choice."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import pandas as pd
import streamlit as st

from analysis.comparison import Comparison, EndpointComparison
from data.trial import Trial
from report import patient_card as cards
from report import patient_words as words
from report.numbers import DASH, plain
from report.tables import export_names
from ui import state
from ui.cache import once
from ui.tables import show_small_table
from ui.text import inert
from ui.view import FARTHEST_MONTH

_MONTH: Final = "w.month"
_USUAL_MONTH: Final = 6


def endpoint_card(
    trial: Trial, comparison: Comparison, result: EndpointComparison, patient: int
) -> None:
    """Draw the card of one endpoint: whether the course bent and how sure, then the details."""
    card = cards.endpoint_card(trial, comparison, result, patient)
    (_, first), *details = card.lines
    with st.container(border=True):
        st.markdown(
            f"**{inert(card.heading)}**  \n{inert(first)}\n\n{_as_lines(details)}",
            help=_interval_help(result),
        )


def status_card(
    trial: Trial,
    comparison: Comparison,
    results: tuple[EndpointComparison, ...],
    patient: int,
) -> None:
    """Draw last values, stages, ΔFS, events, and whether the endpoints disagree."""
    if words.disagree(results, patient, comparison.settings.confidence):
        st.warning("The two endpoints disagree for this patient.", icon=":material/info:")
    known = known_of_all(trial, comparison)
    with st.container(border=True):
        st.markdown("**Last visit**")
        lines = cards.status_lines(trial, results, patient, known)
        events = cards.event_words(known.events, patient)
        if events:
            lines.append(("Events, months from day 0", ", ".join(events)))
        st.markdown(_as_lines(lines) or "No usable value.")


def known_of_all(trial: Trial, comparison: Comparison) -> cards.Background:
    """Return stages, ΔFS and events of everybody, computed once for these settings."""
    key = ("background", trial.instance, comparison.settings.key)
    return once(key, lambda: cards.background(trial, comparison.settings))


def _as_lines(lines: Iterable[tuple[str, str]]) -> str:
    return "  \n".join(
        f":small[:gray[{inert(label)}] {inert(text)}]" if label else f":small[{inert(text)}]"
        for label, text in lines
    )


def _interval_help(result: EndpointComparison) -> str:
    """Return where the intervals of one patient come from."""
    slopes = result.slopes
    if not slopes.residual_df:
        return "This way of estimating slopes has no standard error for one patient."
    onset = " It holds the error of the slope after only." if slopes.run_in_used == "onset" else ""
    return (
        f"Intervals rest on the residual SD pooled over all patients ({plain(slopes.residual_sd)} "
        f"{result.endpoint.unit}, {slopes.residual_df} degrees of freedom).{onset}"
    )


def run_in_ahead(
    comparison: Comparison, results: tuple[EndpointComparison, ...], patient: int
) -> None:
    """Draw the choice of a month, and what the run-in says for it of every endpoint."""
    latest = max((_last_month(result) for result in results), default=_USUAL_MONTH)
    most = min(FARTHEST_MONTH, max(24, latest))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("**Had the run-in gone on:** at month", width="content")
        st.session_state[_MONTH] = min(state.view().month or _USUAL_MONTH, most)
        st.number_input(
            "Month after the transplant",
            1,
            most,
            step=1,
            key=_MONTH,
            on_change=lambda: state.change_view(month=st.session_state[_MONTH]),
            label_visibility="collapsed",
            width=120,
        )
    month = int(st.session_state[_MONTH])
    level = comparison.settings.confidence
    for result in results:
        lines = cards.ahead_lines(result, patient, month, level)
        (label, text), *more = lines
        st.markdown(
            f"{inert(label)} → **{inert(text)}**"
            + "".join(f"  \n:small[:gray[{inert(a)}: {inert(b)}]]" for a, b in more)
        )


def _last_month(result: EndpointComparison) -> int:
    months = result.slopes.points.month
    return int(months[result.slopes.points.after].max(initial=0.0)) + 1


def both_patients(
    trial: Trial,
    comparison: Comparison,
    results: tuple[EndpointComparison, ...],
    patients: tuple[int, int],
) -> None:
    """Draw the numbers of the chosen and of the pinned patient side by side."""
    level = comparison.settings.confidence
    rows = []
    for result in results:
        for name in ("before", "after", "change"):
            cells = [_cell(result, name, p, level) for p in patients]
            rows.append([f"{result.endpoint.label} {name}, {result.unit}", *cells])
        label, _ = cards.last_values(result, patients[0])
        rows.append([label, *(cards.last_values(result, p)[1] or DASH for p in patients)])
    columns = ["", *(inert(trial.patient_ids[p]) for p in patients)]
    st.markdown("##### Compared with the pinned patient")
    table = pd.DataFrame(rows, columns=columns)
    show_small_table(table, "two-patients", trial, export=_for_export(table, trial, patients))


def _cell(result: EndpointComparison, name: str, patient: int, level: float) -> str:
    if name == "change":
        return words.short_change(result, patient, level)
    return words.slope_words(result, name, patient, level)


def _for_export(table: pd.DataFrame, trial: Trial, patients: tuple[int, int]) -> pd.DataFrame:
    names = export_names(trial)
    return table.set_axis(["number", *(names[p] for p in patients)], axis=1)
