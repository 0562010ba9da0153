"""Rows of published results that the user adds: one in a form, or many as a CSV file."""

from __future__ import annotations

from typing import Final

import pandas as pd
import streamlit as st

from data.published import Parsed, load_library, parse_rows
from data.published_values import (
    CHANGE_UNITS,
    MEASURED,
    PERIODS,
    RESPONDER_COLUMNS,
    SLOPE_COLUMNS,
    Library,
)
from report.library_csv import library_csv
from ui import published_state as session
from ui.tables import show_small_table
from ui.text import inert

_ENDPOINTS: Final = {"alsfrs_r": "ALSFRS-R", "alsfrs": "ALSFRS (0 to 40)", "fvc": "FVC"}
_UNITS: Final = tuple(
    f"{start}/{per}" for start in dict.fromkeys(CHANGE_UNITS.values()) for per in PERIODS
)
_WORDS: Final = (
    ("study", "Study", "First author, or name of the trial."),
    ("year", "Year", "Of the publication."),
    ("arm", "Arm", "Such as cells, or placebo."),
    ("n", "n", "Empty if it is not reported."),
)
_SLOPES: Final = (
    ("pre_mean", "Mean before", "As printed; a decline is negative."),
    ("pre_sd", "SD before", "As printed."),
    ("post_mean", "Mean after", "As printed; a decline is negative."),
    ("post_sd", "SD after", "As printed."),
    ("p", "P", "As printed, such as 0.014 or <0.001."),
)
_CHANGES: Final = (
    ("change_mean", "Mean change", "After − before; may be empty where both means are given."),
    ("change_sd", "SD of change", "Without it no interval follows from the change."),
    ("pre_months", "Months before", "Needed where the unit is per period."),
    ("post_months", "Months after", "Needed where the unit is per period."),
    ("doi", "DOI", "As in 10.1002/ana.25302."),
)
_EXAMPLE: Final = {
    "study": "# example: Smith",
    "year": "2024",
    "doi": "10.1000/example",
    "arm": "cells",
    "n": "20",
    "treated": "yes",
    "endpoint": "alsfrs_r",
    "unit": "points/month",
    "change_mean": "0.40",
    "change_sd": "0.90",
    "rule": ">=50 %",
    "window": "6 months",
    "responders": "0.35",
}
_LISTED: Final = 10


def own_rows() -> None:
    """Let the user add rows for this session, see them, take them back and save the library."""
    added = session.known().added
    with st.expander(f"Add published results ({len(added)} added in this session)"):
        st.caption(
            "Added rows are marked, stay in this session only, and are checked by nobody. Type "
            "numbers as they are printed: the decimals matter."
        )
        _form()
        _file()
        if len(added):
            _list(added)
        with st.container(horizontal=True):
            _download("Template, slopes", template(SLOPE_COLUMNS), "template-slopes")
            _download("Template, responders", template(RESPONDER_COLUMNS), "template-responders")
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


def _form() -> None:
    """Draw the form of one row of slopes; it is sent as a whole."""
    with st.form("w.published-form", border=True):
        cells = _cells(_WORDS)
        columns = st.columns(3)
        treated = columns[0].selectbox(
            "Who", ("given cells", "not given cells"), key="w.published-treated"
        )
        endpoint = columns[1].selectbox(
            "Endpoint",
            list(MEASURED),
            format_func=_ENDPOINTS.__getitem__,
            key="w.published-endpoint",
        )
        unit = columns[2].selectbox("Unit of all numbers", _UNITS, key="w.published-unit")
        cells |= _cells(_SLOPES) | _cells(_CHANGES)
        if not st.form_submit_button("Add this row", type="primary"):
            return
    cells |= {
        "treated": "yes" if treated == "given cells" else "no",
        "endpoint": str(endpoint),
        "unit": str(unit),
    }
    parsed = parse_rows(cells)
    _problems(parsed)
    if _new(parsed):
        session.change(added=session.known().added.with_rows(parsed.library))
        st.rerun()
    elif not parsed.problems:
        st.info("This row is there already.")


def _cells(fields: tuple[tuple[str, str, str], ...]) -> dict[str, str]:
    return {
        name: column.text_input(label, help=hint, max_chars=80, key=f"w.published-{name}") or ""
        for column, (name, label, hint) in zip(
            st.columns(len(fields), vertical_alignment="bottom"), fields, strict=True
        )
    }


def _file() -> None:
    dropped = st.file_uploader(
        "Or many rows: a CSV file in the columns of a template",
        type=["csv", "txt", "tsv"],
        key="w.published-file",
        max_upload_size=1,
        help="One row an arm and endpoint. A column “rule” makes it a file of responder rates.",
    )
    if dropped is None:
        return
    parsed = parse_rows(dropped.getvalue(), dropped.name)
    _problems(parsed)
    new = _new(parsed)
    if new:
        st.button(
            f"Add {new} row{'s' if new > 1 else ''}",
            type="primary",
            on_click=session.change,
            kwargs={"added": session.known().added.with_rows(parsed.library)},
            key="w.published-add",
        )
    elif not parsed.problems:
        st.success("All rows of this file are added.")


def _problems(parsed: Parsed) -> None:
    """Say in one alert what cannot be read; nothing is added then."""
    if not parsed.problems:
        return
    lines = [f"- {inert(str(problem))}" for problem in parsed.problems[:_LISTED]]
    more = len(parsed.problems) - _LISTED
    if more > 0:
        lines.append(f"- and {more:,} more")
    st.error("\n".join(["Nothing was added:", "", *lines]), icon=":material/edit:")


def _new(parsed: Parsed) -> int:
    """Return how many rows were read that are not there yet."""
    added = session.known().added
    there = set(map(repr, (*added.slopes, *added.responders)))
    rows = (*parsed.library.slopes, *parsed.library.responders)
    return sum(repr(row) not in there for row in rows)


def _list(added: Library) -> None:
    sources = [row.source for row in added.slopes] + [row.source for row in added.responders]
    rows = [
        {
            "study": f"{source.study} {source.year}",
            "arm": source.arm,
            "endpoint": _ENDPOINTS[source.endpoint],
            "n": "" if source.n is None else f"{source.n:,}",
        }
        for source in sources
    ]
    show_small_table(pd.DataFrame(rows), "published-added", None)


def template(columns: tuple[str, ...]) -> str:
    """Return the names of the columns below a comment with an example, which readers skip."""
    example = ",".join(_EXAMPLE.get(name, "") for name in columns)
    return f"{example}\n{','.join(columns)}\n"


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
