"""The change of the slope compared between groups of paired patients."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final

import numpy as np
from scipy import special, stats

from analysis.comparison import EndpointComparison
from analysis.effect_sizes import hedges_correction, noncentrality_interval
from analysis.filters import passing
from analysis.group_values import GroupComparison, GroupDifference, GroupSummary
from analysis.grouping import Grouping, is_concurrent_control
from analysis.paired_tests import directed, summarise, t_tail
from analysis.permutation import permute_labels
from analysis.results import EffectSize, Interval, TestResult
from analysis.settings import Settings
from analysis.signed_rank import rounded
from data.trial import FloatArray, Trial

FEWEST: Final = 2
"""Compared patients without which a group has no SD and enters no test."""

TOO_FEW: Final = "not estimable: a group has fewer than 2 compared patients"
NO_SPREAD: Final = "not estimable: within each group all changes are equal"


def compare_groups(
    trial: Trial, result: EndpointComparison, grouping: Grouping, settings: Settings
) -> GroupComparison | None:
    """Compare the change of the slope between groups.

    Parameters
    ----------
    trial, result
        The trial, and the comparison of one endpoint in it.
    grouping
        Who belongs where.
    settings
        Level, direction, number of random permutations and seed. A direction applies only where
        one group is a concurrent control: then "less steep" means that the change is larger in the
        other group.

    Returns
    -------
    GroupComparison or None
        ``None`` without groups.
    """
    if not grouping.labels:
        return None
    level = settings.confidence
    passes = passing(trial, settings)
    changes = []
    groups = []
    for at, label in enumerate(grouping.labels):
        member = grouping.members(at) & passes
        inside = member & result.paired
        changes.append(result.change[inside])
        columns = (result.before, result.after, result.change)
        summaries = (summarise(column[inside], level) for column in columns)
        groups.append(GroupSummary(label, int(member.sum()), *summaries))
    control = is_concurrent_control(trial, grouping)
    usable = [at for at, own in enumerate(changes) if len(own) >= FEWEST]
    nowhere = result.paired & (grouping.code < 0)
    difference = overall = None
    if len(usable) == 2:
        first, second = usable
        if grouping.labels[second] == control.label:
            first, second = second, first
        against_control = grouping.labels[first] == control.label
        labels = (grouping.labels[first], grouping.labels[second])
        chosen = settings if against_control else settings.with_(alternative="two-sided")
        difference = group_difference(changes[first], changes[second], labels, chosen)
    elif len(usable) > 2:
        overall = welch_anova([changes[at] for at in usable])
    return GroupComparison(
        by=grouping.name,
        unit=result.unit,
        groups=tuple(groups),
        without_group=tuple(trial.patient_ids[i] for i in np.flatnonzero(nowhere)),
        too_small=tuple(group.label for group in groups if group.n < FEWEST),
        control=control,
        difference=difference,
        overall=overall,
    )


def group_difference(
    reference: FloatArray, other: FloatArray, labels: tuple[str, str], settings: Settings
) -> GroupDifference:
    """Compare the changes of two groups, each patient with one change.

    Parameters
    ----------
    reference, other
        The changes.
    labels
        Names of the two groups.
    settings
        Level, direction, number of random permutations and seed.
    """
    return GroupDifference(
        reference=labels[0],
        other=labels[1],
        tests=(
            welch_t(reference, other, settings),
            permutation_test(reference, other, settings),
        ),
        effect=hedges_g(reference, other, settings.confidence),
    )


def welch_t(reference: FloatArray, other: FloatArray, settings: Settings) -> TestResult:
    """Welch's t test of the difference of two means, variances not taken as equal.

    Notes
    -----
    Welch 1947 (doi 10.1093/biomet/34.1-2.28), degrees of freedom after Satterthwaite 1946
    (doi 10.2307/3002019). The interval is two-sided whatever the alternative.
    """
    n = len(reference) + len(other)
    name = "Welch’s t test between groups"
    base = TestResult("welch_t", name, "primary", math.nan, n, estimate_name="difference of means")
    if len(reference) < FEWEST or len(other) < FEWEST:
        return replace(base, notes=(TOO_FEW,))
    estimate = float(np.mean(other) - np.mean(reference))
    if not _spread([reference, other]):
        return replace(base, estimate=estimate, notes=(NO_SPREAD,))
    parts = [float(np.var(own, ddof=1)) / len(own) for own in (reference, other)]
    error = math.sqrt(sum(parts))
    within = ((part, len(own) - 1) for part, own in zip(parts, (reference, other), strict=True))
    df = sum(parts) ** 2 / sum(part**2 / free for part, free in within)
    t = estimate / error
    half = float(stats.t.ppf((1 + settings.confidence) / 2, df)) * error
    level = settings.confidence
    return replace(
        base,
        p=float(t_tail(t, df, settings.alternative)),
        statistic=t,
        statistic_name="t",
        df=df,
        estimate=estimate,
        interval=Interval(estimate - half, estimate + half, level, level),
    )


def permutation_test(reference: FloatArray, other: FloatArray, settings: Settings) -> TestResult:
    """Permutation test of the difference of two means: the labels of the groups are exchanged."""
    n = len(reference) + len(other)
    base = TestResult(
        "permutation", "exact permutation test of the group labels", "supporting", math.nan, n
    )
    if len(reference) < FEWEST or len(other) < FEWEST:
        return replace(base, notes=(TOO_FEW,))
    tails = permute_labels(reference, other, draws=settings.flips, seed=settings.seed)
    p = directed(tails, settings)
    if tails.exact:
        ways = float(special.binom(n, len(other)))
        mirrored = settings.alternative == "two-sided" and len(reference) == len(other)
        return replace(base, p=p, p_floor=(2 if mirrored else 1) / ways)
    if not tails.draws:
        name = "permutation test of the group labels, normal approximation"
        return replace(base, name=name, p=p, notes=(f"normal approximation with {n:,} patients",))
    error = math.sqrt(p * (1 - p) / tails.draws)
    return replace(
        base,
        name="permutation test of the group labels, random permutations",
        p=p,
        p_floor=1 / (tails.draws + 1),
        notes=(
            f"{tails.draws:,} random permutations, seed {settings.seed}, "
            f"Monte Carlo SE {error:.1g}",
        ),
    )


def hedges_g(reference: FloatArray, other: FloatArray, level: float) -> EffectSize:
    """Hedges' g: the difference of two means over their pooled SD, corrected for small samples.

    Notes
    -----
    Hedges 1981 (doi 10.3102/10769986006002107), exact correction. The interval is that of the
    population value by the noncentral t distribution (Steiger & Fouladi 1997), without the
    correction, which removes the bias of the estimate and is not part of the population value. It
    takes the variances of the two groups as equal.
    """
    key = ("hedges_g", "Hedges’ g (difference / pooled SD, corrected)")
    n1, n2 = len(reference), len(other)
    if min(n1, n2) < FEWEST:
        return EffectSize(*key, math.nan, n1 + n2, notes=(TOO_FEW,))
    if not _spread([reference, other]):
        return EffectSize(*key, math.nan, n1 + n2, notes=(NO_SPREAD,))
    df = n1 + n2 - 2
    squares = (n1 - 1) * np.var(reference, ddof=1) + (n2 - 1) * np.var(other, ddof=1)
    d = float((np.mean(other) - np.mean(reference)) / math.sqrt(squares / df))
    scale = math.sqrt(1 / n1 + 1 / n2)
    low, high = noncentrality_interval(d / scale, df, level)
    interval = Interval(low * scale, high * scale, level, level)
    how = ("interval by the noncentral t distribution, for the population value",)
    return EffectSize(*key, hedges_correction(df) * d, n1 + n2, interval, how)


def welch_anova(groups: list[FloatArray]) -> TestResult:
    """Welch's analysis of variance: whether any group's mean differs, variances not taken as equal.

    Parameters
    ----------
    groups
        The changes of each group, at least two groups of at least two patients.

    Notes
    -----
    Welch 1951 (doi 10.1093/biomet/38.3-4.330). Not estimable where the changes of a group are all
    equal, because its weight would be infinite.
    """
    n = np.asarray([len(own) for own in groups], dtype=np.float64)
    name = "Welch’s analysis of variance between groups"
    base = TestResult("welch_anova", name, "primary", math.nan, int(n.sum()))
    if n.min() < FEWEST:
        return replace(base, notes=(TOO_FEW,))
    if any(np.ptp(rounded(own)) == 0 for own in groups):
        return replace(base, notes=("not estimable: the changes of a group are all equal",))
    k = len(groups)
    weight = n / np.asarray([np.var(own, ddof=1) for own in groups])
    share = weight / weight.sum()
    means = np.asarray([np.mean(own) for own in groups])
    centre = float(share @ means)
    slip = float(np.sum((1 - share) ** 2 / (n - 1))) / (k**2 - 1)
    f = float(weight @ (means - centre) ** 2) / (k - 1) / (1 + 2 * (k - 2) * slip)
    df = 1 / (3 * slip)
    return replace(
        base,
        p=float(stats.f.sf(f, k - 1, df)),
        statistic=f,
        statistic_name="F",
        df=df,
        notes=(f"{k - 1} and {df:.1f} degrees of freedom",),
    )


def _spread(groups: list[FloatArray]) -> bool:
    return any(bool(np.ptp(rounded(own)) > 0) for own in groups)
