"""Corrections of cells: applying what a check proposes, declining it, undo, and the log."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

import pandas as pd
import streamlit as st

from data.findings import Finding
from data.recipe import MAX_FIXES, CellFix
from data.trial import Trial
from report.tables import csv_text
from ui import state
from ui.check_titles import title_of
from ui.mapping_form import DROP_AGAIN
from ui.text import inert

_MOST_LINES: Final = 12
_DATE: Final = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}")


def fix_of(finding: Finding) -> CellFix | None:
    """Return the correction that a finding proposes; none where its cell is not known in full."""
    whole = bool(finding.value) and not finding.value.endswith("…")
    if finding.proposal is None or finding.row is None or not whole:
        return None
    return CellFix(
        finding.file,
        finding.sheet,
        finding.row,
        finding.column,
        finding.value,
        finding.proposal,
        finding.code,
    )


def proposals(findings: Sequence[Finding]) -> list[CellFix]:
    """Return the corrections that can be applied and were not declined."""
    known = state.dropped()
    declined = set(known.declined) if known is not None else set()
    fixes = dict.fromkeys(fix for finding in findings if (fix := fix_of(finding)) is not None)
    return [fix for fix in fixes if fix not in declined]


def proposal_buttons(fix: CellFix, key: str) -> None:
    """Draw the two answers to one proposed correction."""
    words = f"Read as {inert(fix.read_as)}" if fix.read_as else "Read as missing"
    here = state.files_at_hand()
    # A row of its own, so that a narrow window moves both together.
    with st.container(horizontal=True, vertical_alignment="center", width="content"):
        st.button(
            words,
            on_click=_apply,
            args=((fix,),),
            disabled=not here,
            help=None if here else DROP_AGAIN,
            key=f"w.apply-{key}",
        )
        st.button(
            "Leave as it is",
            type="tertiary",
            on_click=_decline,
            args=((fix,),),
            key=f"w.leave-{key}",
        )


def all_buttons(fixes: Sequence[CellFix], key: str) -> None:
    """Draw the two answers to all proposed corrections of one kind."""
    if len(fixes) < 2:
        return
    here = state.files_at_hand()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            f"Apply all {len(fixes):,}",
            icon=":material/done_all:",
            on_click=_apply,
            args=(tuple(fixes),),
            disabled=not here,
            help="Applies every correction proposed for this kind." if here else DROP_AGAIN,
            key=f"w.apply-all-{key}",
        )
        st.button(
            "Leave all as they are",
            type="tertiary",
            on_click=_decline,
            args=(tuple(fixes),),
            key=f"w.leave-all-{key}",
        )


def corrections(trial: Trial) -> None:
    """List what was applied and declined, each with its undo, and the log to save."""
    known = state.dropped()
    if known is None or not (known.recipe.fixes or known.declined):
        return
    applied, declined = known.recipe.fixes, known.declined
    counts = [f"{len(applied):,} applied"] if applied else []
    counts += [f"{len(declined):,} declined"] if declined else []
    with st.expander(f"Corrections: {', '.join(counts)}", icon=":material/edit_note:"):
        st.caption("The file itself is never changed; a corrected cell is read differently.")
        here = state.files_at_hand()
        for k, fix in enumerate(applied[:_MOST_LINES]):
            _line(fix, fix.sentence(), f"w.undo-{k}", here, _undo)
        if len(applied) > _MOST_LINES:
            st.dataframe(_log(applied[_MOST_LINES:], ()), hide_index=True, key="w.more-fixes")
        for k, fix in enumerate(declined[:_MOST_LINES]):
            words = f"“{fix.found}” was left as it is"
            _line(fix, words, f"w.propose-{k}", True, _propose_again)
        if len(declined) > _MOST_LINES:
            st.caption(f"And {len(declined) - _MOST_LINES:,} more were left as they are.")
        _last_row(trial, applied, declined, here)


def _last_row(
    trial: Trial, applied: tuple[CellFix, ...], declined: tuple[CellFix, ...], here: bool
) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if len(applied) > 1:
            st.button(
                f"Undo all {len(applied):,}",
                type="tertiary",
                on_click=_undo_all,
                disabled=not here,
                help=None if here else DROP_AGAIN,
                key="w.undo-all",
            )
        log = _log(applied, declined)
        hidden = log.assign(
            **{name: log[name].map(_without_dates) for name in ("found", "proposal")}
        )
        st.download_button(
            "Log (CSV)",
            data=lambda: ("\ufeff" + csv_text(hidden, trial)).encode(),
            file_name="corrections.csv",
            mime="text/csv",
            icon=":material/download:",
            type="tertiary",
            on_click="ignore",
            help="Check, row, column, what was found and what was decided. Dates are left out.",
            key="w.save-corrections",
        )


def _line(
    fix: CellFix, words: str, key: str, possible: bool, undo: Callable[[CellFix], None]
) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"{inert(words)}  \n:small[:gray[{title_of(fix.code)} · {inert(_place(fix))}]]",
            width="stretch",
        )
        st.button(
            "Undo",
            type="tertiary",
            on_click=undo,
            args=(fix,),
            disabled=not possible,
            help=None if possible else DROP_AGAIN,
            key=key,
        )


def _place(fix: CellFix) -> str:
    sheet = f", sheet {fix.sheet}" if fix.sheet else ""
    return f"{fix.file}{sheet}, row {fix.row}, column {fix.column}"


def _log(applied: Sequence[CellFix], declined: Sequence[CellFix]) -> pd.DataFrame:
    rows = [(fix, "applied") for fix in applied] + [(fix, "left as it is") for fix in declined]
    return pd.DataFrame(
        {
            "check": [title_of(fix.code) for fix, _ in rows],
            "row": [fix.row for fix, _ in rows],
            "column": [fix.column for fix, _ in rows],
            "found": [fix.found for fix, _ in rows],
            "decision": [decision for _, decision in rows],
            "proposal": [fix.read_as or "missing" for fix, _ in rows],
        }
    )


def _without_dates(text: str) -> str:
    return "(a date)" if _DATE.search(text) else text


def _apply(fixes: tuple[CellFix, ...]) -> None:
    known = state.dropped()
    if known is None:
        return
    recipe = known.recipe
    for fix in fixes[: MAX_FIXES - len(recipe.fixes)]:
        recipe = recipe.with_fix(fix)
    state.change_dropped(recipe=recipe)


def _decline(fixes: tuple[CellFix, ...]) -> None:
    known = state.dropped()
    if known is not None:
        state.change_dropped(declined=(*known.declined, *fixes))


def _undo(fix: CellFix) -> None:
    known = state.dropped()
    if known is not None:
        state.change_dropped(recipe=known.recipe.without_fix(fix))


def _undo_all() -> None:
    known = state.dropped()
    if known is not None:
        state.change_dropped(recipe=replace(known.recipe, fixes=()))


def _propose_again(fix: CellFix) -> None:
    known = state.dropped()
    if known is not None:
        state.change_dropped(declined=tuple(other for other in known.declined if other != fix))
