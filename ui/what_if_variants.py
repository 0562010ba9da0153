"""The primary analysis beside its variants: questions of one click, the board, and the editor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import streamlit as st

from analysis.comparison import Comparison, EndpointComparison
from analysis.equal_windows import EqualWindows, equal_windows
from analysis.leave_visit_out import TRIED
from analysis.settings import PatientExclusion, Settings
from analysis.variants import MOST_VARIANTS, SideBySide, Variant, in_one_unit, side_by_side
from data.trial import Trial
from report.charts.parts import Names
from report.exhibits.what_if import variants_chart
from report.tables import export_names
from report.variant_words import tried_words, variant_title, variants_table
from ui import state, variant_state
from ui.cache import once
from ui.controls import longest_windows
from ui.figures import show_figure
from ui.tables import show_small_table
from ui.text import inert
from ui.untreated_results import untreated_said
from ui.variant_state import open_as_variant as open_as_variant

_WITHOUT_KEY: Final = "w.without"
_MONTHS: Final = 6


def questions(trial: Trial, comparison: Comparison, windows: EqualWindows) -> None:
    """Draw the questions that one click answers: each opens a variant."""
    settings = comparison.settings
    st.markdown(":gray[What if …? Each answer stands beside the primary analysis.]")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        _without(trial, comparison)
        _, longest_after = longest_windows()
        short = longest_after <= _MONTHS
        _ask(
            "First 6 months after",
            "over-6",
            "The follow-up ends before." if short else "Visits up to 6 months after day 0.",
            {} if short else {"post_months": float(_MONTHS)},
            settings,
        )
        _ask(
            "Without the day-0 visit",
            "no-day0",
            "Visits on day 0 count on neither side.",
            {"day0": "neither"},
            settings,
        )
        _ask("Equal windows", "equal", _equal_hint(windows), windows.changes, settings)
        _ask(
            "3 visits a side",
            "three",
            "At least 3 visits and 90 days on both sides.",
            {
                "min_visits": max(3, settings.min_visits),
                "min_span_days": max(90, settings.min_span_days),
            },
            settings,
        )
        _ask(
            "Without the first 30 days",
            "skip",
            "Visits in the 30 days after day 0 are left out.",
            {"skip_days": max(30, settings.skip_days)},
            settings,
        )
        _ask("By Theil–Sen", "theil", "Medians of slopes.", {"estimator": "theil_sen"}, settings)
        st.button(
            "Your own variant",
            icon=":material/call_split:",
            on_click=open_as_variant,
            args=("",),
            help="Copies the current settings; what you change then stands beside them.",
            key="w.fork",
        )
    if len(state.variants().kept) == MOST_VARIANTS:
        st.caption("Four variants are kept: the next one takes the place of the one chosen below.")


def _ask(label: str, key: str, hint: str, changes: dict[str, Any], settings: Settings) -> None:
    """Draw a question; one without changes, or whose answer is the primary one, cannot be asked."""
    nothing = all(getattr(settings, name) == value for name, value in changes.items())
    st.button(
        label,
        on_click=open_as_variant,
        args=(label[0].lower() + label[1:] if len(changes) > 1 else "",),
        kwargs=changes,
        disabled=nothing,
        help=hint,
        key=f"w.ask-{key}",
    )


def _equal_hint(windows: EqualWindows) -> str:
    if windows.reason:
        return f"Not possible: {windows.reason}."
    return (
        f"Run-in {windows.before:.1f} and follow-up {windows.after:.1f} months (window or median): "
        f"both are cut to {windows.months:g} months."
    )


def _without(trial: Trial, comparison: Comparison) -> None:
    left_out = {one.patient for one in comparison.settings.excluded_patients}
    compared = [
        i
        for i, name in enumerate(trial.patient_ids)
        if name not in left_out and any(result.paired[i] for result in comparison.endpoints)
    ]

    def chosen() -> None:
        position = st.session_state[_WITHOUT_KEY]
        st.session_state[_WITHOUT_KEY] = None
        if position is not None:
            leave_out(trial.patient_ids[position])

    st.selectbox(
        "Without patient",
        compared,
        index=None,
        format_func=lambda i: inert(trial.patient_ids[i]),
        placeholder="Without patient …",
        key=_WITHOUT_KEY,
        on_change=chosen,
        label_visibility="collapsed",
        width=190,
    )


def leave_out(patient: str) -> None:
    """Put the primary analysis without one patient beside itself."""
    excluded = state.settings().excluded_patients
    open_as_variant("", excluded_patients=(*excluded, PatientExclusion(patient, TRIED)))


def sides(trial: Trial, comparison: Comparison) -> tuple[SideBySide, ...]:
    """Return every variant of the session beside the primary analysis."""
    return tuple(_side(trial, comparison, variant) for variant in state.variants().kept)


def _side(trial: Trial, comparison: Comparison, variant: Variant) -> SideBySide:
    primary = comparison.settings
    key = ("variant", trial.instance, primary.key, variant.name, variant.beside(primary).key)
    return once(key, lambda: side_by_side(trial, comparison, variant))


def board(trial: Trial, comparison: Comparison, results: Sequence[EndpointComparison]) -> None:
    """Draw the primary analysis and its variants, an endpoint each."""
    known = state.variants()
    comparison, note = once(
        ("one unit", trial.instance, comparison.settings.key, known.kept),
        lambda: in_one_unit(trial, comparison, known.kept),
    )
    if note:
        results = [one for r in results if (one := comparison.endpoint(r.endpoint.key)) is not None]
        st.caption(note)
    found = sides(trial, comparison)
    variant_state.note_tried()
    titles = _titles(trial, comparison.settings, trial.patient_ids)
    tried = tried_words(len(state.variants().tried))
    for result in results:
        _figure(trial, comparison, result, found, tried)
    if found:
        with st.expander("Numbers, and who left or entered"):
            for result in results:
                st.markdown(f"##### {result.endpoint.label}, {result.unit}")
                _table(trial, comparison, result, found, titles)
    if tried:
        st.caption(f"{tried} The primary analysis stays the one of the settings.")


def _titles(trial: Trial, primary: Settings, names: Names) -> tuple[str, ...]:
    kept = state.variants().kept
    return tuple(variant_title(one, primary, trial.patient_ids, names) for one in kept)


def _figure(
    trial: Trial,
    comparison: Comparison,
    result: EndpointComparison,
    found: tuple[SideBySide, ...],
    tried: str,
) -> None:
    settings, known = comparison.settings, state.variants()
    if not result.n:
        st.info(f"{result.endpoint.label}: nobody is compared, so nothing can stand beside it.")
        return

    def named(names: Names) -> list[tuple[str, SideBySide]]:
        return list(zip(_titles(trial, settings, names), found, strict=True))

    said = untreated_said(trial, comparison, result.endpoint.key)
    chart = variants_chart(trial, comparison, result, named, tried, said, known.chosen)
    clicked = show_figure(chart, trial)
    if clicked is not None and clicked != known.chosen:
        variant_state.choose(clicked)
        st.rerun()


def _table(
    trial: Trial,
    comparison: Comparison,
    result: EndpointComparison,
    found: tuple[SideBySide, ...],
    titles: tuple[str, ...],
) -> None:
    key, ids, names = result.endpoint.key, trial.patient_ids, export_names(trial)
    theirs, side = _titles(trial, comparison.settings, names), result.alternative
    shown, saved = (list(zip(called, found, strict=True)) for called in (titles, theirs))
    show_small_table(
        variants_table(key, result.lead, shown, ids, ids, side),
        f"variants-table-{key}",
        trial,
        export=variants_table(key, result.lead, saved, ids, names, side),
        untreated=untreated_said(trial, comparison, key),
    )


def windows_of(trial: Trial, comparison: Comparison) -> EqualWindows:
    """Return the windows that make both periods equally long."""
    key = ("equal windows", trial.instance, comparison.settings.key)
    return once(key, lambda: equal_windows(comparison))
