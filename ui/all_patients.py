"""The Patients page for everybody: courses around day 0 and small multiples."""

from __future__ import annotations

from typing import Final

import streamlit as st

from analysis.comparison import Comparison, EndpointComparison
from data.trial import Trial
from report import tables, words
from report.charts.multiples import PER_PAGE, multiples_figure, sorted_patients
from report.charts.spaghetti import spaghetti_figure
from report.frames import frame_for
from ui import state
from ui.figures import Chart, show_figure

_ORDERS: Final = {
    "change": "change, largest first",
    "before": "run-in, fastest first",
    "name": "name",
}


def all_patients(
    trial: Trial, comparison: Comparison, results: tuple[EndpointComparison, ...]
) -> None:
    """Draw all courses of each endpoint, then every patient in a panel of their own."""
    clicks = [show_figure(_courses_chart(trial, comparison, result), trial) for result in results]
    order, page = _choose_order(len(trial.patient_ids))
    for result in results:
        st.caption(words.multiples_legend(result))
        chart = _multiples_chart(trial, comparison, result, order, page)
        clicks.append(show_figure(chart, trial))
    for position in clicks:
        if position is not None:
            state.open_patient(position)


def _choose_order(patients: int) -> tuple[str, int]:
    last = (patients - 1) // PER_PAGE + 1
    with st.container(horizontal=True, vertical_alignment="bottom"):
        order = st.selectbox(
            "Every patient, sorted by",
            list(_ORDERS),
            format_func=_ORDERS.__getitem__,
            key="w.order",
            width=260,
        )
        if last == 1:
            return order, 1
        page = st.number_input(f"Page, of {last}", 1, last, key="w.page", width=140)
    return order, int(page)


def _courses_chart(trial: Trial, comparison: Comparison, result: EndpointComparison) -> Chart:
    selected = state.view().patient
    return Chart(
        name=f"courses-{result.endpoint.key}",
        build=lambda look, names: spaghetti_figure(result, names, look, selected),
        depends=(comparison.settings.key, selected),
        frame=frame_for(
            f"{result.endpoint.label} around the transplant",
            words.COURSES_LEGEND,
            comparison,
            trial,
        ),
        alt=words.courses_alt(result),
        numbers=lambda names: tables.course_numbers(
            trial, comparison, list(range(len(names))), names
        ),
    )


def _multiples_chart(
    trial: Trial, comparison: Comparison, result: EndpointComparison, order: str, page: int
) -> Chart:
    ranked = sorted_patients(comparison, result, order)
    on_page = ranked[(page - 1) * PER_PAGE : page * PER_PAGE]
    selected = state.view().patient
    return Chart(
        name=f"multiples-{result.endpoint.key}",
        build=lambda look, names: multiples_figure(
            trial, comparison, result, on_page, names, look, selected
        ),
        depends=(comparison.settings.key, order, page, selected),
        frame=frame_for(
            f"{result.endpoint.label}: every patient, sorted by {_ORDERS[order]}",
            words.multiples_legend(result),
            comparison,
            trial,
        ),
        alt=words.courses_alt(result),
        numbers=lambda names: tables.per_patient(comparison, result, names),
    )
