"""The patients at day 0: the table that opens a report of a trial."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from analysis.baseline_variables import Variable, baseline_variables
from analysis.day0 import VALUE_AGE_DAYS
from analysis.filters import passing
from analysis.grouping import Grouping
from analysis.results import finite
from analysis.settings import Settings
from data.trial import BoolArray, Trial


@dataclass(frozen=True, slots=True)
class BaselineCell:
    """One variable in one column.

    Parameters
    ----------
    n, missing
        Patients of the column of whom it is known, and of whom it is not.
    mean, sd, median, low, high
        Over the known ones, for numbers; NaN where they do not exist.
    counts
        Patients a category, for categories, in the order of ``BaselineRow.categories``.
    median_age_days, max_age_days
        How long before day 0 the values were taken; NaN where they carry no date.
    """

    n: int
    missing: int
    mean: float = math.nan
    sd: float = math.nan
    median: float = math.nan
    low: float = math.nan
    high: float = math.nan
    counts: tuple[int, ...] = ()
    median_age_days: float = math.nan
    max_age_days: float = math.nan

    def to_json(self) -> dict[str, Any]:
        """Return the cell as JSON values."""
        numbers = ("mean", "sd", "median", "low", "high", "median_age_days", "max_age_days")
        return {
            "n": self.n,
            "missing": self.missing,
            **{name: finite(getattr(self, name)) for name in numbers},
            "counts": list(self.counts),
        }


@dataclass(frozen=True, slots=True)
class StandardisedDifference:
    """How far two columns differ in one variable, in standard deviations.

    Parameters
    ----------
    first, second
        Labels of the two columns.
    value
        For numbers the mean of the second minus that of the first over the root mean square of the
        two SDs. For categories a distance, never below 0.
    """

    first: str
    second: str
    value: float

    def to_json(self) -> dict[str, Any]:
        """Return the difference as JSON values."""
        return {"first": self.first, "second": self.second, "value": finite(self.value)}


@dataclass(frozen=True, slots=True)
class BaselineRow:
    """One variable in every column.

    Parameters
    ----------
    key, label, unit
        Stable key, name, and unit (empty where there is none).
    kind
        ``"number"`` or ``"categories"``.
    decimals
        Decimals that single values carry.
    categories
        Names of the categories.
    cells
        One a column of the table.
    difference
        Between two groups; of more than two, of the pair that differs most; ``None`` where there
        are no groups or it is not estimable.
    note
        What the reader must know.
    """

    key: str
    label: str
    unit: str
    kind: Literal["number", "categories"]
    decimals: int
    categories: tuple[str, ...]
    cells: tuple[BaselineCell, ...]
    difference: StandardisedDifference | None
    note: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the row as JSON values."""
        return {
            "key": self.key,
            "label": self.label,
            "unit": self.unit,
            "kind": self.kind,
            "categories": list(self.categories),
            "cells": [cell.to_json() for cell in self.cells],
            "standardised_difference": self.difference and self.difference.to_json(),
            "note": self.note,
        }


@dataclass(frozen=True, slots=True)
class BaselineTable:
    """Patients at day 0.

    Parameters
    ----------
    by
        Name of the grouping in words; empty where there is none.
    columns, n
        Labels and numbers of patients: everybody first, then each group.
    ungrouped
        Patients who belong to no group; they are in the first column only.
    rows
        The variables that the trial holds.
    """

    by: str
    columns: tuple[str, ...]
    n: tuple[int, ...]
    ungrouped: tuple[str, ...]
    rows: tuple[BaselineRow, ...]

    def row(self, key: str) -> BaselineRow:
        """Return the variable called ``key``.

        Raises
        ------
        KeyError
            If the table does not have it.
        """
        for row in self.rows:
            if row.key == key:
                return row
        raise KeyError(key)

    def to_json(self) -> dict[str, Any]:
        """Return the table as JSON values."""
        return {
            "by": self.by,
            "columns": [
                {"label": label, "n": n} for label, n in zip(self.columns, self.n, strict=True)
            ],
            "ungrouped": list(self.ungrouped),
            "value_age_days": VALUE_AGE_DAYS,
            "rows": [row.to_json() for row in self.rows],
        }


