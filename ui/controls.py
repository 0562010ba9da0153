"""The sidebar: the settings that act on every page."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import streamlit as st

from analysis.day0 import first_event_days
from analysis.fvc_equations import available_equations
from analysis.predicted_fvc import present_endpoints
from analysis.setting_fields import FIELDS
from analysis.settings import Settings
from data.endpoints import ENDPOINTS, PRIMARY
from data.trial import DAYS_PER_MONTH, Trial
from report.words import DAY0_WORDS, RATE_WORDS
from ui import cache, state
from ui.filter_panel import filter_panel
from ui.navigation import TRIAL
from ui.setting_widgets import choice, seeded, toggle, whole, window

_TRANSPLANTS: Final = {0: "first", 1: "second", 2: "third", -1: "last"}
_ALTERNATIVES: Final = {
    "two-sided": "two-sided",
    "less steep": "one-sided: less steep",
    "steeper": "one-sided: steeper",
}
ESTIMATORS: Final = {
    "ols": "separate lines (OLS)",
    "theil_sen": "Theil–Sen",
    "end_to_end": "first to last visit",
    "broken_stick": "broken stick",
    "broken_stick_jump": "broken stick with a step",
}
RUN_INS: Final = {"visits": "the visits before", "onset": "the onset (ΔFS)"}
_FVC_UNTIL: Final = {
    "all": "the last visit",
    "niv": "NIV or tracheostomy",
    "tracheostomy": "tracheostomy",
}
_EQUATIONS: Final = {
    "none": "not derived",
    "nhanes_iii": "NHANES III (1999)",
    "gli_global": "GLI Global (2022)",
    "gli_2012": "GLI-2012",
}
_STRICT: Final = {"min_visits": 3, "min_span_days": 90}


def settings_sidebar() -> None:
    """Draw the four commonest settings and, folded, the others."""
    with st.sidebar:
        st.page_link(TRIAL, label="Use your own data", icon=":material/upload_file:")
        st.markdown("#### Settings")
        longest_before, longest_after = longest_windows()
        window("pre_months", "Window before, months", longest_before)
        window("post_months", "Window after, months", longest_after)
        choice("estimator", "Slope by", ESTIMATORS, st.selectbox)
        choice("day0", "Day-0 visit counts", DAY0_WORDS, st.selectbox)
        choice("rate_unit", "Unit of slopes", RATE_WORDS, st.selectbox)
        filter_panel()
        more = st.expander("More settings", icon=":material/tune:", key="w.more", on_change="rerun")
        if more.open:
            with more:
                _more()


def _more() -> None:
    whole("min_visits", "Visits per side, at least")
    whole("min_span_days", "Days per side, at least", step=10)
    st.button(
        "Ask for 3 visits and 90 days",
        on_click=lambda: state.change_settings(**_STRICT),
        disabled=all(getattr(state.settings(), k) == v for k, v in _STRICT.items()),
        help="Two visits 60 days apart give a slope whose error is larger than any plausible "
        "change.",
        key="w.strict",
        width="stretch",
    )
    whole("skip_days", "Days left out after day 0", step=10)
    if state.trial().patients["onset_day"].notna().any():
        choice("run_in", "Slope before from", RUN_INS, st.selectbox)
    if any(len(days) > 1 for days in state.trial().patients["transplant_days"]):
        choice("transplant", "Transplant that is day 0", _TRANSPLANTS, st.selectbox)
        toggle("stop_at_next", "End at the next transplant")
    _vital_capacity()
    if set(state.trial().endpoints) - set(PRIMARY):
        _endpoints()
    choice("alternative", "Tests", _ALTERNATIVES, st.selectbox)
    choice("confidence", "Intervals", {0.9: "90 %", 0.95: "95 %", 0.99: "99 %"}, st.selectbox)


def _vital_capacity() -> None:
    """Draw when vital capacity ends, and how litres become % predicted, where the trial has them.

    What a link chose stays visible, so that it can be taken back.
    """
    trial, settings = state.trial(), state.settings()
    until = {
        key: said
        for key, said in _FVC_UNTIL.items()
        if key == "all" or _has_event(trial, key) or settings.fvc_until == key
    }
    if list(until) == ["all", "niv"]:
        seeded(
            "fvc_until",
            lambda key, changed: st.toggle(
                "End FVC at NIV", key=key, on_change=changed, help=FIELDS["fvc_until"].help
            ),
            to_widget=lambda value: value == "niv",
            from_widget=lambda value: "niv" if value else "all",
        )
    elif len(until) > 1:
        choice("fvc_until", "FVC counts until", until, st.selectbox)
    if "fvc_litres" in trial.endpoints or settings.fvc_equation != "none":
        offered = available_equations()
        known = {k: said for k, said in _EQUATIONS.items() if k == "none" or k in offered}
        choice("fvc_equation", "FVC % from litres", known, st.selectbox)
        _compare_percent(trial, settings)


def _compare_percent(trial: Trial, settings: Settings) -> None:
    """Offer to compare % predicted in place of litres, once it can be derived of them."""
    if "fvc" in settings.endpoints or "fvc" not in present_endpoints(trial, settings):
        return
    if settings.fvc_equation == "none":
        return
    instead = tuple("fvc" if key == "fvc_litres" else key for key in settings.endpoints)
    st.button(
        "Compare FVC in % predicted",
        on_click=lambda: state.change_settings(
            endpoints=instead if "fvc" in instead else (*instead, "fvc")
        ),
        key="w.compare-percent",
        width="stretch",
    )


def _has_event(trial: Trial, kind: str) -> bool:
    """Whether any patient has a dated event of this kind."""
    return cache.once(
        ("has-event", trial.instance, kind),
        lambda: bool(np.isfinite(first_event_days(trial, kind)).any()),
    )


def _endpoints() -> None:
    """Draw the choice of endpoints, for trials that have more than the two main ones."""
    known = list(present_endpoints(state.trial(), state.settings()))
    seeded(
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


def longest_windows() -> tuple[int, int]:
    """Return the longest windows that make a difference in this trial, in whole months."""
    days = state.trial().measurements["day"].to_numpy(dtype=np.float64)
    days = days[np.isfinite(days)]
    if not days.size:
        return 12, 12
    ends = (max(0.0, -float(days.min())), max(0.0, float(days.max())))
    before, after = (min(60, max(2, math.ceil(end / DAYS_PER_MONTH))) for end in ends)
    return before, after
