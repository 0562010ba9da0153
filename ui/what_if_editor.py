"""The editor of the chosen variant: its name, what differs, and every choice that it can make."""

from __future__ import annotations

from typing import Final

import streamlit as st

from analysis.comparison import Comparison
from analysis.equal_windows import EqualWindows
from analysis.leave_visit_out import TRIED
from analysis.settings import PatientExclusion
from analysis.variants import LONGEST_NAME
from data.trial import Trial
from report.words import DAY0_WORDS
from ui import state, variant_state
from ui.controls import ESTIMATORS, RUN_INS, longest_windows
from ui.setting_widgets import choice, seeded, whole, window
from ui.text import inert
from ui.variant_state import CHOSEN

_PICK: Final = "w.variant-chosen"
_NAME: Final = "w.variant-name"
_CHIPS: Final = "w.variant-chips"
_EQUAL: Final = "w.variant-equal"
_SHIFT: Final = 365


def editor(trial: Trial, comparison: Comparison, windows: EqualWindows) -> None:
    """Draw the choice of a variant and everything that can be changed in it."""
    if not state.variants().kept:
        return
    with st.container(border=True):
        _head(comparison)
        _chips()
        first, second, third = st.columns(3)
        longest_before, longest_after = longest_windows()
        with first:
            window("pre_months", "Run-in window, months", longest_before, CHOSEN)
            choice("estimator", "Slopes made by", ESTIMATORS, st.selectbox, CHOSEN)
            if trial.patients["onset_day"].notna().any():
                choice("run_in", "Slope before from", RUN_INS, st.selectbox, CHOSEN)
        with second:
            window("post_months", "Follow-up window, months", longest_after, CHOSEN)
            choice("day0", "Day-0 visit counts", DAY0_WORDS, st.selectbox, CHOSEN)
            _shift()
        with third:
            _skip()
            whole("min_visits", "Visits per side, at least", target=CHOSEN)
            whole("min_span_days", "Days per side, at least", 10, CHOSEN)
        _equal(windows)
        _left_out(trial, comparison)
        if comparison.settings.points or CHOSEN.read().points:
            _values()


def _head(comparison: Comparison) -> None:
    kept, primary = state.variants().kept, comparison.settings
    titles = [inert(_short(one.title(primary))) for one in kept]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.session_state[_PICK] = state.variants().chosen
        st.segmented_control(
            "Variant",
            range(len(kept)),
            format_func=titles.__getitem__,
            key=_PICK,
            on_change=_picked,
            label_visibility="collapsed",
            width="stretch",
        )
        st.button(
            "Swap with primary",
            icon=":material/swap_vert:",
            on_click=variant_state.swap,
            help="The variant becomes the analysis of every page, and the primary one its variant.",
            key="w.variant-swap",
        )
        st.button("Reset", on_click=variant_state.reset, key="w.variant-reset")
        st.button(
            "Remove", icon=":material/close:", on_click=variant_state.remove, key="w.variant-remove"
        )
    st.session_state[_NAME] = kept[state.variants().chosen].name
    st.text_input(
        "Name of the variant",
        max_chars=LONGEST_NAME,
        placeholder="made of what differs",
        key=_NAME,
        on_change=lambda: variant_state.rename(st.session_state[_NAME]),
        width=360,
    )


def _picked() -> None:
    place = st.session_state[_PICK]
    if place is not None:
        variant_state.choose(place)


def _short(title: str, most: int = 34) -> str:
    return title if len(title) <= most else f"{title[: most - 1]}…"


def _chips() -> None:
    words = CHOSEN.read().differences(state.settings())
    if not words:
        st.caption("Nothing differs from the primary analysis yet.")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(":small[:gray[Differs from the primary]]", width="content")
        st.session_state[_CHIPS] = list(words)
        st.pills(
            "What differs from the primary analysis",
            list(words),
            format_func=lambda name: f"{inert(words[name])} ✕",
            selection_mode="multi",
            key=_CHIPS,
            on_change=_chip_removed,
            label_visibility="collapsed",
            width="content",
        )


def _chip_removed() -> None:
    kept, primary = set(st.session_state[_CHIPS]), state.settings()
    removed = [name for name in CHOSEN.read().differences(primary) if name not in kept]
    CHOSEN.change(**{name: getattr(primary, name) for name in removed})


def _skip() -> None:
    seeded(
        "skip_days",
        lambda key, changed: st.slider(
            "Days left out after day 0", 0, 180, step=5, key=key, on_change=changed
        ),
        to_widget=lambda value: min(value, 180),
        target=CHOSEN,
    )


def _shift() -> None:
    seeded(
        "shift_days",
        lambda key, changed: st.slider(
            "Day 0 moved by, days",
            -_SHIFT,
            _SHIFT,
            step=1,
            key=key,
            on_change=changed,
            help="Before 0: as if the transplant had been earlier. See also Placebo dates.",
        ),
        to_widget=lambda value: max(-_SHIFT, min(value, _SHIFT)),
        target=CHOSEN,
    )


def _equal(windows: EqualWindows) -> None:
    st.session_state[_EQUAL] = windows.holds(CHOSEN.read())

    def changed() -> None:
        primary = state.settings()
        back = {"pre_months": primary.pre_months, "post_months": primary.post_months}
        on = st.session_state[_EQUAL]
        CHOSEN.change(**(windows.changes if on else back))

    st.toggle(
        "Both periods equally long",
        key=_EQUAL,
        on_change=changed,
        disabled=bool(windows.reason),
        help=f"Sets both windows to {windows.months:g} months, the shorter of run-in and follow-up."
        if not windows.reason
        else f"Not possible: {windows.reason}.",
    )


def _left_out(trial: Trial, comparison: Comparison) -> None:
    """Draw who is left out; reasons that were given for the primary analysis stay."""
    ids = trial.patient_ids
    given = {one.patient: one for one in comparison.settings.excluded_patients}
    seeded(
        "excluded_patients",
        lambda key, changed: st.multiselect(
            "Without patients",
            range(len(ids)),
            format_func=lambda i: inert(ids[i]),
            key=key,
            on_change=changed,
            placeholder="nobody",
        ),
        to_widget=lambda excluded: [
            ids.index(one.patient) for one in excluded if one.patient in ids
        ],
        from_widget=lambda positions: tuple(
            given.get(ids[i], PatientExclusion(ids[i], TRIED)) for i in positions
        ),
        target=CHOSEN,
    )


def _values() -> None:
    primary = state.settings()
    seeded(
        "points",
        lambda key, changed: st.toggle(
            "Decisions about single values as in the primary analysis", key=key, on_change=changed
        ),
        to_widget=lambda points: points == primary.points,
        from_widget=lambda same: primary.points if same else (),
        target=CHOSEN,
    )
