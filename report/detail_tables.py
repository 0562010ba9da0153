"""Tables of what stands behind the headline: model, responders, groups, patients at day 0."""

from __future__ import annotations

import math
from typing import Final

import pandas as pd

from analysis.baseline import BaselineCell, BaselineRow, BaselineTable
from analysis.change_from_day0 import ChangeFromDay0
from analysis.comparison import Comparison, EndpointComparison
from analysis.group_values import GroupComparison
from analysis.hinge_course import CourseByMonth
from analysis.hinge_model import HingeModel
from analysis.hinge_values import RANDOM_EFFECTS, Effect
from analysis.population_model import PopulationModel
from analysis.rate import Rate
from analysis.responders import Share
from analysis.results import Interval
from analysis.settings import Alternative
from data.endpoints import Endpoint
from report.numbers import (
    DASH,
    bare_p,
    decimals_for,
    interval_text,
    mean_sd,
    p_value,
    plain,
    signed,
    span,
    two_sided_note,
    two_sided_p,
)
from report.numbers import level as level_text

_SHAPES: Final = {
    "linear": "straight",
    "hinge": "bends at day 0",
    "quadratic": "bends all the time",
    "hinge and quadratic": "both",
}


def further_analyses(result: EndpointComparison) -> pd.DataFrame:
    """Return what else is known of the mean change: weighted, Bayes factor, equivalence."""
    rows = []
    shown = result.weighted_mean.shown
    if shown is not None:
        decimals = decimals_for(shown.interval_kh)
        rows.append(
            {
                "analysis": "mean change weighted by precision (random effects, REML, "
                "Knapp–Hartung)",
                "result": f"{signed(shown.mean, decimals)} {result.unit} "
                f"({interval_text(shown.interval_kh, decimals)}), "
                f"{two_sided_p(shown.p_kh, result.alternative)}; "
                f"I² {plain(result.weighted_mean.i2, 0)} %; "
                f"a new patient: {_new_patient(shown.prediction_kh, decimals)}",
            }
        )
    bayes = result.bayes_factor
    if math.isfinite(bayes.log10_bf10):
        size = f"{bayes.bf10:,.3g}" if bayes.bf10 < 1e6 else f"10^{bayes.log10_bf10:.0f}"
        rows.append({"analysis": bayes.name, "result": f"BF₁₀ = {size} (two-sided)"})
    equal = result.equivalence
    if equal is not None:
        rows.append(
            {
                "analysis": f"equivalence, margin ±{plain(equal.margin)} {result.unit}",
                "result": f"{equal.sentence} {p_value(equal.p)} of equivalence",
            }
        )
    return pd.DataFrame(rows)


def _new_patient(prediction: Interval | None, decimals: int) -> str:
    if prediction is None:
        return DASH
    return f"{level_text(prediction.level)} prediction interval {span(prediction, decimals)}"


def joint_line(comparison: Comparison) -> str:
    """Return the test of both endpoints together in one sentence, or nothing."""
    joint = comparison.joint
    if joint is None or not math.isfinite(joint.p):
        return ""
    notes = f" ({'; '.join(joint.notes)})" if joint.notes else ""
    return (
        f"Both endpoints together, {joint.name}: "
        f"{p_value(joint.p, comparison.settings.alternative)}, n = {joint.n:,}{notes}."
    )


def responders(result: EndpointComparison) -> pd.DataFrame:
    """Return every rule: responders of the assessable, of all compared, expected by chance."""
    return pd.DataFrame(
        [
            {
                "rule": one.rule.label,
                "of the assessable": _share(one.of_assessable),
                "of all compared": _share(one.of_all),
                "expected if nothing changed": _percent(one.expected_of_assessable),
            }
            for one in result.responders
        ]
    )


def _share(share: Share) -> str:
    if share.clopper_pearson is None:
        return f"0 of {share.n:,}"
    low, high = share.clopper_pearson.low, share.clopper_pearson.high
    return (
        f"{share.count:,} of {share.n:,} = {_percent(share.share)} "
        f"({plain(100 * low, 0)} to {plain(100 * high, 0)})"
    )


def _percent(share: float) -> str:
    return f"{plain(100 * share, 0)} %" if math.isfinite(share) else DASH