def baseline_table(
    trial: Trial, settings: Settings, grouping: Grouping | None = None
) -> BaselineTable:
    """Describe the patients at day 0.

    Parameters
    ----------
    trial
        Whose patients: all who pass the filters, also those who are left out of the comparison.
    settings
        Which transplant is day 0, and which values are left out or kept.
    grouping
        Columns beside that of everybody.

    Notes
    -----
    There is no P value: under randomisation any difference is chance, and without it a test asks
    how large the groups are rather than how unlike. Standardised differences do not depend on the
    number of patients (Austin 2009, doi 10.1002/sim.3697; for several categories Yang & Dalton
    2012, SAS Global Forum, paper 335).
    """
    passes = passing(trial, settings)
    masks: list[BoolArray] = [passes]
    labels: tuple[str, ...] = ()
    ungrouped: tuple[str, ...] = ()
    if grouping is not None and grouping.labels:
        labels = grouping.labels
        masks += [grouping.members(at) & passes for at in range(len(labels))]
        nowhere = passes & (grouping.code < 0)
        ungrouped = tuple(trial.patient_ids[i] for i in np.flatnonzero(nowhere))
    return BaselineTable(
        by=grouping.name if grouping is not None else "",
        columns=("all who pass the filters" if settings.filters else "all patients", *labels),
        n=tuple(int(mask.sum()) for mask in masks),
        ungrouped=ungrouped,
        rows=tuple(
            _row(variable, masks, labels) for variable in baseline_variables(trial, settings)
        ),
    )


def _row(variable: Variable, masks: list[BoolArray], labels: tuple[str, ...]) -> BaselineRow:
    cells = tuple(_cell(variable, mask) for mask in masks)
    number = variable.categories is None
    between = _numeric_difference if number else _categorical_difference
    return BaselineRow(
        key=variable.key,
        label=variable.label,
        unit=variable.unit,
        kind="number" if number else "categories",
        decimals=variable.decimals,
        categories=variable.categories or (),
        cells=cells,
        difference=_largest_difference(cells[1:], labels, between),
        note=variable.note,
    )


def _cell(variable: Variable, mask: BoolArray) -> BaselineCell:
    inside = mask & variable.known
    n = int(inside.sum())
    missing = int(mask.sum()) - n
    median_age = max_age = math.nan
    if variable.age_days is not None and n:
        ages = variable.age_days[inside]
        median_age, max_age = float(np.median(ages)), float(np.max(ages))
    values = variable.values[inside]
    if variable.categories is not None:
        counts = np.bincount(values.astype(np.int64), minlength=len(variable.categories))
        return BaselineCell(
            n,
            missing,
            counts=tuple(counts.tolist()),
            median_age_days=median_age,
            max_age_days=max_age,
        )
    if not n:
        return BaselineCell(0, missing)
    return BaselineCell(
        n=n,
        missing=missing,
        mean=float(np.mean(values)),
        sd=float(np.std(values, ddof=1)) if n > 1 else math.nan,
        median=float(np.median(values)),
        low=float(np.min(values)),
        high=float(np.max(values)),
        median_age_days=median_age,
        max_age_days=max_age,
    )


def _largest_difference(
    cells: tuple[BaselineCell, ...],
    labels: tuple[str, ...],
    between: Callable[[BaselineCell, BaselineCell], float],
) -> StandardisedDifference | None:
    found = [
        StandardisedDifference(labels[i], labels[j], between(cells[i], cells[j]))
        for i in range(len(cells))
        for j in range(i + 1, len(cells))
    ]
    known = [difference for difference in found if math.isfinite(difference.value)]
    return max(known, key=lambda difference: abs(difference.value), default=None)


def _numeric_difference(first: BaselineCell, second: BaselineCell) -> float:
    spread = math.sqrt((first.sd**2 + second.sd**2) / 2)
    return (second.mean - first.mean) / spread if spread > 0 else math.nan


def _categorical_difference(first: BaselineCell, second: BaselineCell) -> float:
    """Mahalanobis distance of the shares of all categories but one, after Yang & Dalton."""
    if not first.n or not second.n:
        return math.nan
    seen = [i for i, pair in enumerate(zip(first.counts, second.counts, strict=True)) if any(pair)]
    p = np.asarray([first.counts[i] for i in seen[1:]]) / first.n
    q = np.asarray([second.counts[i] for i in seen[1:]]) / second.n
    if not len(p):
        return 0.0
    spread = (np.diag(p) - np.outer(p, p) + np.diag(q) - np.outer(q, q)) / 2
    if np.linalg.matrix_rank(spread) < len(p):
        return math.nan
    squared = float((q - p) @ np.linalg.solve(spread, q - p))
    return math.sqrt(max(0.0, squared))
