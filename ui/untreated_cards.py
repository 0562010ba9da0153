"""The answer of the Untreated page: one card and one figure an endpoint."""

from __future__ import annotations

import streamlit as st

from analysis.comparison import Comparison
from analysis.untreated.outcome import UntreatedEndpoint
from analysis.untreated.presets import OverPresets
from data.trial import Trial
from report import untreated_words as words
from report.exhibits import untreated as exhibit
from report.untreated_entry import entry_legend
from ui.figures import show_figure
from ui.text import inert


def answer(
    trial: Trial,
    comparison: Comparison,
    found: UntreatedEndpoint,
    control: str,
    over: OverPresets | None,
) -> None:
    """Draw the verdict on one endpoint, and the simulated trials with this one among them.

    Parameters
    ----------
    trial, comparison
        The trial and its comparison.
    found
        One endpoint against untreated trials.
    control
        The control arm, whose patients are not simulated; empty where there is none.
    over
        The same under every natural history; ``None`` where that is not computed yet.
    """
    heading = words.verdict_heading(found, words.verdict_over(found, over))
    sentence = words.untreated_sentence(found, control)
    with st.container(border=True):
        st.markdown(f"### {inert(heading)}\n{inert(sentence)}")
        if not found.reason:
            st.caption(inert(" ".join(_beside(found, over))))
    null_chart(trial, comparison, found, heading, sentence)
    if found.reason:
        return
    with st.expander("The numbers with their errors"):
        st.markdown("\n".join(f"- {inert(line)}" for line in words.verdict_lines(found)))


def _beside(found: UntreatedEndpoint, over: OverPresets | None) -> list[str]:
    """Return what the verdict rests on: reasons, other natural histories, extrapolation."""
    others = "Under other natural histories: open Assumptions, it is computed there"
    middle = others if over is None else words.presets_sentence(over)
    near = words.near_limit(found)
    parts = (*found.verdict.reasons, near, middle, *found.extrapolated)
    texts = [text for text in parts if text]
    return [f"{text[:1].upper()}{text[1:].removesuffix('.')}." for text in texts]


def null_chart(
    trial: Trial,
    comparison: Comparison,
    found: UntreatedEndpoint,
    heading: str,
    sentence: str,
    rule: str = "",
) -> None:
    """Draw simulated trials with this one among them.

    Parameters
    ----------
    trial, comparison, found
        As for :func:`answer`.
    heading, sentence
        Title of saved figures, and what stands in their footer.
    rule
        Entry rule of the simulated trials, where they took their people by one.
    """
    shown = found.cautious
    legend = entry_legend(found, rule) if rule else words.null_legend(shown)
    show_figure(exhibit.null_chart(trial, comparison, found, heading, sentence, rule), trial)
    if legend:
        st.caption(inert(legend))
