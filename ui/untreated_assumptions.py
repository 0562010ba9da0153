"""Every number that untreated courses are drawn from, and what it does to the verdict."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import pandas as pd
import streamlit as st

from analysis.comparison import Comparison, EndpointComparison
from analysis.setting_fields import SettingsProblem
from analysis.setting_untreated import BETWEEN, HISTORY_FIELDS, edited_values, history_field
from analysis.settings import DEFAULT, Settings
from analysis.untreated.assumed import Assumed, assumed_history
from analysis.untreated.history import HISTORIES, LEAVING, PRESETS
from analysis.untreated.outcome import Untreated
from data.endpoints import ENDPOINTS
from data.trial import Trial
from report import untreated_tables as tables
from report import untreated_words as words
from report.numbers import plain
from ui import state
from ui.setting_widgets import choice, whole
from ui.tables import show_small_table
from ui.text import inert
from ui.untreated_results import presets_of

_FORMATS: Final = {"bend": "%.4f", "visit_share": "%.3f", "tail_df": "%.1f", "skew": "%.1f"}
_BETWEEN_SOURCE: Final = "a rough value from public summaries, not a published estimate"
_LEAVING_WORDS: Final = {
    "yearly_mortality": "share that dies within a year",
    "at_score": "… at this ALSFRS-R score",
    "per_point": "hazard ratio for each point higher",
    "bulbar_share": "share with bulbar onset",
    "bulbar_ratio": "hazard ratio of bulbar onset",
    "monthly_dropout": "share that stops visits in a month, at the same score",
}
_PROBLEM: Final = "w.history-problem"
_EDITS: Final = ("history", "history_values")


def assumptions_tab(
    trial: Trial,
    comparison: Comparison,
    results: Sequence[EndpointComparison],
    found: Untreated,
) -> None:
    """Draw presets, every number with its source, the verdict under each preset, and the limits."""
    assumed = found.assumed
    st.markdown("#### The natural history")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        choice("history", "Preset", {one.key: one.label for one in PRESETS}, st.selectbox)
        whole("untreated_trials", "Simulated trials", step=500)
        whole("seed", "Seed")
        st.button(
            "Back to the reference",
            on_click=lambda: state.change_settings(
                **{name: getattr(DEFAULT, name) for name in _EDITS}
            ),
            disabled=all(
                getattr(comparison.settings, name) == getattr(DEFAULT, name) for name in _EDITS
            ),
            key="w.history-reset",
        )
    st.caption(inert(assumed.preset.note))
    if problem := st.session_state.pop(_PROBLEM, ""):
        st.warning(inert(problem), icon=":material/info:")
    _endpoints(assumed, [result.endpoint.key for result in results])
    _presets(trial, comparison, results)
    _run_ins(found, results)
    st.markdown("#### Deaths and losses")
    st.caption(
        "For the tab Planning only: in the simulated trials of these patients everybody has the "
        "visits that took place."
    )
    show_small_table(_leaving(), "leaving", trial)
    st.markdown("#### What this does not cover")
    st.markdown("\n".join(f"- {inert(note)}" for note in words.coverage_notes()))


def _leaving() -> pd.DataFrame:
    """Return how untreated people die and drop out, each number with its source."""
    return pd.DataFrame(
        [
            {"number": said, "value": f"{getattr(LEAVING, name):g}", "source": source}
            for name, source in LEAVING.sources.items()
            for said in (_LEAVING_WORDS.get(name, name.replace("_", " ")),)
        ]
    )


def _endpoints(assumed: Assumed, shown: Sequence[str]) -> None:
    """Draw the numbers of each endpoint as fields that can be edited."""
    for key in (key for key in HISTORIES if key in shown):
        history = assumed.histories[key]
        st.markdown(f"**{ENDPOINTS[key].label}**")
        grid = st.grid(3, min_column_width=240)
        for field in HISTORY_FIELDS:
            with grid.cell():
                _number(
                    f"{key}.{field}",
                    float(getattr(history, field)),
                    history.sources.get(field, "no source"),
                    ENDPOINTS[key].change_unit,
                )
    if sum(key in HISTORIES for key in shown) > 1:
        st.markdown("**Both endpoints**")
        grid = st.grid(3, min_column_width=240)
        with grid.cell():
            _number(BETWEEN, assumed.between, _BETWEEN_SOURCE, "")


def _number(name: str, value: float, source: str, unit: str) -> None:
    """Draw one number with its unit and source; an edit goes into the settings."""
    spec = history_field(name)
    units = {"slope": f"{unit}/month", "score": unit, "bend": f"{unit}/month²"}
    said = units.get(spec.unit, "")
    key = f"w.history-{name}"
    st.session_state[key] = min(max(value, spec.low), spec.high)
    st.number_input(
        f"{spec.label[:1].upper()}{spec.label[1:]}{f', {said}' if said else ''}",
        min_value=float(spec.low),
        max_value=float(spec.high),
        step=float(spec.step),
        format=_FORMATS.get(name.partition(".")[2], "%.2f"),
        key=key,
        on_change=_edited,
        args=(name,),
        help=spec.help,
    )
    st.caption(inert(source))


def _edited(name: str) -> None:
    """Put an edited number into the settings, or take the edit back where it is the preset's."""
    value, settings = st.session_state[f"w.history-{name}"], state.settings()
    edits = edited_values(settings.history_values)
    for one in _moved_together(settings, name):
        edits.pop(one, None)
        without = settings.with_(history_values=_entries(edits))
        if value is not None and not math.isclose(value, _of_preset(without, one)):
            edits[one] = value
    try:
        changed = settings.with_(history_values=_entries(edits))
        assumed_history(changed)
    except (SettingsProblem, ValueError) as problem:
        st.session_state[_PROBLEM] = f"Not changed: {problem}."
        return
    state.change_settings(history_values=changed.history_values)


