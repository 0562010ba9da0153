"""Sentences about a result: what was seen, never why."""

from __future__ import annotations

import math
from collections import Counter
from typing import Final

from analysis.comparison import Comparison, EndpointComparison
from analysis.flow import PASSING
from analysis.hinge_model import HingeModel
from analysis.settings import DayZero
from report import group_words
from report.numbers import (
    count,
    decimals_for,
    interval_text,
    level,
    mean_sd,
    p_value,
    plain,
    signed,
    span,
)

DAY0_WORDS: Final[dict[DayZero, str]] = {
    "before": "as before",
    "after": "as after",
    "both": "in both",
    "neither": "in neither",
}
RATE_WORDS: Final = {"month": "per month", "year": "per year", "period": "per period"}
PATIENT_LEGEND: Final = (
    "Hollow: before, filled: after, pale hollow: not analysed. Bands: confidence of each line. "
    "Dotted: the run-in projected beyond the transplant, with its prediction band; thin dotted: "
    "the run-in shrunken toward the natural history. Dotted level lines of vital capacity: guides "
    "at 50 and 80 %. ▾ with a dotted hairline: an event."
)
COURSES_LEGEND: Final = (
    "Thin: one line per patient. Thick: median, before slate, after blue. Band: middle half. "
    "n: patients with a visit near each month."
)
_SHORT_OF: Final = 0.005
SINGLE_ARM: Final = "Before against after in one arm; no control group."


def heading(result: EndpointComparison) -> str:
    """Return one line that says direction and size, or that neither can be told."""
    label, change = result.endpoint.label, result.change_summary
    if result.n == 0:
        return f"{label}: no patient can be compared"
    if result.against_control is not None:
        return group_words.heading(result, result.against_control)
    decimals = decimals_for(change.interval)
    if change.interval is None or not result.primary.p >= 0:
        return f"{label}: {signed(change.mean, decimals)} {result.unit}, no test"
    size = f"{plain(abs(change.mean), decimals)} {result.unit}"
    if not change.interval.excludes_zero:
        return f"{label}: inconclusive, {signed(change.mean, decimals)} {result.unit}"
    if rises(result):
        return f"{label}: slope {'higher' if change.mean > 0 else 'lower'} by {size}"
    return f"{label}: decline {'slower' if change.mean > 0 else 'faster'} by {size}"


def rises(result: EndpointComparison) -> bool:
    """Whether either mean slope is no decline, so that "slower decline" would be wrong."""
    return result.before_summary.mean >= 0 or result.after_summary.mean >= 0


def numbers_line(result: EndpointComparison) -> str:
    """Return interval, primary P and n."""
    if result.n == 0:
        return f"{n_text(result)}; who is missing and why stands under “Patients”"
    if result.against_control is not None:
        return group_words.numbers_line(result, result.against_control)
    decimals = decimals_for(result.change_summary.interval)
    return (
        f"{interval_text(result.change_summary.interval, decimals)}, "
        f"{p_value(result.primary.p, result.alternative)}, {n_text(result)}"
    )


def nobody_sentence(result: EndpointComparison) -> str:
    """Return why nobody can be compared, by the commonest reason, and what to try."""
    if any(step.name == PASSING and step.n == 0 for step in result.flow):
        return f"{result.endpoint.label}: no patient passes the filters. Take a filter away."
    reasons = Counter(reason for step in result.flow for _, reason in step.left)
    (reason, n), *_ = reasons.most_common(1) or [("the trial is empty", 0)]
    return (
        f"{result.endpoint.label}: nobody has slopes both before and after the transplant. "
        f"Commonest reason: {reason} ({count(n, 'patient')}). "
        "Widen the windows, ask for fewer visits or days, or complete the file."
    )


def supporting_line(result: EndpointComparison, model: HingeModel) -> str:
    """Return what stands beside the primary test: sign flip, Hodges–Lehmann, mixed model."""
    if result.n < 2 or result.against_control is not None:
        return ""
    rank = result.test("wilcoxon")
    parts = [f"sign flip {p_value(result.test('sign_flip').p, result.alternative)}"]
    if rank.interval is not None:
        decimals = decimals_for(rank.interval)
        ends = span(rank.interval, decimals)
        if rank.interval.attained < rank.interval.level - _SHORT_OF:
            ends += f", {level(rank.interval.attained)} CI"
        parts.append(f"Hodges–Lehmann {signed(rank.estimate, decimals)} ({ends})")
    # With a run-in from onset the model estimates another change: it still rests on the visits.
    if model.estimable and result.slopes.run_in_used == "visits":
        change = model.change.scaled(result.rate.months_before)
        decimals = decimals_for(change.interval)
        parts.append(
            f"mixed model {signed(change.estimate, decimals)} ({span(change.interval, decimals)})"
        )
    return f"Supporting: {'; '.join(parts)}."


def missing_line(result: EndpointComparison) -> str:
    """Return who is not compared and why, or nothing where everybody is."""
    left = [f"{p} ({why})" for step in result.flow for p, why in step.left]
    more = f" and {len(left) - 4:,} more" if len(left) > 4 else ""
    return f"Not compared: {'; '.join(left[:4])}{more}." if left and result.n else ""


def n_text(result: EndpointComparison) -> str:
    """Return "n = 12", or "n = 10 of 12" where not everybody could be compared."""
    loaded = result.flow[0].n
    return f"n = {result.n:,}" if result.n == loaded else f"n = {result.n:,} of {loaded:,}"


