"""What the diagnostics of a comparison say, one line each: finding, and how to read it."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pandas as pd

from analysis.comparison import Comparison, EndpointComparison
from analysis.diagnosis import Diagnosis
from analysis.leave_one_out import FEWEST
from analysis.results import Interval, TestResult
from report.charts.parts import Names
from report.numbers import (
    DASH,
    bare_p,
    count,
    interval_text,
    p_value,
    plain,
    side_note,
    signed,
    span,
    two_sided_p,
)

Line = tuple[str, str, str]
_MOST_NAMES = 5


def diagnostics_table(
    comparison: Comparison, result: EndpointComparison, found: Diagnosis, names: Names
) -> pd.DataFrame:
    """Return every check with its finding and its reading; patients by ``names``."""
    called = dict(zip(comparison.patient_ids, names, strict=True))
    lines = [
        *_distribution(comparison, result, called),
        *_influence(result, found, names),
        *_visits(result, found, names),
        *_before(result, found),
        *_loss(result, found),
    ]
    return pd.DataFrame(lines, columns=["check", "finding", "how to read it"])


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _MOST_NAMES:,} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more if names else "nobody"


def _distribution(
    comparison: Comparison, result: EndpointComparison, called: dict[str, str]
) -> Iterator[Line]:
    compared = [
        called[p] for p, used in zip(comparison.patient_ids, result.paired, strict=True) if used
    ]
    for check in result.checks:
        value = (
            f"{check.statistic_name} = {plain(check.statistic, 3)}"
            if math.isfinite(check.statistic)
            else DASH
        )
        tested = f", {p_value(check.p)}" if math.isfinite(check.p) else ""
        stands_out = [compared[i] for i in check.patients]
        out = f"; stands out: {_listed(stands_out)}" if stands_out else ""
        yield check.name, f"{value}{tested}{out}", "; ".join(check.notes)


def _influence(result: EndpointComparison, found: Diagnosis, names: Names) -> Iterator[Line]:
    without = found.without_each
    low, high = without.estimate_range
    if len(without.patient) < FEWEST:
        yield "leaving out one patient", DASH, f"fewer than {FEWEST} patients are compared"
        return
    tested = math.isfinite(without.full.p) and np.isfinite(without.p).any()
    decides = "moves P across 0.05 or turns the sign" if tested else "turns the sign"
    deciding = [names[i] for i in without.patient[without.crosses | without.flips]]
    heavy = [names[i] for i in without.patient[without.influential]]
    yield (
        "leaving out one patient",
        f"change {signed(low)} to {signed(high)} {result.unit}{_p_range(found, result)}",
        f"{decides}: {_listed(deciding)}; influential "
        f"(|DFBETAS| > {plain(without.threshold)}): {_listed(heavy)}",
    )


def _p_range(found: Diagnosis, result: EndpointComparison) -> str:
    low, high = found.without_each.p_range
    if not math.isfinite(low):
        return ", no P"
    ends = f"{bare_p(low)} to {bare_p(high)}" if bare_p(low) != bare_p(high) else bare_p(low)
    return f", P{side_note(result.alternative)} {ends}"


def _visits(result: EndpointComparison, found: Diagnosis, names: Names) -> Iterator[Line]:
    residuals = found.residuals
    far = sorted({names[i] for i in residuals.patient[residuals.far]})
    yield (
        "visits far from their line",
        f"{count(int(residuals.far.sum()), 'visit')} of {len(residuals.far)}",
        f"studentised residual beyond ±4: {_listed(far)}",
    )
    bend = found.curvature
    if bend.reason:
        yield "curvature within the run-in", DASH, bend.reason
    else:
        yield (
            "curvature within the run-in",
            f"{signed(bend.test.estimate, 3)} {result.endpoint.unit}/month², "
            f"{two_sided_p(bend.test.p, result.alternative)}, n = {len(bend.patient)}",
            "if the course went on bending so, the slope would change by "
            f"{signed(bend.implied)} ({_ends(bend.implied_interval)}) {result.unit} by itself",
        )
    ends = found.ends
    sides = ", ".join(
        f"{name} {side.at_floor + side.at_ceiling} of {side.scores}"
        for name, side in (("before", ends.before), ("after", ends.after))
    )
    yield (
        "scores at the ends of the scale",
        sides,
        f"without the {count(len(ends.patients_any), 'patient')} concerned: "
        f"{_test(ends.without_any, result)}"
        if len(ends.patients_any)
        else "no patient concerned",
    )


def _before(result: EndpointComparison, found: Diagnosis) -> Iterator[Line]:
    coupling, shrunken, regression = found.coupling, found.shrunken, found.regression
    if coupling.reason:
        yield "slope before and change (Oldham)", DASH, coupling.reason
    else:
        yield (
            "slope before and change (Oldham)",
            f"r = {plain(coupling.oldham)}, {two_sided_p(coupling.p, result.alternative)}, "
            f"n = {coupling.n:,}",
            f"the plain correlation of {plain(coupling.coupled)} is pulled down by construction; "
            "Oldham’s tests whether slopes before and after vary alike",
        )
    if shrunken.reason:
        yield "reliability of the slopes before, from these visits", DASH, shrunken.reason
    else:
        yield (
            "reliability of the slopes before, from these visits",
            plain(shrunken.reliability),
            "share of their spread that is not visit noise; the rest moves back by itself",
        )
    if regression.reason:
        yield "regression to the mean", DASH, regression.reason
    else:
        yield (
            "regression to the mean",
            f"{signed(regression.expected)} {result.unit} expected by natural history "
            f"({'less steep' if regression.expected > 0 else 'steeper'})",
            f"observed {signed(regression.observed)}; a mean slope before of "
            f"{signed(regression.mean_before)} moves towards that of published natural history: "
            "an order of magnitude",
        )


def _loss(result: EndpointComparison, found: Diagnosis) -> Iterator[Line]:
    lost, tipping = found.lost, found.tipping
    yield (
        "slope before, of patients without a slope after",
        f"n = {lost.before_without.n:,}, mean {signed(lost.before_without.mean)} against "
        f"{signed(lost.before_with.mean)} {result.unit}"
        if lost.before_without.n
        else found.tipping.reason or DASH,
        f"difference {signed(lost.difference)} ({_ends(lost.interval)}), "
        f"{two_sided_p(lost.p, result.alternative)}"
        if math.isfinite(lost.p)
        else DASH,
    )
    if tipping.reason or not math.isfinite(tipping.to_zero):
        yield "tipping point for the missing", DASH, tipping.reason or DASH
    else:
        yield (
            "tipping point for the missing",
            f"{signed(tipping.to_interval)} {result.unit} for the interval, "
            f"{signed(tipping.to_zero)} for the mean",
            f"shift of the {count(tipping.n_missing, 'missing patient')} at which the result "
            "reaches 0",
        )


def _ends(interval: Interval | None) -> str:
    return span(interval)


def _test(test: TestResult, result: EndpointComparison) -> str:
    if not math.isfinite(test.p):
        return "; ".join(test.notes) or DASH
    return (
        f"{signed(test.estimate)} {result.unit} ({interval_text(test.interval)}), "
        f"{p_value(test.p, result.alternative)}, n = {test.n:,}"
    )
