"""The filters of the sidebar: who is analysed, by sex, site, group, stage, speed and visits."""

from __future__ import annotations

from typing import Any, Final

import streamlit as st

from analysis.filters import FilterField, filter_choices, passing, without_match
from analysis.setting_lists import filters_by_field
from analysis.settings import Settings
from data.trial import Trial
from ui import cache, state
from ui.text import inert

_FEW: Final = 6
"""Options up to which they stand side by side; more go into a list that can be searched."""


def filter_panel() -> None:
    """Draw the filters with counts of all loaded patients, and how many patients pass.

    Trials in which nothing tells patients apart have no panel.
    """
    trial, settings = state.trial(), state.settings()
    fields = _choices(trial, settings)
    if not fields:
        return
    with st.popover("Filters", icon=":material/filter_alt:", width="stretch"):
        st.caption("Counts are of all loaded patients.")
        for field in fields:
            _field(field, filters_by_field(settings.filters).get(field.key, ()))
        st.button(
            "Remove all filters",
            on_click=lambda: state.change_settings(filters=()),
            disabled=not settings.filters,
            key="w.filters-reset",
            width="stretch",
        )
    # The place is always there: a line that comes and goes would redraw what is below it.
    with st.container():
        if settings.filters:
            _who_passes(trial, settings)


def _who_passes(trial: Trial, settings: Settings) -> None:
    loaded = len(trial.patient_ids)
    n, in_vain = cache.once(
        ("passing", trial.instance, _basis(settings), settings.filters),
        lambda: (int(passing(trial, settings).sum()), without_match(trial, settings)),
    )
    said = f"{n:,} of {loaded:,} patients pass the filters."
    if n:
        st.caption(said)
    else:
        st.warning(f"{said} Take a filter away to see results.", icon=":material/filter_alt_off:")
    if in_vain:
        st.warning(f"No patient has: {inert('; '.join(in_vain))}.", icon=":material/filter_alt:")


def _basis(settings: Settings) -> tuple[object, ...]:
    """Return the settings on which the value of a patient rests."""
    return settings.transplant, settings.shift_days, settings.points


def _choices(trial: Trial, settings: Settings) -> tuple[FilterField, ...]:
    return cache.once(
        ("filter-choices", trial.instance, _basis(settings), settings.filters),
        lambda: filter_choices(trial, settings),
    )


def _field(field: FilterField, asked: tuple[str, ...]) -> None:
    """Draw one filter: nothing chosen lets everybody pass."""
    key = f"w.filter-{field.key}"
    few = len(field.options) <= _FEW
    # Lists show markdown letter by letter, pills do not.
    shown = inert if few else str
    words = {option.value: f"{shown(option.label)} ({option.n:,})" for option in field.options}
    folded = {value.casefold(): value for value in words}
    st.session_state[key] = list(dict.fromkeys(folded[value.casefold()] for value in asked))
    widget: Any = st.pills if few else st.multiselect
    more = {"selection_mode": "multi"} if few else {}
    widget(
        field.label[0].upper() + field.label[1:],
        list(words),
        format_func=words.__getitem__,
        key=key,
        on_change=_changed,
        args=(field.key, key),
        help=field.help,
        **more,
    )


def _changed(field: str, key: str) -> None:
    others = [entry for entry in state.settings().filters if not entry.startswith(f"{field}:")]
    chosen = [f"{field}:{value}" for value in st.session_state[key]]
    state.change_settings(filters=(*others, *chosen))
