"""The entry rule of a trial, and what untreated trials that took their people by it look like."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import streamlit as st

from analysis.comparison import Comparison, EndpointComparison
from analysis.setting_fields import SettingsProblem
from analysis.setting_untreated import NO_RULE, RULE_BOUNDS
from analysis.untreated.entry import EntryBenchmark
from data.trial import Trial
from report.numbers import count
from report.untreated_entry import entry_sentence, entry_table
from ui import state
from ui.tables import show_small_table
from ui.text import inert
from ui.untreated_cards import null_chart
from ui.untreated_results import entry_of

_KINDS: Final = {
    "unknown": "not known",
    NO_RULE: "everybody was taken",
    "stated": "this rule",
}
_CONDITIONS: Final[dict[str, tuple[str, tuple[tuple[str, float, float], ...]]]] = {
    "slope_at_most": ("Run-in slope at most", (("points/month", -0.5, 0.1),)),
    "slope_at_least": ("Run-in slope at least", (("points/month", -2.0, 0.1),)),
    "points_lost": ("Points lost before day 0", (("points, at least", 3, 1), ("weeks", 12, 1))),
    "alsfrs_r_at_least": ("ALSFRS-R at day 0 at least", (("points", 26, 1),)),
    "fvc_at_least": ("FVC at day 0 at least", (("% predicted", 50, 5),)),
}
"""Conditions with the label, the first value and the step of their numbers."""

_KIND: Final = "w.entry"
_PROBLEM: Final = "w.entry-problem"


def entry_tab(trial: Trial, comparison: Comparison, results: Sequence[EndpointComparison]) -> None:
    """Draw the entry rule, and how often untreated trials with it look like this one."""
    st.caption(
        "Here nothing that was measured is kept: people are drawn from the natural history, seen "
        "at the visit times of these patients, and taken if their simulated run-in meets the rule. "
        "Choosing people who declined fast lately makes their next slope less steep by itself. A "
        "minimum score on day 0 keeps people whose decline was mild until then, and does the "
        "opposite."
    )
    rule = comparison.settings.entry_rule
    _form(rule)
    found = entry_of(trial, comparison)
    if not found:
        return
    for one in found:
        if one.reason:
            st.info(inert(f"{one.words}: {one.reason}."), icon=":material/info:")
    known = [one for one in found if not one.reason]
    if not known:
        return
    for result in results:
        key = result.endpoint.key
        sentence = entry_sentence(known, key)
        if not sentence:
            st.info(f"{result.endpoint.label}: nothing can be simulated.", icon=":material/info:")
            continue
        st.markdown(inert(sentence))
        table = entry_table(known, key, result.unit)
        show_small_table(
            table.drop(columns="people who meet it"), f"entry-{key}", trial, export=table
        )
    sizes = {one.trials for one in known}
    st.caption(
        f"{'At least ' if len(sizes) > 1 else ''}{count(min(sizes), 'simulated trial')} of each "
        "rule. At least 50 % less steep: share of the assessable untreated people. Scores are "
        "drawn at the first visit and nobody dies or leaves: over a long trial simulated courses "
        "reach the end of the scale and flatten there, which looks like a less steep decline even "
        "where everybody was taken."
    )
    if rule:
        _one_rule(trial, comparison, results, known[0])


def _one_rule(
    trial: Trial,
    comparison: Comparison,
    results: Sequence[EndpointComparison],
    found: EntryBenchmark,
) -> None:
    """Draw the simulated trials of a stated rule as dots."""
    known = [(r, one) for r in results if (one := found.endpoint(r.endpoint.key)) is not None]
    grid = st.grid(min(2, max(1, len(known))), min_column_width=420)
    for result, one in known:
        heading = f"{result.endpoint.label}: untreated trials, {found.words}"
        with grid.cell():
            sentence = entry_sentence((found,), one.endpoint.key)
            null_chart(trial, comparison, one, heading, sentence, found.words)


def _form(rule: Sequence[str]) -> None:
    """Draw the fields that state the entry rule; they change the settings, never own it."""
    st.session_state[_KIND] = _kind(rule)
    st.segmented_control(
        "Who was taken into the trial?",
        list(_KINDS),
        format_func=_KINDS.__getitem__,
        key=_KIND,
        on_change=_kind_chosen,
    )
    if problem := st.session_state.pop(_PROBLEM, ""):
        st.warning(inert(problem), icon=":material/info:")
    if _kind(rule) != "stated":
        return
    numbers = _numbers(rule)
    grid = st.grid(3, min_column_width=240)
    for name, (label, fields) in _CONDITIONS.items():
        with grid.cell():
            _condition(name, label, fields, numbers.get(name))


def _condition(
    name: str,
    label: str,
    fields: Sequence[tuple[str, float, float]],
    numbers: tuple[float, ...] | None,
) -> None:
    on = f"w.entry-{name}"
    st.session_state[on] = numbers is not None
    st.checkbox(label, key=on, on_change=_stated)
    if numbers is None:
        return
    row = st.container(horizontal=True)
    for k, ((unit, _, step), (low, high)) in enumerate(zip(fields, RULE_BOUNDS[name], strict=True)):
        st.session_state[f"{on}-{k}"] = float(numbers[k])
        row.number_input(
            unit,
            min_value=float(low),
            max_value=float(high),
            step=float(step),
            format="%.1f" if step < 1 else "%g",
            key=f"{on}-{k}",
            on_change=_stated,
        )


def _kind(rule: Sequence[str]) -> str:
    if not rule:
        return "unknown"
    return NO_RULE if tuple(rule) == (NO_RULE,) else "stated"


def _numbers(rule: Sequence[str]) -> dict[str, tuple[float, ...]]:
    """Return the numbers of a stated rule by condition."""
    parts = (entry.split(":") for entry in rule if entry != NO_RULE)
    return {name: tuple(float(text) for text in texts) for name, *texts in parts}


def _kind_chosen() -> None:
    chosen = st.session_state[_KIND]
    if chosen is None:
        return
    first = ("slope_at_most", *(f"{value:g}" for _, value, _ in _CONDITIONS["slope_at_most"][1]))
    rules: dict[str, tuple[str, ...]] = {
        "unknown": (),
        NO_RULE: (NO_RULE,),
        "stated": (":".join(first),),
    }
    state.change_settings(entry_rule=rules[chosen])


def _stated() -> None:
    """Put the ticked conditions with their numbers into the settings."""
    entries = []
    for name, (_, fields) in _CONDITIONS.items():
        if not st.session_state.get(f"w.entry-{name}"):
            continue
        values = [
            st.session_state.get(f"w.entry-{name}-{k}", first)
            for k, (_, first, _) in enumerate(fields)
        ]
        entries.append(":".join((name, *(f"{value:g}" for value in values))))
    try:
        state.change_settings(entry_rule=tuple(entries))
    except SettingsProblem as problem:
        st.session_state[_PROBLEM] = f"Not changed: {problem}."
