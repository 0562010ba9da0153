"""The Published tab "This trial among the others": forest, responders, sources, own rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import streamlit as st

from analysis.comparison import Comparison, EndpointComparison
from analysis.published.rows import change_rows, share_rows
from data.published import load_library, parse_rows
from data.published_values import RESPONDER_COLUMNS, SLOPE_COLUMNS, Library
from data.trial import Trial
from report import published_words as words
from report.exhibits.published import forest_chart, published_responders_chart
from report.library_csv import library_csv
from ui import published_state as session
from ui.figures import show_figure
from ui.tables import show_table
from ui.text import inert
from ui.untreated_results import untreated_said

_PRINT_WIDTH: Final = 940


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
    _own_rows()


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
    with st.expander(f"{label}: sources of the responder rates"):
        show_table(
            words.share_table(rows),
            f"published-shares-{key}",
            trial,
            columns={"source": _link()},
            untreated=said,
        )


def _link() -> Any:
    return st.column_config.LinkColumn("source", display_text=r"https://doi\.org/(.*)")


def _own_rows() -> None:
    """Let the user add rows for this session, see them, take them back and save the library."""
    added = session.known().added
    with st.expander(f"Add published results ({len(added)} added in this session)"):
        st.caption(
            "A CSV file in the columns of the library: one row an arm and endpoint. A column "
            "“rule” makes it a file of responder rates. Added rows are marked, stay in this "
            "session only, and are checked by nobody."
        )
        dropped = st.file_uploader(
            "Rows to add", type=["csv", "txt", "tsv"], key="w.published-file", max_upload_size=1
        )
        if dropped is not None:
            parsed = parse_rows(dropped.getvalue(), dropped.name)
            for problem in parsed.problems[:10]:
                st.error(inert(str(problem)), icon=":material/edit:")
            if len(parsed.problems) > 10:
                st.error(f"And {len(parsed.problems) - 10} more.", icon=":material/edit:")
            if len(parsed.library):
                known = set(map(repr, (*added.slopes, *added.responders)))
                new = [
                    row
                    for row in (*parsed.library.slopes, *parsed.library.responders)
                    if repr(row) not in known
                ]
                if new:
                    st.button(
                        f"Add {len(new)} row{'s' if len(new) > 1 else ''}",
                        type="primary",
                        on_click=session.change,
                        kwargs={"added": added.with_rows(parsed.library)},
                        key="w.published-add",
                    )
                else:
                    st.success("All rows of this file are added.")
        with st.container(horizontal=True):
            _download("Template, slopes", ",".join(SLOPE_COLUMNS) + "\n", "template-slopes")
            _download(
                "Template, responders", ",".join(RESPONDER_COLUMNS) + "\n", "template-responders"
            )
            every = load_library().with_rows(added)
            _download("All slopes", library_csv(every, "slopes"), "published-slopes")
            _download("All responders", library_csv(every, "responders"), "published-responders")
            if len(added):
                st.button(
                    "Remove the added rows",
                    on_click=session.change,
                    kwargs={"added": Library()},
                    key="w.published-remove",
                )


def _download(label: str, text: str, name: str) -> None:
    st.download_button(
        label,
        data=("\ufeff" + text).encode(),
        file_name=f"{name}.csv",
        mime="text/csv",
        icon=":material/download:",
        type="tertiary",
        on_click="ignore",
        key=f"save-{name}",
    )
