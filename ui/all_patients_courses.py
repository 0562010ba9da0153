"""Everybody's courses around day 0: together, and one panel each."""

from __future__ import annotations

from typing import Final

import streamlit as st

from analysis.cohort import last_values
from analysis.comparison import Comparison, EndpointComparison
from analysis.filters import passing
from data.trial import IntArray, Trial
from report import tables, words
from report.charts.multiples import PER_PAGE, multiples_figure, sorted_patients
from report.exhibits.patients import courses_chart
from report.frames import frame_for
from report.patient_tables import low_values
from ui import state
from ui.all_patients_parts import overview_of, seen_of, turn_pages
from ui.figures import Chart, show_figure
from ui.text import inert

_ORDERS: Final = {
    "change": "change, largest first",
    "before": "run-in, fastest first",
    "name": "name",
}
_ORDER: Final = "w.order"
_UNTIL: Final = {
    "niv": "non-invasive ventilation or tracheostomy",
    "tracheostomy": "tracheostomy",
}
Results = tuple[EndpointComparison, ...]


def courses_tab(trial: Trial, comparison: Comparison, results: Results) -> list[int | None]:
    """Draw all courses of each endpoint; return the clicked patients."""
    st.caption(words.COURSES_LEGEND)
    clicks = []
    for result in results:
        clicks.append(show_figure(_courses_chart(trial, comparison, result), trial))
        if result.endpoint.key == "fvc":
            st.caption(low_fvc_sentence(trial, comparison, result))
    return clicks


def low_fvc_sentence(trial: Trial, comparison: Comparison, result: EndpointComparison) -> str:
    """Return whose last FVC is below 50 %, safe for markdown."""
    names = tuple(inert(name) for name in trial.patient_ids)
    until = comparison.settings.fvc_until
    counted = "" if until == "all" else f" (values after {_UNTIL[until]} do not count)"
    return low_values(last_values(result.slopes.points), names, counted)


def multiples_tab(trial: Trial, comparison: Comparison, results: Results) -> list[int | None]:
    """Draw every patient in a panel of their own; return the clicked patients."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        state.recall(_ORDER)
        order = st.selectbox(
            "Every patient, sorted by",
            list(_ORDERS),
            format_func=_ORDERS.__getitem__,
            key=_ORDER,
            width=260,
        )
        state.remember(_ORDER)
        passes = passing(trial, comparison.settings)
        page = turn_pages(max(1, -(-int(passes.sum()) // PER_PAGE)), "w.page")
    clicks = []
    for result in results:
        st.caption(words.multiples_legend(result))
        ranked = sorted_patients(comparison, result, order)
        ranked = ranked[passes[ranked]]
        on_page = ranked[(page - 1) * PER_PAGE : page * PER_PAGE]
        chart = _multiples_chart(trial, comparison, result, order, on_page)
        clicks.append(show_figure(chart, trial))
    return clicks


def _courses_chart(trial: Trial, comparison: Comparison, result: EndpointComparison) -> Chart:
    whole, seen = overview_of(trial, comparison, result), seen_of(trial, comparison)
    return courses_chart(trial, comparison, result, whole, seen, state.view().patient)


def _multiples_chart(
    trial: Trial,
    comparison: Comparison,
    result: EndpointComparison,
    order: str,
    on_page: IntArray,
) -> Chart:
    selected = state.view().patient
    return Chart(
        name=f"multiples-{result.endpoint.key}",
        build=lambda look, names: multiples_figure(
            trial, comparison, result, on_page, names, look, selected
        ),
        depends=(comparison.settings.key, on_page.tolist(), selected),
        frame=frame_for(
            f"{result.endpoint.label}: every patient, sorted by {_ORDERS[order]}",
            words.multiples_legend(result),
            comparison,
            trial,
            endpoint=result.endpoint.key,
        ),
        alt=words.courses_alt(result),
        numbers=lambda names: tables.per_patient(comparison, result, names, on_page.tolist()),
    )