def means_line(result: EndpointComparison) -> str:
    """Return mean ± SD before and after."""
    if result.n == 0:
        return "no slope to show"
    if result.groups is not None and result.against_control is not None:
        return group_words.arms_line(result.groups, result.against_control)
    return (
        f"before {mean_sd(result.before_summary)} → after {mean_sd(result.after_summary)} "
        "(mean ± SD)"
    )


def holm_line(comparison: Comparison) -> str:
    """Return the P values after Holm's correction, or why there is none."""
    tested = [r for r in comparison.endpoints if math.isfinite(r.lead.p)]
    family = [r for r in tested if r.holm_over]
    others = [r.endpoint.label for r in tested if not r.holm_over]
    exploratory = f" Exploratory, not corrected: {', '.join(others)}." if others else ""
    if len(family) > 1:
        texts = ", ".join(f"{r.endpoint.label} {p_value(r.holm_p, r.alternative)}" for r in family)
        return f"Holm’s correction over {len(family)} endpoints: {texts}.{exploratory}"
    if not tested:
        return ""
    return f"No correction: {count(len(family), 'primary endpoint')} tested.{exploratory}"


def results_sentence(result: EndpointComparison) -> str:
    """Return the whole result of one endpoint as a sentence for a text."""
    label, change = result.endpoint.label, result.change_summary
    if result.n == 0:
        return f"{label}: no patient has a slope both before and after the transplant."
    if result.against_control is not None:
        return group_words.sentence(result, result.groups)
    decimals = decimals_for(change.interval)
    if signed(change.mean, decimals) == "0":
        said = f"slope changed by 0 {result.unit}"
    else:
        steep = "less steep" if change.mean > 0 else "steeper"
        if rises(result):
            steep = "higher" if change.mean > 0 else "lower"
        said = f"slope {steep} by {plain(abs(change.mean), decimals)} {result.unit}"
    if change.interval is not None and not change.interval.excludes_zero:
        said = f"inconclusive; {said}"
    test = (
        f", {p_value(result.primary.p, result.alternative)}"
        if math.isfinite(result.primary.p)
        else ", no test"
    )
    interval = (
        f" ({interval_text(change.interval, decimals)})" if change.interval is not None else ""
    )
    return f"{label}: {said}{interval}{test}, {n_text(result)}."


def flow_sentence(result: EndpointComparison) -> str:
    """Return the flow of patients in one line."""
    return " → ".join(f"{step.n} {step.name}" for step in result.flow)


def period_text(comparison: Comparison) -> str:
    """Return the lengths of the two periods where slopes are given per period."""
    rate = comparison.rate
    if rate.unit != "period":
        return ""
    return f"One period is {rate.months_before:g} months, before as after."


def alt_text(result: EndpointComparison) -> str:
    """Return the text alternative of the paired figure."""
    return (
        f"Each patient’s {result.endpoint.label} slope before and after the transplant, joined, "
        f"and the changes with their mean. {results_sentence(result)}"
    )


def patient_alt(
    comparison: Comparison,
    results: tuple[EndpointComparison, ...],
    patient: int,
    names: tuple[str, ...] | None = None,
) -> str:
    """Return the text alternative of one patient's figure; ``names`` as patients are called."""
    called = (names or comparison.patient_ids)[patient]
    parts = [f"Course of {called} around the transplant."]
    for result in results:
        before, after = result.slopes.before, result.slopes.after
        parts.append(
            f"{result.endpoint.label}: {plain(float(result.before[patient]))} before "
            f"({count(int(before.n[patient]), 'visit')}), {plain(float(result.after[patient]))} "
            f"after ({count(int(after.n[patient]), 'visit')}), {result.unit}."
        )
    return " ".join(parts)


def courses_alt(result: EndpointComparison) -> str:
    """Return the text alternative of a figure with all patients."""
    return (
        f"{result.endpoint.label} of all patients around the transplant. {results_sentence(result)}"
    )


def multiples_legend(result: EndpointComparison) -> str:
    """Return how to read the small multiples of one endpoint."""
    return (
        f"{result.endpoint.label}: change of slope in {result.unit} with its interval, bold where "
        "it excludes 0. ○ before, ● after, dotted: run-in projected. One scale for all."
    )


def design_line(comparison: Comparison) -> str:
    """Return what was set against what: everybody against themselves, or against a control."""
    led = [r for r in comparison.endpoints if r.against_control is not None]
    pooled = [r for r in comparison.endpoints if r.against_control is None and r.n]
    if not led:
        return _pooled(comparison)
    arms = led[0].against_control
    assert arms is not None
    of = f"{' and '.join(r.endpoint.label for r in led)}: " if pooled else ""
    rest = "".join(
        f" {r.endpoint.label}: before against after, all arms together, because too few patients "
        "of the arms can be compared."
        for r in pooled
    )
    return (
        f"{of}“{arms.other}” against the concurrent “{arms.reference}”, whose patients count from "
        "the day 0 that the file gives them. Whether patients were assigned at random is not in "
        f"the file.{rest}"
    )


def _pooled(comparison: Comparison) -> str:
    if not comparison.arms:
        return SINGLE_ARM
    text = f"Before against after, all arms together ({', '.join(comparison.arms)})."
    if comparison.settings.group_by == "group":
        return f"{text} The arms are compared under Groups."
    if comparison.control:
        return (
            f"{text} “{comparison.control}” looks like a concurrent control: group by arm to "
            "compare with it."
        )
    return f"{text} Group by arm to compare them."


def figure_legend(comparison: Comparison, result: EndpointComparison) -> str:
    """Return what stands under the title of the saved paired figure."""
    parts = (
        results_sentence(result),
        f"Bars: {level(comparison.settings.confidence)} CI of the means.",
        period_text(comparison),
        design_line(comparison),
    )
    return " ".join(part for part in parts if part)
