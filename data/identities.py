"""Who is who: names of patients that differ only in case, separators or leading zeros."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from data.records import Block, Field
from data.table import IntArray
from data.values import is_missing


@dataclass(frozen=True, slots=True)
class Identities:
    """Patients of a trial and how the files write them.

    Parameters
    ----------
    names
        The name of each patient: the way in which the files write it most often.
    code_of
        Position of the patient in ``names`` by the text of a cell.
    variants
        All ways of writing, for patients with more than one.
    """

    names: tuple[str, ...]
    code_of: dict[str, int]
    variants: dict[str, tuple[str, ...]]

    def codes(self, field: Field) -> IntArray:
        """Return the patient of every row, −1 where none is named."""
        column = field.texts
        known = np.fromiter((self.code_of.get(text, -1) for text in column.texts), dtype=np.int64)
        return known[column.codes] if len(column) else np.empty(0, dtype=np.int64)


def plain_name(text: str) -> str:
    """Return a name without case, separators, leading zeros, and the ".0" of a spreadsheet.

    Groups of digits stay apart, so that "1-1" and "11" are two names.
    """
    text = re.sub(r"^(\d+)\.0+$", r"\1", text.strip())
    parts = re.findall(r"\d+|[^\W\d_]+", text.casefold())
    return "|".join(part.lstrip("0") or "0" if part.isdigit() else part for part in parts) or text


def identify(blocks: Sequence[Block]) -> tuple[Identities, Identities]:
    """Find the patients of all blocks: with every name apart, and with alike names joined.

    Parameters
    ----------
    blocks
        All blocks of the trial.
    """
    counts = _counted(blocks)
    missing = _missing_names(counts)
    texts = [text for text in counts if text and text not in missing]
    alike: dict[str, list[str]] = {}
    for text in texts:
        alike.setdefault(plain_name(text), []).append(text)
    apart = _identities({text: [text] for text in texts}, counts)
    return apart, apart if len(alike) == len(texts) else _identities(alike, counts)


def _identities(groups: Mapping[str, list[str]], counts: Counter[str]) -> Identities:
    names: list[str] = []
    code_of: dict[str, int] = {}
    variants: dict[str, tuple[str, ...]] = {}
    chosen = {key: _usual(texts, counts) for key, texts in groups.items()}
    for key in sorted(groups, key=lambda k: natural_key(chosen[k])):
        name = chosen[key]
        code_of |= dict.fromkeys(groups[key], len(names))
        names.append(name)
        if len(groups[key]) > 1:
            variants[name] = tuple(sorted(groups[key]))
    return Identities(tuple(names), code_of, variants)


def natural_key(name: str) -> tuple[list[tuple[int, int, str]], str]:
    """Return a key that sorts P2 before P10."""
    parts = re.split(r"(\d+)", name.casefold())
    return [_part(part) for part in parts], name


def _part(text: str) -> tuple[int, int, str]:
    digits = text.lstrip("0")
    return (0, len(digits), digits) if text.isdigit() else (1, 0, text)


def _counted(blocks: Sequence[Block]) -> Counter[str]:
    """Count the rows of each name; a column is counted once, however many blocks share it."""
    counts: Counter[str] = Counter()
    seen = set()
    for block in blocks:
        key = (*block.patient.key, None if block.patient.rows is None else id(block.patient.rows))
        if key in seen:
            continue
        seen.add(key)
        column = block.patient.texts
        totals = np.bincount(column.codes, minlength=len(column.texts))
        for text, count in zip(column.texts, totals.tolist(), strict=True):
            if count:
                counts[text] += count
    return counts


def _missing_names(counts: Counter[str]) -> set[str]:
    """Return texts that name nobody. "NA" and "ND" can be initials and stay patients."""
    return {text for text in counts if is_missing(text) and text.upper() not in ("NA", "ND")}


def _usual(texts: Sequence[str], counts: Counter[str]) -> str:
    return max(texts, key=lambda text: (counts[text], -len(text), text))
