"""Who responded, by fixed rules, and how often noise alone would give a responder."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import numpy as np
from scipy import special

from analysis.results import Interval, finite
from analysis.signed_rank import rounded
from data.trial import BoolArray, FloatArray

Kind = Literal["percent", "difference"]

PERCENTS: Final = (20, 25, 50, 75, 100)
DIFFERENCES: Final = (1.25, 1.5)
"""Points per month, for the ALSFRS-R total only."""

STEEP_ENOUGH: Final = {"alsfrs_r": -0.25, "fvc": -0.5, "svc": -0.5}
"""Slope before, per month, at or below which a change in per cent of it is assessed.

Below a slope near 0 any change is many per cent of it. Endpoints that are not named have no agreed
limit, so for them no rule in per cent is offered.
"""


@dataclass(frozen=True, slots=True)
class Rule:
    """What makes a responder.

    Parameters
    ----------
    key, label
        Stable key, and the words.
    kind
        ``"percent"``: change over the absolute slope before; ``"difference"``: the change itself.
    threshold
        Share (0.5 for 50 %), or units per month.
    strict
        Whether the threshold must be exceeded.
    steep_enough
        Highest slope before that is assessed, per month; ``None`` assesses everyone.
    """

    key: str
    label: str
    kind: Kind
    threshold: float
    strict: bool = False
    steep_enough: float | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """A share of patients with two intervals.

    Parameters
    ----------
    count, n
        Responders among how many.
    share
        Their ratio; NaN with nobody.
    clopper_pearson, wilson
        Intervals; ``None`` with nobody.
    """

    count: int
    n: int
    share: float
    clopper_pearson: Interval | None
    wilson: Interval | None

    def to_json(self) -> dict[str, Any]:
        """Return the share as JSON values."""
        exact, score = self.clopper_pearson, self.wilson
        return {
            "count": self.count,
            "n": self.n,
            "share": finite(self.share),
            "clopper_pearson": None if exact is None else exact.to_json(),
            "wilson": None if score is None else score.to_json(),
        }


@dataclass(frozen=True, slots=True)
class Responders:
    """Responders by one rule.

    Parameters
    ----------
    rule
        The rule.
    responded, assessable
        One entry a paired patient; nobody who is not assessable responded.
    of_assessable, of_all
        The share among the assessable and among all paired patients.
    expected_of_assessable, expected_of_all
        The shares to be expected if no slope changed, from the errors of the slopes; NaN without
        errors.
    """

    rule: Rule
    responded: BoolArray = field(repr=False)
    assessable: BoolArray = field(repr=False)
    of_assessable: Share
    of_all: Share
    expected_of_assessable: float
    expected_of_all: float

    def to_json(self) -> dict[str, Any]:
        """Return the counts as JSON values; who responded is left to the table of patients."""
        return {
            "key": self.rule.key,
            "label": self.rule.label,
            "steep_enough": self.rule.steep_enough,
            "of_assessable": self.of_assessable.to_json(),
            "of_all": self.of_all.to_json(),
            "expected_of_assessable": finite(self.expected_of_assessable),
            "expected_of_all": finite(self.expected_of_all),
        }


@dataclass(frozen=True, slots=True)
class SlopeErrors:
    """Error variances of the slopes of the paired patients, per month, from one residual SD.

    Parameters
    ----------
    before, after
        Squared standard errors.
    covariance
        Covariance of the two errors; 0 unless a visit counts on both sides.
    """

    before: FloatArray
    after: FloatArray
    covariance: FloatArray


def responder_rules(
    endpoint: str, unit: str, meaningful_change: float | None = None
) -> tuple[Rule, ...]:
    """Return the preset rules of one endpoint.

    Parameters
    ----------
    endpoint
        Its key.
    unit
        Unit of its slopes per month, such as "points/month".
    meaningful_change
        Change of the slope per month above which a change matters, if one is set.

    Returns
    -------
    tuple of Rule
        Any change above 0; a change above the meaningful one; at least 20, 25, 50, 75 and 100 %
        less steep, where the endpoint has a limit for it; at least 1.25 and 1.5 points/month for
        the ALSFRS-R total.
    """
    rules = [Rule("above_0", "slope less steep (change above 0)", "difference", 0.0, strict=True)]
    if meaningful_change is not None:
        label = f"change above {meaningful_change:g} {unit}"
        rules.append(Rule("meaningful", label, "difference", meaningful_change, strict=True))
    steep = STEEP_ENOUGH.get(endpoint)
    if steep is not None:
        rules += [
            Rule(
                key=f"percent_{q}",
                label=f"slope at least {q} % less steep",
                kind="percent",
                threshold=q / 100,
                steep_enough=steep,
            )
            for q in PERCENTS
        ]
    if endpoint == "alsfrs_r":
        rules += [
            Rule(f"points_{d:g}", f"slope less steep by at least {d:g} {unit}", "difference", d)
            for d in DIFFERENCES
        ]
    return tuple(rules)


def responders(
    before: FloatArray,
    after: FloatArray,
    rules: tuple[Rule, ...],
    level: float,
    errors: SlopeErrors | None = None,
) -> tuple[Responders, ...]:
    """Count responders by each rule.

    Parameters
    ----------
    before, after
        Slopes of the paired patients **per month**, whatever unit is shown.
    rules
        The rules.
    level
        Level of the intervals.
    errors
        Error variances of the slopes, for the shares to be expected if no slope changed.

    Notes
    -----
    Clopper & Pearson 1934 (doi 10.1093/biomet/26.4.404), Wilson 1927
    (doi 10.1080/01621459.1927.10502953). The rule of 1.25 points is that of Cudkowicz et al.
    2022 (doi 10.1002/mus.27472).
    """
    return tuple(_by_rule(before, after, rule, level, errors) for rule in rules)


def responding(before: FloatArray, after: FloatArray, rule: Rule) -> tuple[BoolArray, BoolArray]:
    """Return who is assessable by a rule, and who of them responded.

    Parameters
    ----------
    before, after
        Slopes per month, of shapes that broadcast.
    rule
        The rule.
    """
    if rule.steep_enough is None:
        assessable = np.ones(before.shape, dtype=np.bool_)
    else:
        assessable = rounded(before) <= rule.steep_enough
    # A product, not a ratio, and rounded last: a change of exactly the threshold responds.
    size = np.abs(before) if rule.kind == "percent" else 1.0
    over = rounded(after - before - rule.threshold * size)
    return assessable, assessable & (over > 0 if rule.strict else over >= 0)


def _by_rule(
    before: FloatArray, after: FloatArray, rule: Rule, level: float, errors: SlopeErrors | None
) -> Responders:
    n = len(before)
    assessable, responded = responding(before, after, rule)
    count, n_assessable = int(responded.sum()), int(assessable.sum())
    of_assessable = of_all = math.nan
    if errors is not None and n:
        of_assessable, of_all = expected_shares(before, after, rule, errors)
    return Responders(
        rule,
        responded,
        assessable,
        share_of(count, n_assessable, level),
        share_of(count, n, level),
        of_assessable,
        of_all,
    )


def share_of(count: int, n: int, level: float) -> Share:
    """Return ``count`` of ``n`` with the intervals of Clopper–Pearson and Wilson."""
    if n == 0:
        return Share(count, 0, math.nan, None, None)
    tail, z = (1 - level) / 2, float(special.ndtri((1 + level) / 2))
    exact_low = float(special.betaincinv(count, n - count + 1, tail)) if count > 0 else 0.0
    exact_high = float(special.betaincinv(count + 1, n - count, 1 - tail)) if count < n else 1.0
    # Wilson's interval: where the score test of a share does not reject.
    centre = (count + z * z / 2) / (n + z * z)
    half = z * math.sqrt(count * (n - count) / n + z * z / 4) / (n + z * z)
    return Share(
        count,
        n,
        count / n,
        Interval(exact_low, exact_high, level, level),
        Interval(max(0.0, centre - half), min(1.0, centre + half), level, level),
    )


def expected_shares(
    before: FloatArray, after: FloatArray, rule: Rule, errors: SlopeErrors
) -> tuple[float, float]:
    """Return the shares of responders to be expected if no slope changed.

    Each patient has one true slope, the precision-weighted mean of the two that were seen. New
    slopes before and after scatter around it with normal errors. Expected is the sum over patients
    of P(assessed and responding), over the sum of P(assessed) and over the number of patients.

    Parameters
    ----------
    before, after
        Slopes per month.
    rule
        The rule.
    errors
        Error variances of the slopes; where one is not above 0 nothing is expected (NaN).

    Notes
    -----
    The best estimate of one common slope with errors of variance v_b, v_a and covariance c weights
    the slopes with (v_a − c) and (v_b − c). With the slopes before at or below the limit (< 0), a
    change of at least q |b| is a − (1 − q) b ≥ 0, so both conditions are linear in (b, a) and the
    probability is one of the bivariate normal distribution. The shares hold for straight courses,
    normal errors and patients who were not chosen for their slope before. Selection, which makes
    the share larger, natural bending and the ends of the scale are not in it.
    """
    v_b, v_a, c = errors.before, errors.after, errors.covariance
    of_change = v_b + v_a - 2 * c
    if not (np.all(v_b > 0) and np.all(v_a > 0) and np.all(of_change > 0)):
        return math.nan, math.nan
    if rule.kind == "difference":
        share = float(np.mean(special.ndtr(-rule.threshold / np.sqrt(of_change))))
        return share, share
    assert rule.steep_enough is not None
    common = ((v_a - c) * before + (v_b - c) * after) / of_change
    kept = 1 - rule.threshold
    of_margin = v_a + kept**2 * v_b - 2 * kept * c
    steep = (rule.steep_enough - common) / np.sqrt(v_b)
    margin = common * (1 - kept) / np.sqrt(of_margin)
    correlation = -(c - kept * v_b) / np.sqrt(v_b * of_margin)
    assessed = special.ndtr(steep)
    both = both_below(steep, margin, correlation)
    total = float(assessed.sum())
    of_assessable = float(both.sum()) / total if total > 0 else math.nan
    return of_assessable, float(both.mean())


def both_below(h: FloatArray, k: FloatArray, correlation: FloatArray) -> FloatArray:
    """Return P(X ≤ h and Y ≤ k) of standard normal X and Y, elementwise.

    Notes
    -----
    Owen 1956 (doi 10.1214/aoms/1177728074), equation 2.1, with his function T from scipy. The
    correlation is strictly between −1 and 1.
    """
    # Owen's formula divides by h and k; a shift this small changes nothing else.
    h = np.where(np.abs(h) < 1e-150, 1e-150, h)
    k = np.where(np.abs(k) < 1e-150, 1e-150, k)
    root = np.sqrt((1 - correlation) * (1 + correlation))
    inner = special.owens_t(h, (k / h - correlation) / root)
    outer = special.owens_t(k, (h / k - correlation) / root)
    half = np.where(h * np.sign(k) < 0, 0.5, 0.0)
    value = (special.ndtr(h) + special.ndtr(k)) / 2 - inner - outer - half
    return np.asarray(np.clip(value, 0.0, 1.0))
