"""The way to a patient: previous and next, a search that stays quick, and the pinned patient."""

from __future__ import annotations

from typing import Final

import numpy as np
import streamlit as st

from analysis.filters import passing
from data.trial import IntArray, Trial
from report.charts.patient_labels import short_name
from report.numbers import count
from report.patient_words import who
from ui import state
from ui.cache import once
from ui.text import inert

MOST_OPTIONS: Final = 400
"""Patients up to whom one list holds everybody; beyond it, names are typed and a few are listed.

A list is sent to the browser with every change on the page: 12,000 names would be a quarter of a
megabyte each time.
"""
MOST_FOUND: Final = 50

_CHOICE: Final = "w.patient"
_SEARCH: Final = "w.find-patient"


def choose_patient(trial: Trial) -> int:
    """Draw previous, search, next and position; return the position of the chosen patient.

    Previous and next walk over the patients that pass the filters. A patient who does not, or not
    any more, stays on the page until another one is chosen, and the page says so.
    """
    walk = walkable(trial)
    current = current_patient(trial, walk)
    with st.container(horizontal=True, vertical_alignment="center"):
        _step_button("Previous", -1, walk, current)
        _search(trial, walk, current)
        _step_button("Next", 1, walk, current)
        st.markdown(_place(trial, walk, current), width="stretch")
    if walk.size < len(trial.patient_ids) and current not in walk:
        name = inert(trial.patient_ids[current])
        st.info(
            f"{name} does not pass the filters and is not compared. Previous and next lead to "
            "patients who do.",
            icon=":material/filter_alt:",
        )
    return current


def walkable(trial: Trial) -> IntArray:
    """Return the positions of the patients that pass the filters, in the order of the trial."""
    settings = state.settings()
    key = ("passing", trial.instance, settings.key)
    return once(key, lambda: np.flatnonzero(passing(trial, settings)))


def current_patient(trial: Trial, walk: IntArray) -> int:
    """Return who is looked at: the chosen patient, else the first who passes the filters."""
    chosen = state.view().patient
    if chosen is None:
        return int(walk[0]) if walk.size else 0
    return min(chosen, len(trial.patient_ids) - 1)


def found(trial: Trial, walk: IntArray, typed: str) -> list[int]:
    """Return who is meant by what was typed: names that begin with it first, then those with it.

    Parameters
    ----------
    trial, walk
        Whose names, and the positions that are searched.
    typed
        Any part of a name; upper and lower case are the same.
    """
    wanted = typed.strip().casefold()
    if not wanted:
        return []
    names = {int(i): trial.patient_ids[i].casefold() for i in walk}
    same = [i for i, name in names.items() if name == wanted]
    first = [i for i, name in names.items() if name.startswith(wanted) and name != wanted]
    inside = [i for i, name in names.items() if wanted in name and not name.startswith(wanted)]
    return [*same, *first, *inside]


def _show(position: int) -> None:
    state.change_view(patient=position, value=None)


def _step_button(label: str, by: int, walk: IntArray, current: int) -> None:
    side = walk[walk < current] if by < 0 else walk[walk > current]
    target = int(side[-1] if by < 0 else side[0]) if side.size else None
    key = "Left" if by < 0 else "Right"
    st.button(
        label,
        on_click=_show,
        args=(target,),
        disabled=target is None,
        help=f"{label} patient ({key.lower()} arrow key)",
        shortcut=key,
        key=f"w.{label.lower()}",
    )


def _search(trial: Trial, walk: IntArray, current: int) -> None:
    options = sorted({*walk.tolist(), current})
    if len(options) > MOST_OPTIONS:
        typed = st.text_input(
            "Find a patient",
            key=_SEARCH,
            placeholder="Find a patient",
            label_visibility="collapsed",
            width=150,
            help="Any part of a name.",
        )
        matches = found(trial, walk, typed)
        options = list(dict.fromkeys([current, *matches[:MOST_FOUND]]))
        if typed.strip():
            more = f", the first {MOST_FOUND} listed" if len(matches) > MOST_FOUND else ""
            st.caption(f"{len(matches):,} found{more}", width="content")
    st.session_state[_CHOICE] = current
    st.selectbox(
        "Patient",
        options,
        format_func=trial.patient_ids.__getitem__,
        key=_CHOICE,
        on_change=lambda: _show(st.session_state[_CHOICE]),
        label_visibility="collapsed",
        width=170,
    )


def _place(trial: Trial, walk: IntArray, current: int) -> str:
    at = int(np.searchsorted(walk, current)) + 1 if current in walk else 0
    place = f"{at} of {walk.size:,}" if at else f"none of the {walk.size:,} shown"
    out = len(trial.patient_ids) - walk.size
    place += f", {count(out, 'patient')} filtered out" if out else ""
    return " · ".join([place, *map(inert, who(trial, current))])


def pin_button(trial: Trial, current: int) -> None:
    """Draw the button that keeps a patient in the figure beside the next one, or lets go."""
    pinned = pinned_patient(trial)
    if pinned is None or pinned == current:
        label = "Pin to compare" if pinned is None else "Unpin"
        help_text = (
            "Keep this patient in the figure while you go to another one."
            if pinned is None
            else "Pinned: go to another patient to see both."
        )
        st.button(
            label,
            icon=":material/push_pin:",
            type="tertiary",
            on_click=state.change_view,
            kwargs={"pinned": current if pinned is None else None},
            help=help_text,
            key="w.pin",
        )
        return
    st.button(
        f"Unpin {inert(short_name(trial.patient_ids[pinned]))}",
        icon=":material/push_pin:",
        type="tertiary",
        on_click=state.change_view,
        kwargs={"pinned": None},
        key="w.pin",
    )


def pinned_patient(trial: Trial) -> int | None:
    """Return the position of the pinned patient, if there is one."""
    pinned = state.view().pinned
    return pinned if pinned is not None and pinned < len(trial.patient_ids) else None
