"""Widgets that show one setting and change it, but never own it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from analysis.setting_fields import FIELDS
from analysis.settings import DEFAULT
from ui import state


def choice(name: str, label: str, words: Mapping[Any, str], widget: Callable[..., Any]) -> None:
    """Draw one setting as a choice among ``words``; a value from a link stays choosable."""
    options: Sequence[Any] = list(words)
    current = getattr(state.settings(), name)
    if current not in options:
        options = [*options, current]
    seeded(
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


def whole(name: str, label: str, step: int = 1) -> None:
    """Draw one setting as a whole number."""
    spec = FIELDS[name]
    seeded(
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


def toggle(name: str, label: str) -> None:
    """Draw one setting as a switch."""
    seeded(
        name,
        lambda key, changed: st.toggle(label, key=key, on_change=changed, help=FIELDS[name].help),
    )


def seeded(
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


def several(name: str, label: str, words: Mapping[str, str], help_text: str) -> None:
    """Draw one setting as any number of choices among ``words``."""
    seeded(
        name,
        lambda key, changed: st.multiselect(
            label,
            list(words),
            format_func=lambda value: words.get(value, value),
            key=key,
            on_change=changed,
            help=help_text,
        ),
        to_widget=lambda values: [value for value in values if value in words],
        from_widget=tuple,
    )
