"""Whose course bent most: everybody's change of slope, sorted, with its interval."""

from __future__ import annotations

import streamlit as st

from analysis.comparison import Comparison, EndpointComparison
from data.trial import Trial
from report import tables, words
from report.charts.caterpillar import caterpillar_figure, pages_of
from report.charts.change_rows import ranked_changes
from report.charts.rows import MOST_ROWS
from report.charts.waterfall import waterfall_alt
from report.frames import frame_for
from report.patient_tables import most_changed, page_of
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
    selected = state.view().patient
    on_page = page_of(ranked_changes(result).tolist(), page, MOST_ROWS)
    return Chart(
        name=f"caterpillar-{result.endpoint.key}",
        build=lambda look, names: caterpillar_figure(
            comparison, result, names, look, selected, page
        ),
        depends=(comparison.settings.key, selected, page),
        frame=frame_for(
            f"{result.endpoint.label}: change of slope, patient by patient",
            words.figure_legend(comparison, result),
            comparison,
            trial,
        ),
        alt=waterfall_alt(result, comparison.settings.confidence),
        numbers=lambda names: tables.per_patient(comparison, result, names, on_page),
        saves=result.n > 0,
    )
