"""Which column holds what: shown for every file, asked where it could not be understood."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pandas as pd
import streamlit as st

from data.evidence import ROLES, ColumnEvidence
from report.numbers import count
from ui import state
from ui.readers import shapes
from ui.text import inert

_MOST: Final = 60
_WIDTHS: Final = (3, 4, 4)
NOT_USED: Final = "ignored"
DROP_AGAIN: Final = "Drop the same file again for this: it is not kept once you leave this page."


def mapping_form(columns: Sequence[ColumnEvidence], *, key: str) -> None:
    """Draw one row a column: its header, some of its cells, and what it holds.

    Only what the user changes enters the recipe; the rest is understood as before.
    """
    filled = {column.table for column in columns if column.samples or column.identifier}
    tables = [table for table in shapes(columns) if table in filled]
    with st.form(f"w.mapping-{key}", border=key == "asked"):
        chosen: dict[str, dict[str, str]] = {}
        for t, table in enumerate(tables):
            mine = _once_each([c for c in columns if c.table == table])
            if len(tables) > 1:
                st.markdown(f"**{inert(table)}**")
            _heads()
            for c, column in enumerate(mine[:_MOST]):
                role = _row(column, f"{key}-{t}-{c}")
                if role != _guess(column):
                    chosen.setdefault(table, {})[column.header] = role
            if len(mine) > _MOST:
                st.caption(f"The first {_MOST} of {len(mine):,} columns.")
        st.caption(
            "Needed: the patient, a time (the date of the visit, or days or months from a day), "
            "and ALSFRS-R or FVC. With dates, also the transplant date."
        )
        sent = st.form_submit_button("Read with these columns", type="primary")
    if sent:
        _take(columns, chosen)
        st.rerun()


def _take(columns: Sequence[ColumnEvidence], chosen: dict[str, dict[str, str]]) -> None:
    known = state.dropped()
    if known is None:
        return
    recipe = known.recipe
    for table, roles in chosen.items():
        recipe = recipe.with_mapping(table, {**recipe.mapping.get(table, {}), **roles})
    state.change_dropped(recipe=recipe, mapping_shown=False)
    for table in chosen:
        state.remember_mapping(columns, table)


def _once_each(columns: Sequence[ColumnEvidence]) -> list[ColumnEvidence]:
    """Return the columns, each header once: a mapping goes by headers."""
    return list({column.header: column for column in reversed(columns)}.values())[::-1]


def _heads() -> None:
    cells = st.columns(_WIDTHS)
    for cell, words in zip(cells, ("Column", "Some of its cells", "What it holds"), strict=True):
        cell.caption(words)


def _row(column: ColumnEvidence, key: str) -> str:
    header, samples, role = st.columns(_WIDTHS, vertical_alignment="center")
    header.markdown(inert(column.header))
    samples.markdown(f":small[:gray[{_samples(column)}]]")
    guess = _guess(column)
    options = list(ROLES) if guess in ROLES else [guess, *ROLES]
    said = {guess: column.meaning} if column.role and guess not in ROLES else {}
    return role.selectbox(
        f"What {column.header} holds",
        options,
        index=options.index(guess),
        format_func=lambda value: said.get(value) or ROLES[value],
        key=f"w.role-{key}",
        label_visibility="collapsed",
    )


def _guess(column: ColumnEvidence) -> str:
    """Return what the column was taken for; a value of its own where the form has no such role."""
    if not column.role:
        return NOT_USED
    plain = column.role in ROLES and ROLES[column.role] == column.meaning
    return column.role if plain else f"as read: {column.role}"


def _samples(column: ColumnEvidence) -> str:
    if column.identifier:
        return f"not shown: {inert(column.identifier)}"
    return inert(" · ".join(column.samples)) or "empty"


def understood(columns: Sequence[ColumnEvidence], as_before: Sequence[str]) -> None:
    """Show what every column was understood as, with a way to change it."""
    if not columns:
        return
    used = sum(bool(column.role) and column.role != NOT_USED for column in columns)
    here = state.files_at_hand()
    if as_before:
        _taken_as_before(as_before)
    title = f"Columns: {used:,} of {len(columns):,} used"
    with st.expander(title, icon=":material/view_column:", key="w.columns", on_change="rerun") as e:
        if not e.open and not _form_is_open():
            return
        if _form_is_open() and here:
            mapping_form(columns, key="change")
            st.button("Cancel", type="tertiary", on_click=_close, key="w.mapping-cancel")
            return
        several = len(shapes(columns)) > 1
        table: dict[str, list[str]] = {"table": [c.table for c in columns]} if several else {}
        table["column"] = [c.header for c in columns]
        table["understood as"] = [c.meaning or ROLES[NOT_USED] for c in columns]
        table["some of its cells"] = [_plain_samples(c) for c in columns]
        rows = min(len(columns), 9)
        st.dataframe(
            pd.DataFrame(table), hide_index=True, key="w.columns-table", height=38 + 35 * rows
        )
        st.button(
            "Change",
            type="tertiary",
            icon=":material/edit:",
            on_click=_open,
            disabled=not here,
            help=None if here else DROP_AGAIN,
            key="w.mapping-change",
        )


def _plain_samples(column: ColumnEvidence) -> str:
    if column.identifier:
        return f"not shown: {column.identifier}"
    return " · ".join(column.samples)


def _form_is_open() -> bool:
    known = state.dropped()
    return known is not None and known.mapping_shown


def _open() -> None:
    state.change_dropped(mapping_shown=True)


def _close() -> None:
    state.change_dropped(mapping_shown=False)


def _taken_as_before(tables: Sequence[str]) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            f"{count(len(tables), 'table has', 'tables have')} the shape of an earlier file: its "
            "columns are taken as you assigned them there.",
            width="content",
        )
        st.button(
            "Undo",
            type="tertiary",
            on_click=_without_earlier,
            args=(tuple(tables),),
            disabled=not state.files_at_hand(),
            help="Reads the file as if there had been no earlier one.",
            key="w.mapping-undo",
        )


def _without_earlier(tables: tuple[str, ...]) -> None:
    known = state.dropped()
    if known is None:
        return
    recipe = known.recipe
    for table in tables:
        recipe = recipe.with_mapping(table, {})
    state.change_dropped(recipe=recipe, as_before=(), alone=True)