def _moved_together(settings: Settings, name: str) -> tuple[str, ...]:
    """Return the numbers that an edit of one changes.

    The mean slope after goes with the one before while they are equal. Else the natural history
    would have a change at day 0 that nobody asked for, and that decides the verdict.
    """
    after = name.replace(".mean_before", ".mean_after")
    same = after != name and math.isclose(_of_preset(settings, name), _of_preset(settings, after))
    return (name, after) if same else (name,)


def _entries(edits: dict[str, float]) -> tuple[str, ...]:
    return tuple(f"{name}:{value:.10g}" for name, value in edits.items())


def _of_preset(settings: Settings, name: str) -> float:
    """Return a number of the settings' natural history, as its field would show it."""
    assumed, spec = assumed_history(settings), history_field(name)
    if name == BETWEEN:
        return assumed.between
    endpoint, _, field = name.partition(".")
    return min(float(getattr(assumed.histories[endpoint], field)), spec.high)


def _presets(trial: Trial, comparison: Comparison, results: Sequence[EndpointComparison]) -> None:
    """Draw the verdict under every preset."""
    st.markdown("#### The same under every preset")
    st.caption(
        "Each preset with your edits on top. Of the two mean slopes, the natural history’s and "
        "these patients’ own, each row takes the one with the larger change untreated."
    )
    over = presets_of(trial, comparison)
    if over is None:
        return
    for result in results:
        found = over.get(result.endpoint.key)
        if found is None or not found.rows:
            continue
        st.markdown(f"**{result.endpoint.label}** {inert(words.presets_sentence(found))}")
        show_small_table(
            tables.presets(found, result.unit), f"presets-{result.endpoint.key}", trial
        )
    with st.expander("What the presets stand for"):
        st.markdown("\n".join(f"- **{inert(p.label)}**: {inert(p.note)}" for p in PRESETS))


def _run_ins(found: Untreated, results: Sequence[EndpointComparison]) -> None:
    """Draw what the answer rests on in these data: the run-in, and windows beyond calibration."""
    lines = []
    for result in results:
        one = found.endpoint(result.endpoint.key)
        if one is None or one.reason:
            continue
        beyond = " ".join(one.extrapolated) or "inside the windows of the calibration."
        lines.append(
            f"- **{one.endpoint.label}**: reliability of the run-in {plain(one.reliability)} "
            f"(1 is no visit noise); {inert(beyond)}"
        )
    if lines:
        st.markdown("#### These data\n" + "\n".join(lines))
