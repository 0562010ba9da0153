"""Standing heights: centimetres, metres told by the values, inches where the file says so."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from data import vocabulary as words
from data.findings import Finding
from data.identities import Identities
from data.numbers import decimal_comma, read_number
from data.records import HEIGHTS, Block
from data.values import clean

PLAUSIBLE_CM: Final = (120.0, 220.0)
"""Heights of adults and adolescents that are believed, in cm."""

MAX_SPREAD_CM: Final = 3.0
"""Heights of one patient that differ by more cannot all be right; measuring varies by 1 to 2 cm."""

_CM_PER_INCH: Final = 2.54
_CM_PER_METRE: Final = 100.0
_MAX_NAMED: Final = 12


def heights_of(
    blocks: Sequence[Block], people: Identities
) -> tuple[npt.NDArray[np.float64], tuple[Finding, ...]]:
    """Return the height of each patient in cm, and what was noticed.

    Parameters
    ----------
    blocks
        Everything that was read; only the roles of ``HEIGHTS`` count.
    people
        Who the patients are.

    Returns
    -------
    tuple
        Heights, shape (patients,): the median of what the files say of a patient, NaN where that
        is nothing, not plausible, or differs by more than ``MAX_SPREAD_CM``; and findings that name
        those patients.

    Notes
    -----
    Between 1.2 and 2.2 a number is taken as metres and between 120 and 220 as centimetres, whatever
    the header says: nobody measures 1.7 cm or 170 m. Inches are taken only where the header, a unit
    row or a column of units says so.
    """
    result = np.full(len(people.names), np.nan)
    mine = [block for block in blocks if block.role in HEIGHTS]
    if not mine:
        return result, ()
    parts = []
    for block in mine:
        codes, given = people.codes(block.patient), _filled(block)
        at = np.flatnonzero((codes >= 0) & given)
        parts.append(pd.DataFrame({"patient": codes[at], "cm": _centimetres(block)[at]}))
    said = pd.concat(parts, ignore_index=True)
    known = said.dropna().groupby("patient")["cm"]
    spread = known.max() - known.min()
    settled = known.median()[spread <= MAX_SPREAD_CM]
    result[settled.index.to_numpy(dtype=np.int64)] = settled.to_numpy(dtype=np.float64)
    doubtful = spread.index[spread > MAX_SPREAD_CM].tolist()
    unread = sorted(set(said["patient"].tolist()) - set(spread.index.tolist()))
    return result, tuple(_findings(mine[0], people, doubtful, unread))


def _findings(
    block: Block, people: Identities, doubtful: Sequence[int], unread: Sequence[int]
) -> list[Finding]:
    found = []
    if unread:
        low, high = PLAUSIBLE_CM
        text = (
            f"Heights that are not {low:g} to {high:g} cm or {low / 100:g} to {high / 100:g} m: "
            f"{_named(people, unread)}."
        )
        step = "They are treated as missing; for inches name the column “height_in”."
        found.append(block.cells.finding("OUT_OF_RANGE", text, step))
    if doubtful:
        text = (
            f"Heights that differ by more than {MAX_SPREAD_CM:g} cm for {len(doubtful)} patients: "
            f"{_named(people, doubtful)}."
        )
        step = "They are treated as missing; correct the file."
        found.append(block.cells.finding("CONTRADICTORY_FACTS", text, step))
    return found


def _named(people: Identities, patients: Sequence[int]) -> str:
    shown = ", ".join(people.names[patient] for patient in patients[:_MAX_NAMED])
    return shown + ("…" if len(patients) > _MAX_NAMED else "")


def _filled(block: Block) -> npt.NDArray[np.bool_]:
    """Return which cells say something: words for a missing value do not."""
    texts = block.cells.texts
    said = [read_number(text).kind != "missing" for text in texts.texts]
    return np.asarray(said, dtype=np.bool_)[texts.codes] if len(texts) else np.zeros(0, np.bool_)


def _centimetres(block: Block) -> npt.NDArray[np.float64]:
    """Return plausible heights in cm, row by row; NaN where there is none."""
    texts = block.cells.texts
    if not len(texts):
        return np.empty(0)
    comma = bool(decimal_comma(texts.used()))
    numbers = [read_number(_bare(text), decimal_comma=comma).value for text in texts.texts]
    value = np.asarray([np.nan if n is None else n for n in numbers], dtype=np.float64)
    value = value[texts.codes]
    inches = np.full(len(value), block.role == "height_in")
    if block.unit is not None:
        units = block.unit.texts
        named = [_unit(text) for text in units.texts]
        said = np.asarray(named, dtype=object)[units.codes]
        inches = np.where(said == "", inches, said == "in")
    low, high = PLAUSIBLE_CM
    metric = np.where(value <= high / _CM_PER_METRE, value * _CM_PER_METRE, value)
    cm = np.where(inches, value * _CM_PER_INCH, metric)
    with np.errstate(invalid="ignore"):
        return np.where((cm >= low) & (cm <= high), cm, np.nan)


def _bare(text: str) -> str:
    """Return a cell such as "175 cm" without its metric unit, which the number tells as well."""
    return re.sub(r"(?<=\d)\s*(?:cm|m)\.?$", "", clean(text).casefold())


def _unit(text: str) -> str:
    """Return ``in`` or ``cm`` for a text that names inches or a metric unit, else nothing."""
    plain = words.plain_words(text)
    if words.INCHES.fullmatch(plain):
        return "in"
    metric = words.CENTIMETRES.fullmatch(plain) or words.METRES.fullmatch(plain)
    return "cm" if metric else ""
