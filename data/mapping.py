"""Which column means what, judged by its header and checked against its values."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from data.grid import Grid

_SYNONYMS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "patient": (
            "patient",
            "patient id",
            "patientid",
            "patient no",
            "patient number",
            "pat no",
            "pat id",
            "patientennr",
            "patnr",
            "subject",
            "subject id",
            "subjectid",
            "subjid",
            "usubjid",
            "participant",
            "participant id",
            "record id",
            "id",
            "case",
            "case id",
        ),
        "visit_date": (
            "visit date",
            "visitdate",
            "date of visit",
            "date",
            "visit dt",
            "assessment date",
            "date of assessment",
            "datum",
            "examination date",
        ),
        "month": (
            "month",
            "months",
            "month from transplant",
            "months from transplant",
            "months since transplant",
            "months after transplant",
            "month rel",
            "month relative to transplant",
        ),
        "day": (
            "day from transplant",
            "days from transplant",
            "days since transplant",
            "days after transplant",
            "day rel",
            "day relative to transplant",
        ),
        "transplant_date": (
            "transplant date",
            "transplantation date",
            "date of transplant",
            "date of transplantation",
            "transplant",
            "tx date",
            "txdate",
            "date of tx",
            "tx",
            "injection date",
            "date of injection",
            "infusion date",
            "treatment date",
        ),
        "alsfrs_r": (
            "alsfrs r",
            "alsfrsr",
            "als frs r",
            "alsfrs r total",
            "alsfrsr total",
            "alsfrs r score",
            "alsfrsr score",
            "alsfrs r total score",
            "total alsfrs r",
        ),
        "fvc": (
            "fvc pct",
            "fvc percent",
            "fvc percent predicted",
            "fvc pct predicted",
            "fvc predicted",
            "fvc pp",
            "fvcpp",
            "fvc pct pred",
            "fvc pred",
        ),
        "fvc_litres": ("fvc l", "fvc litres", "fvc liters", "fvc litre", "fvc liter"),
        "fvc_unknown": ("fvc", "forced vital capacity"),
        "svc": ("svc pct", "svc percent", "svc percent predicted", "svc pct predicted"),
        "svc_litres": ("svc l", "svc litres", "svc liters"),
        "death_date": ("death date", "date of death", "deathdate", "died on"),
        "onset_date": ("onset date", "date of onset", "symptom onset", "symptom onset date"),
        "onset_site": ("onset site", "site of onset", "onset", "onset region"),
        "sex": ("sex", "gender"),
        "age": ("age", "age years", "age at transplant", "age at baseline"),
        "simulated": ("simulated", "simulated data"),
        "group": ("group", "arm", "treatment arm", "study arm", "cohort", "dose group"),
    }
)
_ROLE_OF: Final = {name: role for role, names in _SYNONYMS.items() for name in names}

MEASURES: Final = ("alsfrs_r", "fvc", "fvc_litres", "fvc_unknown", "svc", "svc_litres")
PATIENT_FACTS: Final = ("onset_site", "sex", "age", "group", "simulated")

FEWEST_WIDE: Final = 2
"""Columns of one measure from which a table counts as wide."""

_WIDE_TIME: Final = re.compile(
    r"(?P<stem>.+?)[\s_]*(?P<unit>m|mo|month|months)?[\s_]*(?P<sign>[+-]?)[\s_]*"
    r"(?P<number>\d+(?:\.\d+)?)[\s_]*(?P<unit_after>m|mo|month|months)?"
)


@dataclass(frozen=True, slots=True)
class WideColumn:
    """A column of a wide table: one measure at one nominal month."""

    position: int
    measure: str
    month: float
    named: bool


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """What each column of one grid is taken for."""

    roles: Mapping[str, int]
    wide: tuple[WideColumn, ...]
    unused: tuple[str, ...]
    unnamed: tuple[int, ...]
    doubled: tuple[tuple[str, str, str], ...]

    @property
    def is_wide(self) -> bool:
        """Whether the values stand side by side, one row a patient."""
        return bool(self.wide)


def words(header: str) -> str:
    """Return a header in lower case, with per cent signs named and punctuation turned to spaces."""
    text = header.casefold().replace("%", " pct ")
    return " ".join(re.sub(r"[^a-z0-9]+", " ", text).split())


def role_of(header: str) -> str | None:
    """Return the role that a header names, or ``None``."""
    return _ROLE_OF.get(words(header))


def map_columns(grid: Grid) -> ColumnMap:
    """Assign a role to every column whose header names one.

    A second column for the same role is left out and reported in ``doubled`` as
    (role, kept header, left-out header).
    """
    roles: dict[str, int] = {}
    wide: list[WideColumn] = []
    unused: list[str] = []
    doubled: list[tuple[str, str, str]] = []
    for position, header in enumerate(grid.header):
        role = role_of(header)
        column = _wide_column(position, header) if role is None else None
        if role is not None and role not in roles:
            roles[role] = position
        elif role is not None:
            doubled.append((role, grid.header[roles[role]], header))
        elif column is not None:
            wide.append(column)
        else:
            unused.append(header)
    wide = _without_separators(wide, grid.header)
    if wide and not _is_wide(wide):
        unused += [grid.header[column.position] for column in wide]
        wide = []
    return ColumnMap(
        roles=MappingProxyType(roles),
        wide=tuple(wide),
        unused=tuple(header for header in unused if header),
        unnamed=tuple(at for at, h in enumerate(grid.header) if not h and any(grid.column(at))),
        doubled=tuple(doubled),
    )


def _wide_column(position: int, header: str) -> WideColumn | None:
    match = _WIDE_TIME.fullmatch(header.casefold().strip())
    if not match:
        return None
    measure = role_of(match["stem"].rstrip("-+_ "))
    if measure not in MEASURES:
        return None
    sign = -1.0 if match["sign"] == "-" else 1.0
    named = match["unit"] is not None or match["unit_after"] is not None
    return WideColumn(position, measure, sign * float(match["number"]), named)


def _without_separators(columns: list[WideColumn], header: Sequence[str]) -> list[WideColumn]:
    """Read hyphens as separators where a month 0 has one too: nobody writes a minus zero.

    Where another column is positive, the hyphens tell before from after and stay minus signs.
    """
    minus_zero = any(c.month == 0 and re.search(r"\w-0", header[c.position]) for c in columns)
    if minus_zero and all(c.month <= 0 for c in columns):
        return [replace(column, month=abs(column.month)) for column in columns]
    return columns


def _is_wide(columns: Sequence[WideColumn]) -> bool:
    """Whether numbered columns are months: they say so, or they count through a day 0.

    Numbers alone (1, 2, 3 …) can be visit numbers, which are no months.
    """
    months = [column.month for column in columns]
    are_months = any(column.named for column in columns) or (
        any(month < 0 for month in months) and any(month >= 0 for month in months)
    )
    counts = Counter(column.measure for column in columns)
    return are_months and max(counts.values()) >= FEWEST_WIDE
