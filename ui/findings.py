"""What was noticed while reading, grouped by kind, each with its place and next step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pandas as pd
import streamlit as st

from data.findings import Finding
from data.recipe import CellFix
from report.numbers import count
from ui.check_titles import title_of
from ui.corrections import all_buttons, fix_of, proposal_buttons, proposals
from ui.text import inert

ICONS: Final = {
    "error": ":material/block:",
    "warning": ":material/warning:",
    "info": ":material/info:",
}
PRIVACY: Final = ("PHI_COLUMNS", "PHI_FREE_TEXT")
_ORDER: Final = {"error": 0, "warning": 1, "info": 2}
_MOST_LINES: Final = 8
_OPEN_UP_TO: Final = 3
_WIDEST_HEIGHT: Final = 320


def findings_list(findings: Sequence[Finding], *, correctable: bool) -> None:
    """Draw what was found: errors, warnings by kind, then remarks in one closed box.

    Parameters
    ----------
    findings
        What was found.
    correctable
        Whether it was found in the files dropped last, so that corrections can be applied.
    """
    others = [finding for finding in findings if finding.code not in PRIVACY]
    privacy_box([finding for finding in findings if finding.code in PRIVACY])
    kinds = _by_code([finding for finding in others if finding.severity != "info"])
    remarks = [finding for finding in others if finding.severity == "info"]
    warnings = [group for group in kinds.values() if group[0].severity == "warning"]
    if len(warnings) > 1:
        n = sum(len(group) for group in warnings)
        st.caption(f"{count(n, 'point')} to check, of {count(len(warnings), 'kind')}.")
    if not kinds and len(others) == len(findings):
        st.caption("Read without anything to check.")
    for code, group in kinds.items():
        first = group[0]
        if first.severity == "error":
            for finding in group:
                st.error(inert(finding.sentence()), icon=ICONS["error"])
            continue
        title = f"{title_of(code)} · {len(group):,}"
        expanded = len(group) <= _OPEN_UP_TO
        with st.expander(title, icon=ICONS[first.severity], expanded=expanded):
            _group(group, code, proposals(group) if correctable else [])
    if remarks:
        with st.expander(f"Remarks · {len(remarks):,}", icon=ICONS["info"]):
            _table(remarks, "remarks", named=True)


def privacy_box(findings: Sequence[Finding]) -> None:
    """Say which columns identify people: those left out, and those in use."""
    left_out = [finding for finding in findings if "not read" in finding.next_step]
    used = [finding for finding in findings if finding not in left_out]
    for group, title, icon in (
        (left_out, "Personal details were left out", ":material/shield:"),
        (used, "Personal details are in use", ICONS["warning"]),
    ):
        if not group:
            continue
        with st.container(border=True, gap="xsmall"):
            st.markdown(f"{icon} **{title}**")
            for finding in group:
                st.markdown(_line(finding, with_step=True))


def _by_code(findings: Sequence[Finding]) -> dict[str, list[Finding]]:
    result: dict[str, list[Finding]] = {}
    for finding in sorted(findings, key=lambda finding: _ORDER[finding.severity]):
        result.setdefault(finding.code, []).append(finding)
    return result


def _group(group: Sequence[Finding], code: str, fixes: Sequence[CellFix]) -> None:
    """Draw the findings of one kind: a few as lines, many as a table."""
    steps = {finding.next_step for finding in group}
    one_step = len(steps) == 1 and len(group) > 1
    if one_step:
        st.markdown(f":small[:gray[{inert(next(iter(steps)))}]]")
    all_buttons(fixes, code)
    lines, rest = group[:_MOST_LINES], group[_MOST_LINES:]
    if len(group) > _MOST_LINES and not fixes:
        lines, rest = (), group
    for k, finding in enumerate(lines):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(_line(finding, with_step=not one_step), width="stretch")
            fix = fix_of(finding)
            if fix is not None and fix in fixes:
                proposal_buttons(fix, f"{code}-{k}")
    if rest:
        if lines:
            st.caption(
                f"And {count(len(rest), 'more', 'more')}; as these are answered, they move up."
            )
        _table(rest, code)


def _line(finding: Finding, *, with_step: bool) -> str:
    step = f" {inert(finding.next_step)}" if with_step and finding.next_step else ""
    place = f"  \n:small[:gray[{inert(finding.place)}]]" if finding.place else ""
    return f"{inert(finding.text)}{step}{place}"


def _table(findings: Sequence[Finding], key: str, *, named: bool = False) -> None:
    table: dict[str, list[object]] = (
        {"check": [title_of(f.code) for f in findings]} if named else {}
    )
    table["file"] = [f.file + (f", {f.sheet}" if f.sheet else "") for f in findings]
    table["row"] = [f.row for f in findings]
    table["column"] = [f.column for f in findings]
    table["found"] = [f.text for f in findings]
    table["next step"] = [f.next_step for f in findings]
    shown = {
        name: cells
        for name, cells in table.items()
        if name in ("found", "next step") or any(cell not in (None, "") for cell in cells)
    }
    frame = pd.DataFrame(shown)
    if "row" in frame:
        frame["row"] = frame["row"].astype("Int64")
    st.dataframe(
        frame,
        hide_index=True,
        key=f"w.findings-{key}",
        height=min(_WIDEST_HEIGHT, 38 + 35 * len(findings)),
        column_config={
            "found": st.column_config.TextColumn(width="large"),
            "next step": st.column_config.TextColumn(width="large"),
        },
    )
