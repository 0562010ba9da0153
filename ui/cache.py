"""What is computed once a session: comparisons and drawn figures.

Keys are the open trial's instance and the settings' text, never a table: Streamlit hashes large
tables by a sample. Entries live and die with the session.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Hashable
from dataclasses import replace
from typing import TypeVar

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from analysis.compare import compare
from analysis.comparison import Comparison
from analysis.settings import Settings
from data.trial import Trial

T = TypeVar("T")


def comparison(trial: Trial, settings: Settings) -> Comparison:
    """Return the comparison of ``trial`` under ``settings``, computed at most once."""
    found = _comparison(trial.instance, settings.comparison_key, trial, settings)
    return found if found.settings == settings else replace(found, settings=settings)


@st.cache_resource(scope="session", max_entries=64, show_spinner=False)
def _comparison(instance: str, settings_key: str, _trial: Trial, _settings: Settings) -> Comparison:
    return compare(_trial, _settings)


def once(key: Hashable, make: Callable[[], T]) -> T:
    """Return what ``make`` gives for ``key``, made at most once a session; never change it."""
    return _once(repr(key), make)


@st.cache_resource(scope="session", max_entries=128, show_spinner=False)
def _once(key: str, _make: Callable[[], T]) -> T:
    return _make()


def forget() -> None:
    """Empty the caches of this session, and free what was in them at once."""
    _comparison.clear()
    _once.clear()
    gc.collect()


def forget_widgets() -> None:
    """Forget the options and callbacks of every widget that this session ever drew.

    Streamlit keeps them, names of patients among them, and has no call of its own to drop them. Run
    the page again afterwards.
    """
    context = get_script_run_ctx()
    if context is not None:
        context.session_state._state._new_widget_state.widget_metadata.clear()
