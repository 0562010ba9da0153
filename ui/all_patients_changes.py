"""Whose course bent most: everybody's change of slope, sorted, with its interval."""

from __future__ import annotations

import streamlit as st

from analysis.comparison import Comparison, EndpointComparison
from data.trial import Trial
from report import words
from report.charts.caterpillar import pages_of
from report.exhibits.patients import caterpillar_chart
from report.patient_tables import most_changed
from ui import state
from ui.all_patients_parts import turn_pages
from ui.figures import Chart, show_figure
from ui.text import inert

Results = tuple[EndpointComparison, ...]


def changes_tab(trial: Trial, comparison: Comparison, results: Results) -> list[int | None]:
    """Draw everybody's change of each endpoint; return the clicked patients."""
    names = tuple(inert(name) for name in trial.patient_ids)
    level = comparison.settings.confidence
    clicks = []
    for result in results:
        st.markdown(most_changed(result, names, level))
        missing = words.missing_line(result)
        if missing:
            st.caption(inert(missing))
        page = turn_pages(pages_of(result), f"w.rows.{result.endpoint.key}")
        clicks.append(show_figure(_chart(trial, comparison, result, page), trial))
    return clicks


def _chart(trial: Trial, comparison: Comparison, result: EndpointComparison, page: int) -> Chart:
    return caterpillar_chart(trial, comparison, result, page, state.view().patient)
