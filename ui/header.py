"""What stands on top of every page: trial, n, endpoint switch, link, and what differs."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

import streamlit as st

from analysis.comparison import Comparison
from data.endpoints import ENDPOINTS
from data.trial import Trial
from report.numbers import count
from ui import cache, state
from ui.components import mount_copy_link
from ui.explain import explain
from ui.first_steps import first_steps
from ui.navigation import SLOPES, TRIAL, address
from ui.text import inert

_SWITCH: Final = "w.show"
_CHIPS: Final = "w.chips"


def page_header(title: str, path: str, *, with_switch: bool = True) -> Comparison:
    """Draw the head of a page and return the comparison of all endpoints.

    Parameters
    ----------
    title, path
        The page's title and file.
    with_switch
        Whether the page shows endpoints that can be switched.
    """
    state.change_view(document="")
    trial, settings = state.trial(), state.settings()
    result = cache.comparison(trial, settings)
    with st.container(horizontal=True, vertical_alignment="center"):
        _title(title, trial, result)
        # Together, so that a long title leaves none of them alone on a line.
        with st.container(horizontal=True, vertical_alignment="center", width="content"):
            if with_switch:
                _endpoint_switch()
            explain(title)
            _copy_link(path)
    # Both containers are always there: a row that comes and goes would redraw the charts below it.
    with st.container():
        _notices(path)
    with st.container():
        _chips()
    with st.container():
        if path == SLOPES:
            first_steps()
    return result


def _title(title: str, trial: Trial, result: Comparison) -> None:
    badge = ":gray-badge[:material/science: simulated]" if trial.simulated else ""
    loaded = len(trial.patient_ids)
    st.markdown(
        f"### {title}&ensp;:small[:gray[{inert(trial.title)}]]&ensp;{badge}&nbsp;"
        f":small[:gray[{result.n_analysed:,} analysed of {loaded:,} loaded]]",
        help=_flow_help(result),
        width="stretch",
    )


def _flow_help(result: Comparison) -> str:
    lines = []
    for endpoint in result.endpoints:
        steps = " → ".join(f"{step.n} {step.name}" for step in endpoint.flow)
        left = [named for step in endpoint.flow for named in step.left]
        first = ", ".join(f"{inert(p)} ({inert(why)})" for p, why in left[:20])
        missing = f" Not in it: {first}." if left else ""
        more = f" And {len(left) - 20} more." if len(left) > 20 else ""
        lines.append(f"**{endpoint.endpoint.label}**: {steps}.{missing}{more}")
    lines += [f"**{absent.label}**: no value in this trial." for absent in result.absent]
    return "\n\n".join(lines)


def _endpoint_switch() -> None:
    keys = state.settings().endpoints
    words = {key: ENDPOINTS[key].label for key in keys}
    words[state.EVERY] = "both" if len(keys) == 2 else "all"
    chosen = state.view().show
    st.session_state[_SWITCH] = chosen if chosen in words else state.EVERY
    st.segmented_control(
        "Endpoint",
        list(words),
        format_func=words.__getitem__,
        key=_SWITCH,
        on_change=_switched,
        label_visibility="collapsed",
        width="content",
    )


def _switched() -> None:
    chosen = st.session_state[_SWITCH]
    if chosen is not None:
        state.change_view(show=chosen)


def _copy_link(path: str) -> None:
    hidden = state.settings().unshared_decisions
    hint = "Copies a link to this page with these settings."
    if hidden:
        left_out = count(hidden, "exclusion that names", "exclusions that name")
        hint += f" {left_out} a patient stay out of the link."
    if state.trial().origin == "upload":
        hint += " The file itself is never in a link: whoever opens it needs the file too."
    mount_copy_link(f"{address(path)}?{urlencode(state.link_query())}", hint, "copy-link")


def _notices(path: str) -> None:
    if state.missing_upload():
        st.warning(
            "The file of this link was not kept: files never are. Please drop it again on the "
            "Trial page. The settings are restored from the link; answers, corrections and "
            "exclusions are not in it. Until then a simulated example is shown.",
            icon=":material/upload_file:",
        )
        if path != TRIAL:
            st.page_link(TRIAL, label="Drop the file", icon=":material/folder_open:")
    for problem in state.link_problems():
        st.warning(inert(problem), icon=":material/link_off:")


def _chips() -> None:
    words = state.settings().differences(state.base_settings())
    if not words:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(":small[:gray[Differs from the default]]", width="content")
        st.session_state[_CHIPS] = list(words)
        st.pills(
            "Settings that differ from the default",
            list(words),
            format_func=lambda name: f"{inert(words[name])} ✕",
            selection_mode="multi",
            key=_CHIPS,
            on_change=_chip_removed,
            label_visibility="collapsed",
            width="content",
        )
        st.button("Reset", type="tertiary", on_click=_reset, key="w.reset")


def _chip_removed() -> None:
    kept = set(st.session_state[_CHIPS])
    base = state.base_settings()
    removed = [name for name in state.settings().differences(base) if name not in kept]
    state.change_settings(**{name: getattr(base, name) for name in removed})


def _reset() -> None:
    base = state.base_settings()
    names = state.settings().differences(base)
    state.change_settings(**{name: getattr(base, name) for name in names})
