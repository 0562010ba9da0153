"""Every declared analysis at once: the specification curve of each endpoint, and what it says."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

import streamlit as st

from analysis.comparison import Comparison, EndpointComparison
from analysis.settings import Settings
from analysis.specification import SpecificationCurve, specification_curves
from analysis.specification_choices import (
    MOST,
    Choice,
    chosen_choices,
    combinations,
    declared_choices,
)
from analysis.specification_untreated import UntreatedCurve, untreated_curves
from data.trial import Trial
from report import specification_tables as tables
from report import specification_words as words
from report.exhibits.what_if import curve_chart
from ui.figures import show_figure
from ui.tables import show_small_table
from ui.text import inert
from ui.untreated_results import computed, untreated_said
from ui.variant_state import chosen_variant
from ui.what_if_variants import open_as_variant

Results = Sequence[EndpointComparison]

PRESETS: Final = {"small": "Small", "full": "Full", "own": "Own selection"}

_WORK: Final = 400
"""Combinations, and patients, up to which curves are made without a bar."""

_SIMULATED: Final = 1_000
"""Analyses times patients up to which untreated trials are simulated without a bar."""

_RUNNING: Final = ("Running every analysis", "Run")
_SIMULATING: Final = ("Simulating untreated trials for the curve", "Simulate")


def specification_tab(trial: Trial, comparison: Comparison, results: Results) -> None:
    """Draw the specification curve of every shown endpoint.

    Parameters
    ----------
    trial, comparison
        The data and the primary analysis.
    results
        The endpoints that are shown.
    """
    st.caption(words.WHAT_IT_IS)
    choices, name = _chosen(trial, comparison.settings)
    if combinations(choices) > MOST:
        st.info(
            f"{combinations(choices):,} combinations; at most {MOST:,} are run. Take options away "
            f"under “{PRESETS['own']}”.",
            icon=":material/info:",
        )
        return
    top = st.container()
    with top:
        curves = _curves(trial, comparison, results, choices, name)
    if curves is None:
        return
    below = {}
    for note in dict.fromkeys(curve.note for curve in curves.values() if curve.note):
        st.info(inert(f"{note[0].upper()}{note[1:]}."), icon=":material/info:")
    for result in results:
        _figure(trial, comparison, result, curves[result.endpoint.key])
        below[result.endpoint.key] = st.container()
    with top:
        untreated = _untreated(trial, comparison, curves, name)
    for result in results:
        key = result.endpoint.key
        with below[key]:
            _answers(trial, result, curves[key], None if untreated is None else untreated[key])


def _chosen(trial: Trial, settings: Settings) -> tuple[tuple[Choice, ...], str]:
    """Return the choices that are combined, and a name of the selection."""
    preset = st.segmented_control(
        "Choices",
        list(PRESETS),
        format_func=PRESETS.__getitem__,
        default="small",
        key="w.curve-preset",
        label_visibility="collapsed",
    )
    if preset != "own":
        chosen = declared_choices(trial, settings, preset="full" if preset == "full" else "small")
        return chosen, preset or "small"
    every = declared_choices(trial, settings, preset="full")
    small = {one.key: one for one in declared_choices(trial, settings, preset="small")}
    with st.expander("Options of each choice; that of the primary analysis always stays"):
        grid = st.grid(2, min_column_width=360)
        selection = {}
        for choice in every:
            with grid.cell():
                selection[choice.key] = _options(choice, small.get(choice.key))
    chosen = chosen_choices(every, selection)
    taken = [[choice.key, *(option.label for option in choice.options)] for choice in chosen]
    return chosen, f"own-{taken}"


def _options(choice: Choice, usual: Choice | None) -> list[str]:
    """Draw one choice and return the labels of the options beside the primary one."""
    first, *others = (option.label for option in choice.options)
    known = () if usual is None else tuple(option.label for option in usual.options)
    picked: list[str] = st.multiselect(
        f"{choice.label}: {first}, and",
        others,
        default=[label for label in others if label in known],
        key=f"w.curve-{choice.key}",
    )
    return picked


def _curves(
    trial: Trial,
    comparison: Comparison,
    results: Results,
    choices: tuple[Choice, ...],
    name: str,
) -> dict[str, SpecificationCurve] | None:
    keys = [result.endpoint.key for result in results]

    light = max(combinations(choices) * len(keys), len(trial.patient_ids)) <= _WORK
    return computed(
        f"curves-{name}-{'-'.join(keys)}",
        trial,
        comparison,
        partial(specification_curves, trial, comparison, keys, choices),
        times=0 if light else math.inf,
        doing=_RUNNING,
    )


def _untreated(
    trial: Trial, comparison: Comparison, curves: Mapping[str, SpecificationCurve], name: str
) -> dict[str, UntreatedCurve] | None:
    analyses = sum(len(curve.estimate) for curve in curves.values())
    light = analyses * len(trial.patient_ids) <= _SIMULATED
    return computed(
        f"untreated-curves-{name}-{'-'.join(curves)}",
        trial,
        comparison,
        partial(untreated_curves, trial, comparison, curves),
        times=0 if light else math.inf,
        doing=_SIMULATING,
    )


def _figure(
    trial: Trial, comparison: Comparison, result: EndpointComparison, curve: SpecificationCurve
) -> None:
    said = untreated_said(trial, comparison, result.endpoint.key)
    chart = curve_chart(trial, comparison, result, curve, said)
    clicked = show_figure(chart, trial)
    if clicked is not None and 0 <= clicked < len(curve.estimate):
        _open(comparison.settings, curve.changes_of(clicked))


def _open(primary: Settings, taken: Mapping[str, Any]) -> None:
    """Put an analysis of the curve beside the primary one, unless it stands there already."""
    changes = {name: value for name, value in taken.items() if getattr(primary, name) != value}
    before = chosen_variant()
    if before is None or before.beside(primary) != primary.with_(**changes):
        open_as_variant("", **changes)
        st.rerun()


def _answers(
    trial: Trial,
    result: EndpointComparison,
    curve: SpecificationCurve,
    untreated: UntreatedCurve | None,
) -> None:
    """Write what the curve says: the joint test beside the untreated share, and the tables."""
    key = result.endpoint.key
    if not len(curve.estimate):
        return
    lines = [words.median_sentence(curve), words.moves_sentence(curve), words.joint_sentence(curve)]
    said = ""
    if untreated is not None:
        said = words.untreated_curve_sentence(curve, untreated)
        lines.append(said)
    st.markdown("  \n".join(inert(line) for line in lines))
    with st.expander(f"{result.endpoint.label}: medians, joint test, what was not run"):
        show_small_table(tables.choices_table(curve), f"curve-choices-{key}", trial, untreated=said)
        st.caption(words.DRAWN_ONCE)
        show_small_table(
            tables.joint_table(curve.joint, result.alternative),
            f"curve-joint-{key}",
            trial,
            untreated=said,
        )
        st.caption(inert(" ".join((words.JOINT_EXPLAINED, *curve.joint.notes))))
        if untreated is not None and not untreated.reason:
            found = tables.untreated_curve_table(curve, untreated)
            show_small_table(found, f"curve-untreated-{key}", trial)
            st.caption(words.UNTREATED_EXPLAINED)
        if curve.not_run:
            show_small_table(tables.not_run_table(curve), f"curve-not-run-{key}", trial)
