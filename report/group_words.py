"""Sentences about the difference between two groups of patients."""

from __future__ import annotations

import math

from analysis.comparison import EndpointComparison
from analysis.group_values import GroupComparison, GroupDifference
from analysis.hinge_values import ModelDifference
from analysis.settings import Alternative
from report.numbers import (
    count,
    decimals_for,
    interval_text,
    mean_sd,
    p_value,
    plain,
    signed,
    two_sided_p,
)


def heading(result: EndpointComparison, difference: GroupDifference) -> str:
    """Return one line with the difference of the change to the reference group.

    It is called neither slower nor less steep: with either sign both groups may decline more.
    """
    label, test = result.endpoint.label, difference.primary
    size = f"{signed(test.estimate, decimals_for(test.interval))} {result.unit}"
    if not math.isfinite(test.estimate):
        return f"{label}: no difference between groups can be estimated"
    if test.interval is None:
        return f"{label}: {size} against {difference.reference}, no test"
    if not test.interval.excludes_zero:
        return f"{label}: inconclusive, {size} against {difference.reference}"
    return f"{label}: {size} against {difference.reference}"


def numbers_line(result: EndpointComparison, difference: GroupDifference) -> str:
    """Return interval, P and n of both groups."""
    test = difference.primary
    return (
        f"{interval_text(test.interval, decimals_for(test.interval))}, "
        f"{_p(test.p, result)}, {_sizes(result.groups, difference)}"
    )


def arms_line(found: GroupComparison, difference: GroupDifference) -> str:
    """Return each arm's mean ± SD before and after."""
    texts = [
        f"{label} {mean_sd(found.group(label).before)} → {mean_sd(found.group(label).after)}"
        for label in (difference.other, difference.reference)
    ]
    return f"{'; '.join(texts)} (mean ± SD)"


def sentence(result: EndpointComparison, found: GroupComparison | None) -> str:
    """Return the comparison of groups of one endpoint as a sentence for a text."""
    label = result.endpoint.label
    if found is None:
        return f"{label}: no groups."
    difference = found.difference
    if difference is not None and math.isfinite(difference.primary.estimate):
        test = difference.primary
        decimals = decimals_for(test.interval)
        return (
            f"{label}: the change of slope differs by {signed(test.estimate, decimals)} "
            f"{result.unit} ({interval_text(test.interval, decimals)}, {test.name}, "
            f"{_p(test.p, result)}) between {difference.other} and "
            f"{difference.reference}, {_sizes(found, difference)}."
        )
    overall = found.overall
    if overall is not None and math.isfinite(overall.p):
        return f"{label}: {overall.name}, {p_value(overall.p)}, n = {overall.n:,}."
    reasons = overall.notes if overall is not None else ()
    if difference is not None:
        reasons = difference.primary.notes
    return f"{label}: groups are not compared{': ' if reasons else ''}{'; '.join(reasons)}."


def notes(found: GroupComparison) -> tuple[str, ...]:
    """Return who is in no group, which groups are too small, and what was taken for a control."""
    texts = [found.control.why] if found.control.label else []
    if found.without_group:
        texts.append(
            f"{count(len(found.without_group), 'compared patient')} without a known group: "
            f"{', '.join(found.without_group[:8])}."
        )
    if found.too_small:
        texts.append(f"Too small to be tested: {', '.join(found.too_small)}.")
    return tuple(texts)


def model_sentence(result: EndpointComparison, found: ModelDifference) -> str:
    """Return the same difference from the mixed model of all visits."""
    if found.reason:
        return f"Mixed model: not estimable, {found.reason}."
    factor = result.rate.months_before
    difference = found.difference.scaled(factor)
    decimals = decimals_for(difference.interval)
    sizes = " and ".join(
        f"{n} {name}" for n, name in zip(found.n_patients, found.groups, strict=True)
    )
    return (
        f"Mixed model of all visits, {found.groups[1]} minus {found.groups[0]}: "
        f"{signed(difference.estimate, decimals)} {result.unit} "
        f"({interval_text(difference.interval, decimals)}), "
        f"{two_sided_p(difference.p, result.alternative)}, "
        f"{plain(difference.df, 1)} df, n = {sizes}."
    )


def _sizes(found: GroupComparison | None, difference: GroupDifference) -> str:
    if found is None:
        return ""
    labels = (difference.other, difference.reference)
    return "n = " + " v ".join(f"{found.group(label).n} {label}" for label in labels)


def _p(p: float, result: EndpointComparison) -> str:
    if result.against_control is None:
        return two_sided_p(p, result.alternative)
    return p_value(p, result.alternative)


def direction(result: EndpointComparison) -> Alternative:
    """Return the direction of the test: groups without a control have none."""
    return result.alternative if result.against_control is not None else "two-sided"