def model_course(endpoint: Endpoint, course: CourseByMonth) -> pd.DataFrame:
    """Return the mean course of the mixed model and the observed means, one row a month."""
    fitted = course.model
    return pd.DataFrame(
        {
            "endpoint": endpoint.label,
            "unit": endpoint.unit,
            "month": course.month,
            "patients": course.n,
            "observed_mean": course.observed,
            "model_mean": fitted.mean,
            "model_ci_low": fitted.low,
            "model_ci_high": fitted.high,
            "ci_level": fitted.level,
            "run_in_continued": course.continued,
        }
    )


def model(
    found: HingeModel, rate: Rate, unit: str, alternative: Alternative = "two-sided"
) -> pd.DataFrame:
    """Return the fixed effects of the mixed model with both kinds of degrees of freedom.

    Its P are two-sided; where the tests of the change are not (``alternative``), the heads of the
    columns say so.
    """
    names = ("slope before", "change of slope", "slope after")
    rows = [
        _effect(effect, name, unit) for name, effect in zip(names, found.in_unit(rate), strict=True)
    ]
    rows += [_effect(effect, effect.name, "") for effect in found.covariates]
    side = ", two-sided" if two_sided_note(alternative) else ""
    heads = {f"P ({df})": f"P ({df}{side})" for df in ("Kenward–Roger", "Satterthwaite")}
    return pd.DataFrame(rows).rename(columns=heads)


def _effect(effect: Effect, name: str, unit: str) -> dict[str, str]:
    decimals = decimals_for(effect.interval)
    ends = effect.interval
    return {
        "effect": name,
        "estimate": f"{signed(effect.estimate, decimals)} {unit}".strip(),
        f"{level_text(ends.level)} CI" if ends else "CI": span(ends, decimals),
        "df": f"{effect.df:.1f}" if math.isfinite(effect.df) else DASH,
        "P (Kenward–Roger)": bare_p(effect.p),
        "P (Satterthwaite)": bare_p(effect.satterthwaite_p),
    }


def population_sentence(
    found: PopulationModel, rate: Rate, unit: str, alternative: Alternative = "two-sided"
) -> str:
    """Return the change of slope of the population-averaged model in one sentence."""
    if found.reason:
        return f"Population-averaged model: not given, {found.reason}."
    change = found.change.scaled(rate.months_before)
    decimals = decimals_for(change.interval)
    return (
        f"Population-averaged model of the same visits ({found.method}; working correlation "
        f"{found.working}): change {signed(change.estimate, decimals)} {unit} "
        f"({interval_text(change.interval, decimals)}), {two_sided_p(change.p, alternative)}, "
        "exploratory."
    )


def model_spread(found: HingeModel, unit: str) -> pd.DataFrame:
    """Return how much patients and visits differ in the model: SDs and correlations."""
    random = found.random
    units = (unit.split("/")[0], unit, unit)
    rows = [
        {
            "between patients": f"{name}, SD",
            "value": f"{plain(float(random.sd[i]))} {units[i]}",
            "correlation with the level": _correlation(float(random.correlation[i][0]), i > 0),
            "with the slope before": _correlation(float(random.correlation[i][1]), i > 1),
        }
        for i, name in enumerate(RANDOM_EFFECTS)
    ]
    rows.append(
        {
            "between patients": "visits about the patient’s course, SD",
            "value": f"{plain(random.residual_sd)} {units[0]}",
            "correlation with the level": "",
            "with the slope before": "",
        }
    )
    return pd.DataFrame(rows)


def _correlation(value: float, shown: bool) -> str:
    return plain(value) if shown else ""


