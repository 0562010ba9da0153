"""How stages moved in the whole trial: matrix, counts, and what cannot be staged."""

from __future__ import annotations

import streamlit as st

from analysis.comparison import Comparison
from analysis.inclusion import with_day0
from analysis.stage_four import StageFour, stage_four
from analysis.stage_scales import cannot_be_staged, delta_fs_at_day0
from analysis.stage_transitions import SYSTEMS, System, Transitions, transitions_of
from data.trial import Trial
from report import stage_words
from report.exhibits.patients import stages_chart
from report.tables import export_names
from ui.cache import once
from ui.figures import show_figure
from ui.tables import show_small_table, show_table
from ui.text import inert


def stage_section(trial: Trial, comparison: Comparison) -> None:
    """Draw the stage transitions of each system that the trial can be staged by."""
    st.markdown("##### Stages: from day 0 to the last visit")
    found = {
        system: transitions
        for system in SYSTEMS
        if (transitions := _transitions(trial, comparison, system)) is not None
    }
    gap = once(("cannot-be-staged", trial.instance), lambda: cannot_be_staged(trial))
    if not found:
        st.info(
            gap or "No ALSFRS-R item or domain score, so no visit can be staged.",
            icon=":material/info:",
        )
        _delta_fs(trial, comparison)
        return
    fourth = once(
        ("stage-four", trial.instance, comparison.settings.key),
        lambda: stage_four(trial, comparison.settings),
    )
    if fourth is not None:
        st.markdown(inert(stage_words.stage_four_sentence(fourth, trial.patient_ids)))
    grid = st.grid(2, min_column_width=420)
    for transitions in found.values():
        with grid.cell():
            show_figure(stages_chart(trial, comparison, transitions), trial)
            st.caption(inert(stage_words.sentence(transitions)))
            for note in stage_words.notes(transitions):
                st.caption(inert(note))
    with st.expander("Who reached which stage, and moves from visit to visit"):
        if fourth is not None and len(fourth.patient):
            _stage_four_table(trial, fourth)
        for system, transitions in found.items():
            st.markdown(f"**{SYSTEMS[system]}**")
            name = f"reached-{system}"
            show_small_table(stage_words.reached_table(transitions), name, trial)
            name = f"moves-{system}"
            show_small_table(stage_words.moves_table(transitions), name, trial)
        st.caption(
            "Of those below a stage at day 0 with a later stage or a recorded death. Times under "
            "observation before and after day 0 differ, so the numbers of moves do not compare."
        )
    if gap:
        st.caption(inert(gap))
    _delta_fs(trial, comparison)


def _stage_four_table(trial: Trial, found: StageFour) -> None:
    st.markdown("**King’s stage 4, patient by patient**")
    table = stage_words.stage_four_table(found, trial.patient_ids)
    show_table(
        table,
        "stage-four",
        trial,
        columns=dict.fromkeys(table.columns[2:], st.column_config.NumberColumn(format="%.1f")),
        export=stage_words.stage_four_table(found, export_names(trial)),
    )


def _transitions(trial: Trial, comparison: Comparison, system: System) -> Transitions | None:
    settings = comparison.settings
    return once(
        ("transitions", trial.instance, settings.key, system),
        lambda: transitions_of(trial, settings, system),
    )


def _delta_fs(trial: Trial, comparison: Comparison) -> None:
    settings = comparison.settings
    included = with_day0(trial, settings).included
    found = once(
        ("delta-fs", trial.instance, settings.key), lambda: delta_fs_at_day0(trial, settings)
    )
    text = stage_words.delta_fs_sentence(found.among(included), int(included.sum()))
    if text:
        st.caption(inert(text))
