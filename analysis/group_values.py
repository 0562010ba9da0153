"""The values that a comparison of groups is reported in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from analysis.grouping import ControlArm
from analysis.results import EffectSize, Summary, TestResult, exploratory


@dataclass(frozen=True, slots=True)
class GroupSummary:
    """One group of the comparison of one endpoint.

    Parameters
    ----------
    label
        Its name.
    n_loaded
        Patients of the group who pass the filters.
    before, after, change
        Slopes and change of the slope over its compared patients, in the unit of the comparison.
    """

    label: str
    n_loaded: int
    before: Summary
    after: Summary
    change: Summary

    @property
    def n(self) -> int:
        """Compared patients."""
        return self.change.n

    def to_json(self) -> dict[str, Any]:
        """Return the group as JSON values."""
        return {
            "label": self.label,
            "n_loaded": self.n_loaded,
            "n": self.n,
            "before": self.before.to_json(),
            "after": self.after.to_json(),
            "change": self.change.to_json(),
        }


@dataclass(frozen=True, slots=True)
class GroupDifference:
    """Difference of the mean change of the slope between two groups.

    Parameters
    ----------
    reference, other
        Labels. Differences are those of ``other`` minus ``reference``.
    tests
        Welch's t test first, then the permutation test.
    effect
        Hedges' g.
    """

    reference: str
    other: str
    tests: tuple[TestResult, ...]
    effect: EffectSize

    @property
    def primary(self) -> TestResult:
        """Welch's t test, with the difference and its interval."""
        return self.tests[0]

    def to_json(self) -> dict[str, Any]:
        """Return the difference as JSON values."""
        return {
            "reference": self.reference,
            "other": self.other,
            "tests": [test.to_json() for test in self.tests],
            "effect": self.effect.to_json(),
        }


@dataclass(frozen=True, slots=True)
class GroupComparison:
    """Changes of one endpoint by group.

    Parameters
    ----------
    by
        Name of the grouping in words.
    unit
        Unit of slopes and changes.
    groups
        Every group of the trial, also those without a compared patient.
    without_group
        Compared patients whose group is not known.
    too_small
        Groups with fewer than 2 compared patients, which enter no test.
    control
        Whether one group is a concurrent control.
    difference
        Between two groups; ``None`` unless exactly two have at least 2 compared patients.
    overall
        Welch's analysis of variance over more than two groups; else ``None``. There are no tests
        between pairs of more than two groups.
    """

    by: str
    unit: str
    groups: tuple[GroupSummary, ...]
    without_group: tuple[str, ...]
    too_small: tuple[str, ...]
    control: ControlArm
    difference: GroupDifference | None
    overall: TestResult | None

    def group(self, label: str) -> GroupSummary:
        """Return the group called ``label``.

        Raises
        ------
        KeyError
            If there is none.
        """
        for group in self.groups:
            if group.label == label:
                return group
        raise KeyError(label)

    def exploratory(self) -> GroupComparison:
        """Return the same, with tests that are neither primary nor supporting."""
        difference, overall = self.difference, self.overall
        if difference is not None:
            difference = replace(difference, tests=exploratory(difference.tests))
        if overall is not None:
            overall = replace(overall, role="exploratory")
        return replace(self, difference=difference, overall=overall)

    def to_json(self) -> dict[str, Any]:
        """Return the comparison as JSON values."""
        return {
            "by": self.by,
            "unit": self.unit,
            "groups": [group.to_json() for group in self.groups],
            "without_group": list(self.without_group),
            "too_small": list(self.too_small),
            "control": self.control.to_json(),
            "difference": None if self.difference is None else self.difference.to_json(),
            "overall": None if self.overall is None else self.overall.to_json(),
        }
