"""The Published tab "Do the printed numbers add up?": which n, correlation and tests allow them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import streamlit as st

from analysis.published.consistency import (
    SLOW,
    TESTS,
    Consistency,
    Reading,
    consistency,
    readings_that_differ,
)
from analysis.published.printed import PrintedProblem, PrintedSummary
from report import consistency_words as words
from report.charts.consistency import consistency_alt, consistency_figure
from report.charts.parts import Frame
from report.published_report import check_footer, check_json
from ui import published_state as session
from ui.cache import once
from ui.figures import Chart, show_figure
from ui.tables import show_small_table, show_table
from ui.text import inert

Readings = Mapping[Reading, Consistency]
_QUICK: Final = tuple(test for test in TESTS if test not in SLOW)
_FIELDS: Final = (
    ("before_mean", "Mean before", "As printed, such as −5.4."),
    ("before_sd", "SD before", "What stands after ±, as printed."),
    ("after_mean", "Mean after", "As printed, such as −2. Type no decimals that are not printed."),
    ("after_sd", "SD after", "What stands after ±, as printed."),
    ("p", "P", "As printed, such as 0.014 or <0.001. Empty if none is printed."),
    ("n", "n", "Empty if it is not printed."),
)


def check_tab() -> None:
    """Draw the form of printed numbers and what they can and cannot mean."""
    st.caption(
        "Type mean ± SD before and after as a publication prints them. Two things are usually not "
        "printed: how many people were in the test, and how before and after go together (r). Not "
        "every P can come from every n and r."
    )
    _form()
    summaries = _summaries()
    if not summaries:
        st.info("Fill in the four numbers of a row, as printed.")
        return
    found: Readings = once(
        ("consistency", _key(summaries)),
        lambda: {
            reading: consistency(summaries, reading, _QUICK)
            for reading in readings_that_differ(summaries)
        },
    )
    _verdict(found)
    left = len(session.known().rows) - len(summaries)
    if left:
        rows = "1 row is" if left == 1 else f"{left} rows are"
        st.caption(f"{rows} not in this: fill in the four numbers as printed.")
    _map(summaries, found)
    _tests(summaries, found)


def _form() -> None:
    known = session.known()
    names = list(session.presets())
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.session_state["w.print-preset"] = known.preset if known.preset in names else names[-1]
        st.selectbox(
            "Fill in from",
            names,
            key="w.print-preset",
            on_change=lambda: session.fill_in(st.session_state["w.print-preset"]),
            help="Rows of the library that print mean ± SD before and after.",
            width=240,
        )
        st.session_state["w.print-mark"] = known.mark
        st.number_input(
            "Mark an n in the map",
            min_value=0,
            max_value=100,
            key="w.print-mark",
            on_change=lambda: session.change(mark=st.session_state["w.print-mark"]),
            help="Such as the number of people in the trial’s register; 0 for none.",
            width=180,
        )
        if len(known.rows) < session.MOST_ROWS:
            st.button("Add a row", icon=":material/add:", on_click=_add, key="w.print-add")
        else:
            st.caption(f"{session.MOST_ROWS} rows at most")
        if len(known.rows) > 1:
            st.button("Remove the last row", on_click=_remove, key="w.print-remove")
    for k, row in enumerate(known.rows):
        with st.container(border=True):
            _row(k, row)


def _row(k: int, row: session.PrintedRow) -> None:
    name, unit, whole = st.columns([3, 2, 4], vertical_alignment="bottom")
    with name:
        _text(k, row, "label", "What was measured", "")
    with unit:
        _text(k, row, "unit", "Unit", "Of all four numbers, such as points/month.")
    with whole:
        key = f"w.print-{k}-integers"
        st.session_state[key] = row.integers
        st.checkbox(
            "Each person’s value is a whole number",
            key=key,
            on_change=lambda: session.change_row(k, integers=st.session_state[key]),
            help="A difference of two ALSFRS-R totals is; a slope per month is not. Adds the check "
            "of granularity (GRIM, GRIMMER).",
        )
    for column, (field, label, hint) in zip(st.columns(len(_FIELDS)), _FIELDS, strict=True):
        with column:
            _text(k, row, field, label, hint)
    if not row.blank:
        try:
            row.summary()
        except PrintedProblem as problem:
            st.error(inert(str(problem)), icon=":material/edit:")


def _text(k: int, row: session.PrintedRow, field: str, label: str, hint: str) -> None:
    key = f"w.print-{k}-{field}"
    st.session_state[key] = getattr(row, field)
    st.text_input(
        label,
        key=key,
        max_chars=40,
        help=hint or None,
        on_change=lambda: session.change_row(k, **{field: st.session_state[key]}),
    )


def _add() -> None:
    session.change(rows=(*session.known().rows, session.PrintedRow()))


def _remove() -> None:
    session.change(rows=session.known().rows[:-1])


def _summaries() -> tuple[PrintedSummary, ...]:
    """Return the rows that can be read; the others say by themselves what is wrong."""
    found = []
    for row in session.known().rows:
        try:
            found.append(row.summary())
        except PrintedProblem:
            continue
    return tuple(found)


def _verdict(found: Readings) -> None:
    first = next(iter(found.values()))
    st.markdown(f"#### {inert(words.heading_over(found))}")
    lines = [*words.verdict(found), words.rank_sentence(first), words.whole_sentence(first)]
    st.markdown("\n".join(f"- {inert(line)}" for line in lines if line))
    st.caption(inert(words.LIMITS))


def _map(summaries: tuple[PrintedSummary, ...], found: Readings) -> None:
    printed, widest = next(iter(found.values())), list(found.values())[-1]
    mark = session.known().mark
    show_figure(
        Chart(
            name="consistency",
            build=lambda look, _: consistency_figure(printed, widest, mark, look),
            depends=(_key(summaries), mark),
            frame=Frame(
                words.heading(printed),
                "Paired t test. " + "; ".join(words.printed_line(one) for one in summaries),
                check_footer(),
            ),
            alt=consistency_alt(printed, widest),
            numbers=lambda _: words.n_table(printed),
            saves=bool(words.n_table(printed).size),
        ),
        None,
    )


def _tests(summaries: tuple[PrintedSummary, ...], found: Readings) -> None:
    st.markdown("**Which test allows which n**")
    readings = list(found)
    chosen = session.known().reading
    key = "w.print-reading"
    st.session_state[key] = chosen if chosen in readings else readings[0]
    st.radio(
        "Read the numbers",
        readings,
        format_func=lambda reading: inert(words.reading_name(reading, summaries)),
        key=key,
        horizontal=True,
        on_change=lambda: session.change(reading=st.session_state[key]),
    )
    reading: Reading = st.session_state[key]
    if not any(summary.p.text for summary in summaries):
        st.info("Type a P value: without it every test allows every n.")
    else:
        with st.spinner("Trying every test, those with ties too …"):
            every = once(
                ("consistency of all tests", _key(summaries), reading),
                lambda: consistency(summaries, reading),
            )
        show_small_table(words.test_table(every), "printed-tests", None)
        st.caption(
            "n up to 40. Ties are searched, not calculated: with them “none” can also mean that "
            "none was found. The printed P is taken as two-sided."
        )
        st.download_button(
            "Everything, JSON",
            data=lambda: json.dumps(check_json(every), indent=2, allow_nan=False).encode(),
            file_name="printed-numbers.json",
            mime="application/json",
            icon=":material/download:",
            on_click="ignore",
            key="save-printed-json",
        )
    if any(c.granularity for c in found[reading].checks):
        st.caption(inert(words.GRAIN_RULE))
    with st.expander("Every n: correlation, smallest P, whole numbers"):
        show_table(words.n_table(found[reading]), "printed-n", None)


def _key(summaries: tuple[PrintedSummary, ...]) -> Any:
    return tuple(json.dumps(summary.to_json()) for summary in summaries)
