"""Widgets that show one setting of an analysis and change it, but never own it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import streamlit as st

from analysis.setting_fields import FIELDS
from analysis.settings import DEFAULT, Settings
from ui import state


@dataclass(frozen=True, slots=True)
class Target:
    """Whose settings a widget shows and changes.

    Parameters
    ----------
    prefix
        Start of the widgets' keys.
    read
        Returns the settings.
    change
        Replaces some of their fields.
    """

    prefix: str
    read: Callable[[], Settings]
    change: Callable[..., None]


PRIMARY: Final = Target("w.", state.settings, state.change_settings)
"""The analysis of the session, which every page shows."""

ALL: Final = "all"
"""What a window shows that takes in all visits."""


def choice(
    name: str,
    label: str,
    words: Mapping[Any, str],
    widget: Callable[..., Any],
    target: Target = PRIMARY,
) -> None:
    """Draw one setting as a choice among ``words``; a value from a link stays choosable."""
    options: Sequence[Any] = list(words)
    current = getattr(target.read(), name)
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
        target=target,
    )


def whole(name: str, label: str, step: int = 1, target: Target = PRIMARY) -> None:
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
        target=target,
    )


def window(name: str, label: str, longest: int, target: Target = PRIMARY) -> None:
    """Draw the length of a window as a slider in whole months, whose end takes in all visits."""
    current = getattr(target.read(), name)
    months = {float(m) for m in range(1, longest + 1)} | ({current} if current else set())
    options: list[float | str] = [*sorted(months), ALL]
    seeded(
        name,
        lambda key, changed: st.select_slider(
            label,
            options,
            format_func=lambda m: m if isinstance(m, str) else f"{m:g}",
            key=key,
            on_change=changed,
            help=FIELDS[name].help,
        ),
        to_widget=lambda value: ALL if value is None else value,
        from_widget=lambda value: None if value == ALL else value,
        target=target,
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
    target: Target = PRIMARY,
) -> None:
    """Draw a widget that shows the setting ``name`` and changes it, but never owns it."""
    key = f"{target.prefix}{name}"

    def changed() -> None:
        value = st.session_state[key]
        target.change(**{name: DEFAULT.__dict__[name] if value is None else from_widget(value)})

    st.session_state[key] = to_widget(getattr(target.read(), name))
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
