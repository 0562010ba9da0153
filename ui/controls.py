"""The sidebar: the settings that act on every page."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import streamlit as st

from analysis.setting_fields import FIELDS
from analysis.settings import DEFAULT
from data.endpoints import ENDPOINTS, PRIMARY
from data.trial import DAYS_PER_MONTH
from report.words import DAY0_WORDS, RATE_WORDS
from ui import state
from ui.navigation import TRIAL

_ALL: Final = "all"
_TRANSPLANTS: Final = {0: "first", 1: "second", 2: "third", -1: "last"}
_ALTERNATIVES: Final = {
    "two-sided": "two-sided",
    "less steep": "one-sided: less steep",
    "steeper": "one-sided: steeper",
}
_STRICT: Final = {"min_visits": 3, "min_span_days": 90}


def settings_sidebar() -> None:
    """Draw the four commonest settings and, folded, the others."""
    with st.sidebar:
        st.page_link(TRIAL, label="Use your own data", icon=":material/upload_file:")
        st.markdown("#### Settings")
        longest_before, longest_after = _extent()
        _window("pre_months", "Window before, months", longest_before)
        _window("post_months", "Window after, months", longest_after)
        _choice("day0", "Day-0 visit counts", DAY0_WORDS, st.selectbox)
        _choice("rate_unit", "Unit of slopes", RATE_WORDS, st.selectbox)
        with st.expander("More settings", icon=":material/tune:"):
            _more()


def _more() -> None:
    _whole("min_visits", "Visits per side, at least")
    _whole("min_span_days", "Days per side, at least", step=10)
    st.button(
        "Ask for 3 visits and 90 days",
        on_click=lambda: state.change_settings(**_STRICT),
        disabled=all(getattr(state.settings(), k) == v for k, v in _STRICT.items()),
        help="Two visits 60 days apart give a slope whose error is larger than any plausible "
        "change.",
        key="w.strict",
        width="stretch",
    )
    _whole("skip_days", "Days left out after day 0", step=10)
    if any(len(days) > 1 for days in state.trial().patients["transplant_days"]):
        _choice("transplant", "Transplant that is day 0", _TRANSPLANTS, st.selectbox)
        _toggle("stop_at_next", "End at the next transplant")
    if set(state.trial().endpoints) - set(PRIMARY):
        _endpoints()
    _choice("alternative", "Tests", _ALTERNATIVES, st.selectbox)
    _choice("confidence", "Intervals", {0.9: "90 %", 0.95: "95 %", 0.99: "99 %"}, st.selectbox)


def _endpoints() -> None:
    """Draw the choice of endpoints, for trials that have more than the two main ones."""
    known = list(state.trial().endpoints)
    _seeded(
        "endpoints",
        lambda key, changed: st.multiselect(
            "Endpoints compared",
            known,
            format_func=lambda key: ENDPOINTS[key].label,
            key=key,
            on_change=changed,
            help="Holm’s correction runs over ALSFRS-R and FVC (% predicted, or litres where there "
            "is no %); others are exploratory.",
        ),
        to_widget=lambda keys: [key for key in keys if key in known],
        from_widget=lambda keys: tuple(keys) or state.base_settings().endpoints,
    )


def _extent() -> tuple[int, int]:
    """Return the longest windows that make a difference in this trial, in whole months."""
    days = state.trial().measurements["day"].to_numpy(dtype=np.float64)
    days = days[np.isfinite(days)]
    if not days.size:
        return 12, 12
    ends = (max(0.0, -float(days.min())), max(0.0, float(days.max())))
    before, after = (min(60, max(2, math.ceil(end / DAYS_PER_MONTH))) for end in ends)
    return before, after


def _window(name: str, label: str, longest: int) -> None:
    current = getattr(state.settings(), name)
    months = {float(m) for m in range(1, longest + 1)} | ({current} if current else set())
    options: list[float | str] = [*sorted(months), _ALL]
    _seeded(
        name,
        lambda key, changed: st.select_slider(
            label,
            options,
            format_func=lambda m: m if isinstance(m, str) else f"{m:g}",
            key=key,
            on_change=changed,
            help=FIELDS[name].help,
        ),
        to_widget=lambda value: _ALL if value is None else value,
        from_widget=lambda value: None if value == _ALL else value,
    )


def _choice(name: str, label: str, words: dict[Any, str] | Any, widget: Callable[..., Any]) -> None:
    options: Sequence[Any] = list(words)
    current = getattr(state.settings(), name)
    if current not in options:
        options = [*options, current]
    _seeded(
        name,
        lambda key, changed: widget(
            label,
            options,
            format_func=lambda value: words.get(value, FIELDS[name].words(value)),
            key=key,
            on_change=changed,
            help=FIELDS[name].help,
        ),
    )


def _whole(name: str, label: str, step: int = 1) -> None:
    spec = FIELDS[name]
    _seeded(
        name,
        lambda key, changed: st.number_input(
            label,
            min_value=int(spec.low),
            max_value=int(spec.high),
            step=step,
            key=key,
            on_change=changed,
            help=spec.help,
        ),
    )


def _toggle(name: str, label: str) -> None:
    _seeded(
        name,
        lambda key, changed: st.toggle(label, key=key, on_change=changed, help=FIELDS[name].help),
    )


def _seeded(
    name: str,
    draw: Callable[[str, Callable[[], None]], Any],
    *,
    to_widget: Callable[[Any], Any] = lambda value: value,
    from_widget: Callable[[Any], Any] = lambda value: value,
) -> None:
    """Draw a widget that shows the setting ``name`` and changes it, but never owns it."""
    key = f"w.{name}"

    def changed() -> None:
        value = st.session_state[key]
        state.change_settings(
            **{name: DEFAULT.__dict__[name] if value is None else from_widget(value)}
        )

    st.session_state[key] = to_widget(getattr(state.settings(), name))
    draw(key, changed)
