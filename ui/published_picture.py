"""The Published tab "From summary to picture": a simulated trial that matches printed numbers."""

from __future__ import annotations

from typing import Any, Final

import streamlit as st

from analysis.published.attainable import paired_correlations
from analysis.published.consistency import READINGS, box_in
from analysis.published.printed import PrintedProblem, PrintedSummary
from analysis.published.summary_asked import (
    FEWEST,
    KEYS,
    LONGEST,
    MOST,
    MOST_VISITS,
    AskedEndpoint,
    AskedTrial,
    SummaryTrialProblem,
)
from analysis.published.summary_trial import SummaryTrial, summary_trial
from data.endpoints import ENDPOINTS
from report import summary_trial_words as words
from report.consistency_words import printed_line
from ui import published_state as session
from ui import state
from ui.cache import once
from ui.navigation import SLOPES
from ui.tables import show_small_table
from ui.text import inert

_N: Final = 12
_MONTHS: Final = 10.0
_USUAL_R: Final = 0.5
_PER: Final = {"month": 1.0, "year": 1 / 12}


def picture_tab() -> None:
    """Simulate a trial from the typed summary, and open it in the other pages."""
    st.caption(words.ABOUT)
    rows = _rows()
    if not rows:
        st.info(
            "Type the mean ± SD of ALSFRS-R or FVC under “Do the printed numbers add up?”. Rows "
            "that are called so are used here."
        )
        return
    st.markdown("\n".join(f"- {inert(printed_line(row))}" for row in rows.values()))
    asked = _asked(rows)
    if isinstance(asked, str):
        st.error(inert(asked), icon=":material/edit:")
        return
    try:
        found = once(("summary trial", repr(asked)), lambda: summary_trial(asked))
    except SummaryTrialProblem as problem:
        st.error(inert(str(problem)), icon=":material/edit:")
        return
    table = words.achieved_table(found.achieved, rows)
    show_small_table(table, "summary-numbers", found.trial)
    st.caption(inert(words.achieved_note(found.achieved)))
    st.caption(
        "It opens with rates per period and with day 0 in both periods, as in the table above. "
        "The recommended settings are one click away (Reset)."
    )
    _open(found)


def _rows() -> dict[str, PrintedSummary]:
    """Return the typed rows of endpoints that can be simulated, by key; the first of each."""
    found: dict[str, PrintedSummary] = {}
    for row in session.known().rows:
        try:
            summary = row.summary()
        except PrintedProblem:
            continue
        for key in KEYS:
            if summary.label.casefold() == ENDPOINTS[key].label.casefold():
                found.setdefault(key, summary)
    return found


def _asked(rows: dict[str, PrintedSummary]) -> AskedTrial | str:
    """Draw what the summary leaves open and return what is asked for, or what is wrong with it."""
    known = session.known()
    printed_n = next((row.n for row in rows.values() if row.n is not None), None)
    first, second, third, fourth, fifth = st.columns(5)
    with first:
        usual = printed_n or known.mark or _N
        n = _number("n", "People", FEWEST, MOST, max(FEWEST, min(MOST, usual)))
    with second:
        before = _number("before", "Months before", 1.0, LONGEST, _MONTHS)
    with third:
        after = _number("after", "Months after", 1.0, LONGEST, _MONTHS)
    with fourth:
        visits = _number("visits", "Visits a period", 2, MOST_VISITS, 6)
    with fifth:
        seed = _number("seed", "Random seed", 0, 999_999, 1)
    endpoints = []
    notes = [words.correlation_note(row, int(n)) for row in rows.values()]
    columns = st.columns(2)
    for column, (key, row) in zip(columns, rows.items(), strict=False):
        with column:
            label = f"{ENDPOINTS[key].label}: correlation of before and after"
            r = _number(f"r-{key}", label, -1.0, 1.0, _usual_r(row, int(n)), 0.05)
        scale = _PER.get(row.unit.partition("/")[2].strip())
        factors = (1.0, 1.0) if scale is None else (scale * before, scale * after)
        try:
            endpoints.append(
                AskedEndpoint(
                    key,
                    row.before_mean.value * factors[0],
                    row.before_sd.value * factors[0],
                    row.after_mean.value * factors[1],
                    row.after_sd.value * factors[1],
                    r,
                )
            )
        except SummaryTrialProblem as problem:
            return str(problem)
    st.markdown("\n".join(f"- {inert(note)}" for note in notes if note))
    try:
        return AskedTrial(
            tuple(endpoints), int(n), before, after, int(visits), known.preset, int(seed)
        )
    except SummaryTrialProblem as problem:
        return str(problem)


def _usual_r(row: PrintedSummary, n: int) -> float:
    """Return the middle of what the printed P needs by a paired t test, or a usual value."""
    p = row.p.interval()
    if p is None:
        return _USUAL_R
    found = (paired_correlations(box_in(row, reading), n, p) for reading in READINGS)
    needed = next((r for r in found if r is not None), None)
    return round(sum(needed) / 2, 2) if needed else _USUAL_R


def _number(name: str, label: str, low: Any, high: Any, usual: Any, step: Any = None) -> Any:
    key = f"w.picture-{name}"
    state.recall(key)
    if key not in st.session_state:
        st.session_state[key] = usual
    value = st.number_input(label, min_value=low, max_value=high, step=step, key=key)
    state.remember(key)
    return usual if value is None else value


def _open(found: SummaryTrial) -> None:
    with st.container(horizontal=True):
        if st.button("Open this trial", type="primary", icon=":material/open_in_new:"):
            state.open_trial(found.trial)
            chosen = found.settings
            state.change_settings(
                day0=chosen.day0, min_span_days=chosen.min_span_days, rate_unit=chosen.rate_unit
            )
            st.switch_page(SLOPES)
        st.download_button(
            "Its file, CSV",
            data=found.csv.encode(),
            file_name="simulated-from-summary.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
            key="save-summary-trial",
        )
