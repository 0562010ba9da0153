"""The chosen exhibits: order, captions, previews, and what changed since they were added."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import streamlit as st

from data.trial import Trial
from report.exhibits.chart import Chart, Exhibit, Table
from report.exhibits.registry import KINDS, make_exhibit
from report.exhibits.sources import Sources
from report.look import LIGHT
from report.presentation.basket import (
    LONGEST_CAPTION,
    MOST_ITEMS,
    Item,
    clean_caption,
    default_basket,
    moved,
)
from report.presentation.contents import item_title
from report.scene.from_figure import scene_of
from report.scene.paper import scene_bytes
from report.tables import export_names
from ui import cache, state
from ui.text import inert
from ui.untreated_results import is_light

_PREVIEW_MM: Final = 210


def nothing_chosen(trial: Trial) -> None:
    """Say how exhibits are chosen, and offer what most talks need."""
    st.info(
        "Nothing is chosen yet. “Add to presentation” under a figure, a table or sentences keeps "
        "it here with its settings, ready for slides, files and the meeting.",
        icon=":material/co_present:",
    )
    st.button(
        "Take what most talks need",
        icon=":material/playlist_add:",
        type="primary",
        on_click=_take_usual,
        help="Courses, slopes, untreated trials, responders, leave-one-out, published results, "
        "tests and results of each endpoint",
        key="w.usual",
    )


def chosen_items(trial: Trial) -> None:
    """Draw the list of what is chosen."""
    items = state.basket()
    stale = sum(1 for item in items if item.changed(trial, state.settings()))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"##### {len(items)} {'item' if len(items) == 1 else 'items'}")
        if stale:
            st.button(
                f"Refresh {stale} changed",
                icon=":material/refresh:",
                on_click=_refresh_all,
                key="w.refresh-all",
            )
        st.button(
            "Add what most talks need",
            icon=":material/playlist_add:",
            type="tertiary",
            on_click=_add_usual,
            key="w.add-usual",
        )
        st.button(
            "Remove all",
            icon=":material/delete_sweep:",
            type="tertiary",
            on_click=lambda: state.change_basket(()),
            key="w.remove-all",
        )
    for at, item in enumerate(items):
        _row(trial, at, item, len(items))


def _row(trial: Trial, at: int, item: Item, n: int) -> None:
    changed = item.changed(trial, state.settings())
    key = item.spot.key
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            page = KINDS[item.spot.kind].page
            flag = f"&ensp;:orange-badge[{changed}]" if changed else ""
            st.markdown(f"{at + 1}. {inert(item_title(trial, item))} :small[:gray[{page}]]{flag}")
            if changed:
                _tool("Refresh", ":material/refresh:", _refresh, at, key, words=True)
            _tool("Move up", ":material/arrow_upward:", _up, at, key, off=at == 0)
            _tool("Move down", ":material/arrow_downward:", _down, at, key, off=at == n - 1)
            _tool("Remove", ":material/close:", _remove, at, key)
        caption = f"w.caption-{key}"
        st.session_state[caption] = item.caption
        with st.container(horizontal=True, vertical_alignment="center"):
            st.text_input(
                "Caption",
                max_chars=LONGEST_CAPTION,
                placeholder="Caption, if you want one. Do not name people.",
                label_visibility="collapsed",
                on_change=_caption,
                args=(at, caption),
                key=caption,
            )
            shown = st.checkbox("Preview", key=f"w.preview-{key}")
        if shown:
            _preview(trial, item)


def _tool(
    label: str,
    icon: str,
    act: object,
    at: int,
    key: str,
    *,
    off: bool = False,
    words: bool = False,
) -> None:
    st.button(
        label if words else "",
        icon=icon,
        help=label,
        type="tertiary",
        disabled=off,
        on_click=act,  # type: ignore[arg-type]  # one of the functions below
        args=(at,),
        key=f"w.{label}-{key}",
    )


def _preview(trial: Trial, item: Item) -> None:
    """Draw an item as files show it; made with its own settings."""
    exhibit = exhibit_of(trial, item)
    if exhibit is None:
        st.caption("These data and settings have nothing of this kind; files leave it out.")
    elif isinstance(exhibit, Chart):
        picture = cache.once(
            ("preview", trial.instance, item.settings.key, item.spot.key),
            lambda: picture_of(exhibit, trial),
        )
        st.image(picture, width="stretch")
        st.caption(inert(exhibit.frame.subtitle))
    elif isinstance(exhibit, Table):
        st.table(exhibit.cells(export_names(trial)), border="horizontal", hide_index=True)
    else:
        for line in exhibit.lines(export_names(trial)):
            st.markdown(inert(line))


def exhibit_of(trial: Trial, item: Item) -> Exhibit | None:
    """Return what an item shows with its own settings and the data of now."""
    comparison = cache.comparison(trial, item.settings)
    sources = Sources(trial, item.settings, cache.once, comparison, is_light(comparison))
    return make_exhibit(sources, item.spot, state.variants().kept)


def picture_of(chart: Chart, trial: Trial) -> bytes:
    """Return a figure as a picture in the light look, patients called as in exports."""
    figure = chart.build(LIGHT, export_names(trial))
    return scene_bytes(scene_of(figure, chart.print_width), "png", width_mm=_PREVIEW_MM, dpi=110)


def _take_usual() -> None:
    state.change_basket(default_basket(state.trial(), state.settings()))


def _add_usual() -> None:
    """Add, behind what is chosen, those of the usual exhibits that are not."""
    now = state.basket()
    chosen = {item.spot for item in now}
    usual = default_basket(state.trial(), state.settings())
    more = tuple(item for item in usual if item.spot not in chosen)
    state.change_basket((*now, *more)[:MOST_ITEMS])


def _refresh_all() -> None:
    now = state.trial(), state.settings()
    state.change_basket(tuple(item.refreshed(*now) for item in state.basket()))


def _refresh(at: int) -> None:
    _put(at, state.basket()[at].refreshed(state.trial(), state.settings()))


def _caption(at: int, key: str) -> None:
    _put(at, replace(state.basket()[at], caption=clean_caption(st.session_state[key])))


def _put(at: int, item: Item) -> None:
    items = state.basket()
    state.change_basket((*items[:at], item, *items[at + 1 :]))


def _up(at: int) -> None:
    state.change_basket(moved(state.basket(), at, -1))


def _down(at: int) -> None:
    state.change_basket(moved(state.basket(), at, 1))


def _remove(at: int) -> None:
    items = state.basket()
    state.change_basket((*items[:at], *items[at + 1 :]))
