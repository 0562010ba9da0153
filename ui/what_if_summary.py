"""The plain summary under the What-if board."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import streamlit as st

from analysis.comparison import Comparison, EndpointComparison
from analysis.leave_one_out import leave_one_out
from analysis.specification import SpecificationCurve, specification_curve
from analysis.specification_choices import combinations, declared_choices
from analysis.specification_untreated import UntreatedCurve, untreated_curve
from data.trial import Trial
from report import words
from report.whatif_words import NO_NEW_EVIDENCE, Answers, summary_parts
from ui.cache import once
from ui.text import inert
from ui.what_if_dropouts import dropouts_of
from ui.what_if_placebo import placebo_of

_RUN: Final = 40_000
"""Combinations times patients up to which the small curve is run for the summary."""

_SIMULATED: Final = 3_000
"""Analyses times patients up to which untreated trials are simulated for it."""


def summary(trial: Trial, comparison: Comparison, results: Sequence[EndpointComparison]) -> None:
    """Draw one sentence an endpoint on what the other analyses do to the result."""
    st.markdown("##### In short")
    left_out = False
    for result in results:
        answers = _answers(trial, comparison, result)
        left_out |= answers.curve is None and result.n > 0
        parts = summary_parts(result, answers, trial.patient_ids)
        st.markdown(f"**{inert(words.heading(result))}** ({inert(words.numbers_line(result))})")
        st.markdown("\n".join(f"- {inert(part)}" for part in parts))
    if left_out:
        st.caption("Too many patients to run every analysis here: see “Every analysis”.")
    st.caption(NO_NEW_EVIDENCE)


def _answers(trial: Trial, comparison: Comparison, result: EndpointComparison) -> Answers:
    settings, key = comparison.settings, result.endpoint.key
    if not result.n:
        return Answers()
    curve = _curve(trial, comparison, key)
    return Answers(
        leave_out=once(
            ("leave one out", trial.instance, settings.comparison_key, key),
            lambda: leave_one_out(result, settings),
        ),
        curve=curve,
        untreated=None if curve is None else _untreated(trial, comparison, curve),
        placebo=placebo_of(trial, comparison, result),
        tipping=dropouts_of(trial, comparison, result).tipping,
    )


def _curve(trial: Trial, comparison: Comparison, endpoint: str) -> SpecificationCurve | None:
    settings = comparison.settings
    choices = declared_choices(trial, settings, "small")
    if combinations(choices) * len(trial.patient_ids) > _RUN:
        return None
    return once(
        ("summary curve", trial.instance, settings.comparison_key, endpoint),
        lambda: specification_curve(trial, comparison, endpoint, choices),
    )


def _untreated(
    trial: Trial, comparison: Comparison, curve: SpecificationCurve
) -> UntreatedCurve | None:
    if len(curve.estimate) * len(trial.patient_ids) > _SIMULATED:
        return None
    return once(
        ("summary untreated curve", trial.instance, comparison.settings.key, curve.endpoint),
        lambda: untreated_curve(trial, comparison, curve),
    )
