"""The answer of the Slopes page: one card and one figure an endpoint."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import streamlit as st

from analysis.comparison import Comparison, EndpointComparison
from data.trial import Trial
from report import tables, words
from report.exhibits.chart import Spot
from report.exhibits.slopes import paired_chart
from ui import state
from ui.basket import add_button
from ui.figures import show_figure
from ui.groups_tab import groups_figure_of
from ui.models import model_of
from ui.tables import show_small_table, show_table
from ui.text import inert
from ui.untreated_results import untreated_said

_COLUMN_WORDS: Final = {
    f"{of}_ci_{end}": f"{of}, CI {end}"
    for of in ("before", "after", "change")
    for end in ("low", "high")
} | {"before_months": "months before", "after_months": "months after"}
_TOO_MANY: Final = "Untreated: not simulated here, that takes longer; open the page Untreated."


def answer(trial: Trial, comparison: Comparison, result: EndpointComparison) -> int | None:
    """Draw the headline of one endpoint and its paired figure.

    Returns
    -------
    int or None
        Position of the patient who was clicked.
    """
    with st.container(border=True):
        st.markdown(
            f"### {words.heading(result)}\n{words.numbers_line(result)}  \n"
            f":gray[{words.means_line(result)}]"
        )
        beside = words.supporting_line(result, model_of(trial, comparison, result))
        if beside:
            st.caption(beside)
        missing = words.missing_line(result)
        if missing:
            st.caption(inert(missing))
        untreated = untreated_said(trial, comparison, result.endpoint.key)
        st.caption(inert(untreated or _TOO_MANY))
    if result.against_control is not None:
        return groups_figure_of(trial, comparison, result)
    chart = paired_chart(trial, comparison, result, untreated, state.view().patient)
    return show_figure(chart, trial)


def before_quoting(found: tuple[str, ...]) -> None:
    """Draw the caveats that these data call for, as one list."""
    if found:
        with st.container(border=True):
            st.markdown("**Before quoting this**\n" + "\n".join(f"- {inert(t)}" for t in found))


def people_tab(trial: Trial, comparison: Comparison, results: Sequence[EndpointComparison]) -> None:
    """Draw every patient's numbers, and who is in the comparison and who is not."""
    for result in results:
        patients_table(trial, comparison, result)
    st.markdown("##### Who is in it")
    for result in results:
        st.markdown(f"**{result.endpoint.label}**")
        show_small_table(
            tables.flow(comparison, result, trial.patient_ids),
            f"flow-{result.endpoint.key}",
            trial,
            export=tables.flow(comparison, result, tables.export_names(trial)),
        )


def patients_table(trial: Trial, comparison: Comparison, result: EndpointComparison) -> None:
    """Draw every patient's slopes, change, visits, and the reason of who is not in the test."""
    st.markdown(f"##### {result.endpoint.label}, {result.unit}")
    show_table(
        tables.per_patient(comparison, result, trial.patient_ids).drop(
            columns=["endpoint", "unit"]
        ),
        f"patients-{result.endpoint.key}",
        trial,
        columns={
            name: st.column_config.NumberColumn(_COLUMN_WORDS.get(name, name), format="%.2f")
            for name in tables.RATE_COLUMNS
        }
        | {"in_the_test": "in the test", "before_visits": "visits before"}
        | {"after_visits": "visits after"},
        export=tables.per_patient(comparison, result, tables.export_names(trial)),
        untreated=untreated_said(trial, comparison, result.endpoint.key),
    )
    add_button(Spot("per-patient", result.endpoint.key))
