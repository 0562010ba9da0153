"""Meeting mode: one item at a time in large type, no names, no dates, small groups hidden."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import streamlit as st

from analysis.comparison import Comparison
from data.trial import Trial
from report.exhibits.chart import Chart, Exhibit, Table
from report.look import LOOKS
from report.numbers import count
from report.presentation.contents import Contents, Part
from report.presentation.meeting import hidden_because, letters
from report.scene.from_figure import scene_of
from report.scene.paper import scene_bytes
from ui import state
from ui.present_files import contents_now
from ui.text import inert

_MEETING: Final = "alslope.meeting"
_AT: Final = "alslope.meeting_at"
_FEWEST: Final = "w.fewest"
_HEADLINE: Final = "slopes"
"""The exhibit under which the sentence on untreated trials stands; others would repeat it."""

_LAID_OUT: Final = 640
"""Pixels at which figures are laid out: on a full screen their type is half as large again."""

_STYLE: Final = """<style>
[data-testid="stSidebar"],[data-testid="stSidebarCollapsedControl"],[data-testid="stHeader"],
[data-testid="stExpandSidebarButton"]{display:none}
[data-testid="stMainBlockContainer"]{padding:1rem 2rem;max-width:none}
[data-testid="stImage"] img{max-height:calc(100vh - 310px);width:auto;max-width:100%;
margin:auto;object-fit:contain}
[data-testid="stMain"] h3{font-size:1.9rem}
[data-testid="stMain"] p,[data-testid="stMain"] td,[data-testid="stMain"] th{font-size:1.25rem}
</style>"""


@dataclass(frozen=True)
class Frozen:
    """What a meeting shows: it stays as it was when the meeting began.

    Parameters
    ----------
    contents
        The presentation.
    names
        What patients are called: A, B, C …
    fewest
        Patients below whose number a result is hidden.
    """

    contents: Contents
    names: tuple[str, ...]
    fewest: int


def in_meeting() -> bool:
    """Whether a meeting is on."""
    return _MEETING in st.session_state


def start_meeting(trial: Trial, comparison: Comparison) -> None:
    """Draw what begins a meeting."""
    st.markdown("##### Meeting")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.number_input(
            "Hide results of fewer patients than",
            1,
            20,
            5,
            help="A figure of one patient is shown only where this is 1.",
            key=_FEWEST,
            width=260,
        )
        st.button(
            "Start meeting",
            icon=":material/co_present:",
            on_click=_begin,
            args=(trial, comparison),
            key="w.meet",
        )
    st.caption(
        "Full width, large type, one item at a time; arrow keys turn, Esc ends. Patients are "
        "called A, B, C …; captions stay as you wrote them. What is shown is frozen until the "
        "meeting ends. F11 takes the whole screen."
    )
    alone = sum(1 for item in state.basket() if item.spot.patient is not None)
    if alone and int(st.session_state[_FEWEST]) > 1:
        st.warning(
            f"{count(alone, 'exhibit')} of one patient will not be shown: results of fewer than "
            f"{st.session_state[_FEWEST]} patients are hidden. Set that number to 1 to show them.",
            icon=":material/visibility_off:",
        )


def _begin(trial: Trial, comparison: Comparison) -> None:
    st.session_state[_MEETING] = Frozen(
        contents_now(trial, comparison),
        letters(len(trial.patient_ids)),
        int(st.session_state.get(_FEWEST, 5)),
    )
    st.session_state[_AT] = 0


def _end() -> None:
    st.session_state.pop(_MEETING, None)


def _turn(by: int, n: int) -> None:
    st.session_state[_AT] = min(max(st.session_state[_AT] + by, 0), n - 1)


def meeting() -> None:
    """Draw the item of the meeting that is on."""
    frozen: Frozen = st.session_state[_MEETING]
    contents = frozen.contents
    parts = [part for part in contents.parts if part.exhibit is not None]
    at = min(st.session_state[_AT], max(0, len(parts) - 1))
    st.html(_STYLE)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Previous",
            icon=":material/arrow_back:",
            on_click=_turn,
            args=(-1, len(parts)),
            disabled=at == 0,
            shortcut="Left",
            key="w.meeting-back",
        )
        st.button(
            "Next",
            icon=":material/arrow_forward:",
            on_click=_turn,
            args=(1, len(parts)),
            disabled=at >= len(parts) - 1,
            shortcut="Right",
            key="w.meeting-on",
        )
        simulated = " · simulated data" if contents.trial.simulated else ""
        st.markdown(
            f":small[:gray[{at + 1} of {len(parts)} · {inert(contents.title)}{simulated} · frozen, "
            f"data {contents.trial.hash[:8]}]]"
        )
        st.button(
            "End meeting",
            icon=":material/close:",
            on_click=_end,
            shortcut="Esc",
            key="w.meeting-end",
        )
    if parts:
        _item(parts[at], frozen)
    else:
        st.info("Nothing that is chosen can be shown with these data.")


def _item(part: Part, frozen: Frozen) -> None:
    contents = frozen.contents
    st.markdown(f"### {inert(_named(part.title, contents.names, frozen.names))}")
    reason = hidden_because(part, contents, frozen.fewest)
    if reason:
        st.info(inert(reason), icon=":material/visibility_off:")
        return
    if part.item.caption:
        st.markdown(inert(part.item.caption))
    _show(part.exhibit, frozen)
    if part.legend:
        st.caption(inert(part.legend))
    if part.item.spot.kind == _HEADLINE and isinstance(part.exhibit, Chart):
        st.caption(inert(part.exhibit.frame.untreated))


def _show(exhibit: Exhibit | None, frozen: Frozen) -> None:
    if isinstance(exhibit, Chart):
        width = max(_LAID_OUT, exhibit.min_width)
        look = LOOKS[st.context.theme.type or "light"]
        scene = scene_of(exhibit.build(look, frozen.names), width)
        picture = scene_bytes(scene, "png", width_mm=300, dpi=150, background=look.bg)
        st.image(picture, width="stretch")
    elif isinstance(exhibit, Table):
        st.table(exhibit.cells(frozen.names), border="horizontal", hide_index=True)
    elif exhibit is not None:
        for line in exhibit.lines(frozen.names):
            st.markdown(inert(line))


def _named(title: str, old: Sequence[str], new: Sequence[str]) -> str:
    """Return a title whose patient is called as in the meeting."""
    start, _, name = title.rpartition(" ")
    return f"{start} {new[list(old).index(name)]}" if name in old and start else title
