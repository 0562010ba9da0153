"""The difference of the change of slope between groups of patients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import streamlit as st

from analysis.comparison import Comparison, EndpointComparison
from analysis.details import group_model
from analysis.group_values import GroupComparison
from analysis.grouping import Grouping, grouping_of
from analysis.settings import GroupBy
from data.trial import Trial
from report import detail_tables, group_words
from report.exhibits.slopes import groups_chart
from ui import state
from ui.cache import once
from ui.figures import show_figure
from ui.setting_widgets import choice
from ui.tables import show_small_table
from ui.text import inert
from ui.untreated_results import untreated_said

_GROUPINGS: Final[dict[GroupBy, str]] = {
    "none": "no groups",
    "group": "arm or dose",
    "sex": "sex",
    "onset_site": "site of onset",
}


def grouping(trial: Trial, comparison: Comparison) -> Grouping:
    """Return the groups that the settings ask for."""
    by = comparison.settings.group_by
    return once(("grouping", trial.instance, by), lambda: grouping_of(trial, by))


def groups_tab(trial: Trial, comparison: Comparison, results: Sequence[EndpointComparison]) -> None:
    """Draw the choice of groups, and what they differ in."""
    present = {
        by: said
        for by, said in _GROUPINGS.items()
        if by == "none" or len(grouping_of(trial, by).labels) > 1
    }
    if len(present) == 1:
        st.info(
            "No groups: the file names no arm, dose, sex or site of onset that differs between "
            "patients.",
            icon=":material/info:",
        )
        return
    choice("group_by", "Groups", present, st.selectbox)
    for result in results:
        if result.groups is not None:
            _one_endpoint(trial, comparison, result, result.groups)


def _one_endpoint(
    trial: Trial, comparison: Comparison, result: EndpointComparison, found: GroupComparison
) -> None:
    key = result.endpoint.key
    st.markdown(f"##### {result.endpoint.label}\n{inert(group_words.sentence(result, found))}")
    if found.difference is not None and result.against_control is None:
        position = groups_figure_of(trial, comparison, result)
        if position is not None:
            state.open_patient(position)
    said = untreated_said(trial, comparison, key)
    show_small_table(detail_tables.groups(found), f"groups-{key}", trial, untreated=said)
    for note in group_words.notes(found):
        st.caption(inert(note))
    if found.difference is None:
        return
    tests = detail_tables.group_tests(found, group_words.direction(result))
    show_small_table(tests, f"group-tests-{key}", trial, untreated=said)
    model = once(
        ("interaction", trial.instance, comparison.settings.key, key),
        lambda: group_model(trial, result, comparison.settings),
    )
    if model is not None:
        st.caption(inert(group_words.model_sentence(result, model)))


def groups_figure_of(
    trial: Trial, comparison: Comparison, result: EndpointComparison
) -> int | None:
    """Draw the changes of two groups with their difference.

    Returns
    -------
    int or None
        Position of the patient who was clicked.
    """
    said = untreated_said(trial, comparison, result.endpoint.key)
    groups = grouping(trial, comparison)
    chart = groups_chart(trial, comparison, result, groups, said, state.view().patient)
    return show_figure(chart, trial)