def model_checks(
    found: HingeModel, rate: Rate, unit: str, alternative: Alternative = "two-sided"
) -> pd.DataFrame:
    """Return the likelihood-ratio test, the two variances, and the course that always bends."""
    factor = rate.months_before
    bent = found.curvature.change.scaled(factor)
    decimals = decimals_for(bent.interval)
    best = min(found.curvature.shapes, key=lambda shape: shape.aic, default=None)
    variances = found.variances
    rows = [
        {
            "check": "likelihood ratio of the bend at day 0 (ML)",
            "result": found.change_test.reason
            or f"χ² = {plain(found.change_test.statistic)}, {p_value(found.change_test.p)}",
        },
        {
            "check": "change of slope with t² in the model",
            "result": found.curvature.reason
            or f"{signed(bent.estimate, decimals)} {unit} "
            f"({interval_text(bent.interval, decimals)}), {two_sided_p(bent.p, alternative)}",
        },
        {
            "check": "shape with the smallest AIC",
            "result": DASH
            if best is None
            else f"{_SHAPES[best.key]} ("
            + ", ".join(f"{_SHAPES[s.key]} {plain(s.aic, 1)}" for s in found.curvature.shapes)
            + ")",
        },
        {
            "check": "visits scatter differently after day 0",
            "result": variances.test.reason
            or f"SD {plain(variances.sd_before)} before, {plain(variances.sd_after)} after, "
            f"{p_value(variances.test.p)}",
        },
    ]
    return pd.DataFrame(rows)


def groups(found: GroupComparison) -> pd.DataFrame:
    """Return each group's slopes, change and n."""
    return pd.DataFrame(
        [
            {
                "group": group.label,
                "n compared of group": f"{group.n:,} of {group.n_loaded:,}",
                "before": mean_sd(group.before),
                "after": mean_sd(group.after),
                "change": mean_sd(group.change),
                "CI of the change": span(group.change.interval),
            }
            for group in found.groups
        ]
    )


def group_tests(found: GroupComparison, alternative: Alternative) -> pd.DataFrame:
    """Return the tests and the effect size of the difference between two groups."""
    assert found.difference is not None
    rows = [
        {
            "test": test.name,
            "difference": signed(test.estimate, decimals_for(test.interval)),
            "CI": span(test.interval, decimals_for(test.interval)),
            "P": bare_p(test.p, alternative),
            "notes": "; ".join(test.notes) or DASH,
        }
        for test in found.difference.tests
    ]
    effect = found.difference.effect
    rows.append(
        {
            "test": effect.name,
            "difference": signed(effect.value),
            "CI": span(effect.interval),
            "P": DASH,
            "notes": "; ".join(effect.notes) or DASH,
        }
    )
    return pd.DataFrame(rows)


def baseline(table: BaselineTable) -> pd.DataFrame:
    """Return the patients at day 0 as text: one row a variable, one column a group."""
    rows = []
    for row in table.rows:
        line = {"at day 0": f"{row.label}, {row.unit}" if row.unit else row.label}
        for label, n, cell in zip(table.columns, table.n, row.cells, strict=True):
            line[f"{label}, n = {n:,}"] = _baseline_cell(row, cell)
        if len(table.columns) > 1:
            difference = row.difference
            line["standardised difference"] = (
                DASH if difference is None else plain(difference.value)
            )
        rows.append(line)
    return pd.DataFrame(rows)


def _baseline_cell(row: BaselineRow, cell: BaselineCell) -> str:
    missing = f"; {cell.missing} missing" if cell.missing else ""
    if cell.n == 0:
        return f"{DASH}{missing}"
    if row.kind == "categories":
        counts = [f"{name} {k}" for name, k in zip(row.categories, cell.counts, strict=True) if k]
        return f"{', '.join(counts)}{missing}"
    d = row.decimals
    spread = f" ± {plain(cell.sd, d + 1)}" if math.isfinite(cell.sd) else ""
    return (
        f"{plain(cell.mean, d + 1)}{spread}; median {plain(cell.median, d)} "
        f"({plain(cell.low, d)} to {plain(cell.high, d)}){missing}"
    )


def change_from_day0(found: ChangeFromDay0, confidence: float) -> pd.DataFrame:
    """Return the change of the score from day 0 at each month, with who is missing."""
    return pd.DataFrame(
        [
            {
                "month": plain(at.month, 0),
                "n": at.change.n,
                "mean change ± SD": mean_sd(at.change, 1),
                f"{level_text(confidence)} CI": span(at.change.interval, 1),
                "missing": _missing(at.died, at.ended, at.missed),
            }
            for at in found.by_month
        ]
    )


def _missing(died: int, ended: int, missed: int) -> str:
    parts = {"died": died, "no later visit": ended, "visit missed": missed}
    return ", ".join(f"{n} {why}" for why, n in parts.items() if n) or DASH
