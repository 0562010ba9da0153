"""Spirometry with several rows a visit: lying and sitting, first and second attempt."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from data import vocabulary as words
from data.body_rows import listed
from data.findings import Finding
from data.records import CAPACITY_STEMS, Block, rows_where
from data.table import Table

_POSITION: Final = re.compile(
    r"(?:body |patient |fvc |test )?(?:position|posture)|korperlage|lagerung|haltung|vcpos|وضعیت"
)
_LYING: Final = re.compile(r"supine|lying|liegend|couche|acostado|supino|sdraiato|yatar|خوابیده")
_ATTEMPT: Final = re.compile(
    r"(?:attempt|trial|effort|blow|manoeuvre|maneuver|versuch|essai|test)(?: (?:no|nr|number))?"
)


def one_row_a_visit(table: Table, blocks: Sequence[Block], findings: list[Finding]) -> list[Block]:
    """Return the blocks without rows measured lying down, and with numbered attempts apart.

    Lying down, vital capacity is another measurement; of several attempts the best counts.
    """
    plain = [words.plain_words(header) for header in table.header]
    position = next((at for at, text in enumerate(plain) if _POSITION.fullmatch(text)), None)
    attempt = next((at for at, text in enumerate(plain) if _ATTEMPT.fullmatch(text)), None)
    result = []
    for block in blocks:
        if block.role.split("_")[0] not in CAPACITY_STEMS or block.cells.rows is not None:
            result.append(block)
            continue
        if position is not None:
            block = _upright(table, position, block, findings)
        result += [block] if attempt is None else _attempts(table, attempt, block)
    return result


def _upright(table: Table, position: int, block: Block, findings: list[Finding]) -> Block:
    lying = table.columns[position].flagged(lambda t: bool(_LYING.search(words.plain_words(t))))
    if not lying.any() or lying.all():
        return block
    rows = table.row_numbers[lying]
    text = f"Vital capacity measured lying down was not used: {listed(rows)}."
    finding = Finding(
        "SUPINE_NOT_USED",
        "warning",
        text,
        "Sitting and lying differ; only the values measured sitting are compared.",
        table.file,
        table.sheet,
        int(rows[0]),
        table.header[position],
    )
    if finding not in findings:
        findings.append(finding)
    return block.only(rows_where(~lying))


def _attempts(table: Table, attempt: int, block: Block) -> list[Block]:
    column = table.columns[attempt]
    numbers = {text: int(text) for text in column.used() if re.fullmatch(r"[1-9]", text)}
    unnumbered = rows_where(~column.flagged(lambda cell: cell in numbers))
    if len(numbers) < 2 or len(numbers) != len(column.used()):
        return [block]
    kept = set(range(len(table)) if block.cells.rows is None else block.cells.rows.tolist())
    rest = unnumbered[[row in kept for row in unnumbered.tolist()]]
    parts = [block.only(rest)] if len(rest) else []
    for text, number in numbers.items():
        rows = rows_where(column.flagged(lambda cell, t=text: cell == t))  # type: ignore[misc]
        mine = rows[[row in kept for row in rows.tolist()]]
        if len(mine):
            parts.append(replace(block.only(mine), trial=number))
    return parts
