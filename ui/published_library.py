"""The Published tab "This trial among the others": forest, responders, sources, own rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import streamlit as st

from analysis.comparison import Comparison, EndpointComparison
from analysis.published.rows import ChangeRow, ShareRow, change_rows, share_rows
from data.published import load_library
from data.published_values import Library
from data.trial import Trial
from report import published_words as words
from report.exhibits.published import forest_chart, published_responders_chart
from ui import published_state as session
from ui.figures import show_figure
from ui.published_own_rows import own_rows
from ui.tables import show_table
from ui.text import inert
from ui.untreated_results import untreated_said


def library_tab(
    trial: Trial, comparison: Comparison, results: Sequence[EndpointComparison]
) -> None:
    """Draw this trial among the published results, and let rows be added.

    Parameters
    ----------
    trial, comparison
        The data and the primary analysis.
    results
        Endpoints that are shown.
    """
    library = load_library().with_rows(session.known().added)
    for result in results:
        _changes(trial, comparison, result, library)
    for result in results:
        _shares(trial, comparison, result, library)
    own_rows()


def _changes(
    trial: Trial, comparison: Comparison, result: EndpointComparison, library: Library
) -> None:
    confidence, key = comparison.settings.confidence, result.endpoint.key
    rows = change_rows(result, trial.title, library, confidence)
    label, own = result.endpoint.label, words.own_periods(comparison.settings)
    said = untreated_said(trial, comparison, key)
    show_figure(forest_chart(trial, comparison, result, rows, said), trial)
    if any(row.band for row in rows):
        st.caption(words.band_note())
    _sources(rows)
    if any(row.source for row in rows):
        with st.expander(f"{label}: design, people, notes and sources"):
            show_table(
                words.change_table(rows, own),
                f"published-table-{key}",
                trial,
                columns={"source": _link()},
                untreated=said,
            )


def _shares(
    trial: Trial, comparison: Comparison, result: EndpointComparison, library: Library
) -> None:
    confidence, key = comparison.settings.confidence, result.endpoint.key
    rows = share_rows(result, trial.title, library, confidence)
    if not any(row.source for row in rows):
        return
    label, said = result.endpoint.label, untreated_said(trial, comparison, key)
    show_figure(published_responders_chart(trial, comparison, result, rows, said), trial)
    _sources(rows)
    with st.expander(f"{label}: sources of the responder rates"):
        show_table(
            words.share_table(rows),
            f"published-shares-{key}",
            trial,
            columns={"source": _link()},
            untreated=said,
        )


def _sources(rows: Sequence[ChangeRow | ShareRow]) -> None:
    """Link every source below its figure."""
    links = [
        f"[{inert(names)}]({quote(link, safe=':/')})"
        for link, names in words.sources_of(rows).items()
    ]
    links += [f"{inert(name)} (no address)" for name in words.unlinked(rows)]
    if links:
        # A caption is faded, and its links with it to less than can be read.
        st.markdown(f":small[Sources: {' · '.join(links)}]")


def _link() -> Any:
    return st.column_config.LinkColumn("source", display_text=r"https://doi\.org/(.*)")
