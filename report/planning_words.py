"""Sentences about a planned trial."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from analysis.setting_untreated import entry_words
from analysis.untreated.history import outside_calibration
from analysis.untreated.plan_entry import rules_of
from analysis.untreated.plan_presets import PlanPreset
from analysis.untreated.plan_visits import VisitDesign
from analysis.untreated.planning import Planning, PlanPoint, Simulated
from analysis.untreated.shares import SimulatedShare
from report.charts.planning import visits_name
from report.numbers import count, plain, signed
from report.untreated_words import CHANCE_OF_100, of_100

NO_PROMISE: Final = (
    "A plan gives no promise: every number holds for simulated people with the natural history "
    "assumed here, and only as far as that is right."
)

_MUCH: Final = 0.05
_LONG_RUN_IN: Final = 6.0
"""Months of a run-in beyond which a longer one lowers false success hardly any more."""

_BY_DECLINE: Final = ("slope_at_most", "points_lost")


def heading(found: Planning) -> str:
    """Return the answer in one line."""
    label, n = found.plan.measured.label, found.plan.n
    planned = found.planned
    if planned is None:
        return f"{label}: no answer for this plan"
    return (
        f"{label}, {100 * found.plan.reduction:g} % less steep: {share_text(planned.calibrated)} "
        f"trials of {count(n, 'patient')} would stand out"
    )


def answer(found: Planning) -> tuple[str, ...]:
    """Return what simulated trials of the planned size show, a sentence a number."""
    planned = found.planned
    if planned is None:
        return (f"Nothing can be said: {found.reason}.",)
    plan, unit = found.plan, f"{found.plan.measured.change_unit}/month"
    return (
        f"With a true decline that is {100 * plan.reduction:g} % less steep after day 0 (it adds "
        f"{signed(found.effect)} {unit}), {_with_error(planned)} such trials would have a mean "
        f"change above {signed(planned.critical.value)} {unit}, which {CHANCE_OF_100:g} of 100 "
        "trials of the same design and entry rule exceed without any effect.",
        f"P < 0.05 in favour (paired t test of no change): {share_text(planned.power)} of these "
        f"trials. With no treatment effect, {share_text(planned.false_success)} such trials would "
        f"still show it; a test at 0.05 lets expect {CHANCE_OF_100:g}.",
        *_smallest(planned, unit),
        _people(found, unit),
        *_beyond(found),
        *extrapolated(found),
    )


def extrapolated(found: Planning) -> tuple[str, ...]:
    """Return what of the plan lies outside the windows that the natural history rests on."""
    texts = outside_calibration(found.plan.run_in_months, found.plan.post_months)
    return tuple(f"{text[:1].upper()}{text[1:].removesuffix('.')}." for text in texts)


def _beyond(found: Planning) -> tuple[str, ...]:
    if found.beyond.share <= _MUCH:
        return ()
    return (
        f"The straight course of {share_text(found.beyond)} of those who start leaves the scale at "
        "the first or the last visit. Their measured slope is less steep there, which shifts the "
        "mean change by itself.",
    )


def warning(found: Planning) -> str:
    """Return why P < 0.05 would say little in this trial; empty where it does not mislead."""
    planned = found.planned
    if planned is None or planned.false_success.share <= _MUCH:
        return ""
    by_decline = any(one.kind in _BY_DECLINE for one in rules_of(found.plan.entry))
    if by_decline:
        short = found.plan.run_in_months < _LONG_RUN_IN
        longer = "A run-in of 6 months or more lowers this in part. " if short else ""
        helps = f"{longer}An entry rule that does not look at recent decline or a"
    else:
        helps = "Decline becomes less steep by itself in this plan: a"
    return (
        f"P < 0.05 would not tell much here: {share_text(planned.false_success)} trials of this "
        f"design reach it with no effect. {helps} concurrent control group helps; more patients "
        "do not."
    )


def _with_error(planned: PlanPoint) -> str:
    error = plain(100 * planned.calibrated_error, 1)
    return f"{share_text(planned.calibrated)} (Monte Carlo SE {error})"


def _smallest(planned: PlanPoint, unit: str) -> tuple[str, ...]:
    if not math.isfinite(planned.smallest.value):
        return ("The smallest change cannot be given: too many trials have no test.",)
    text = (
        f"Smallest change that 80 of 100 such trials would find: {signed(planned.smallest.value)} "
        f"{unit} (Monte Carlo SE {error_text(planned.smallest)}) when judged against untreated "
        "trials"
    )
    if not math.isfinite(planned.smallest_tested.value):
        return (
            f"{text}. For P < 0.05 it has no meaning: that many trials reach it with no effect.",
        )
    return (f"{text}; {signed(planned.smallest_tested.value)} {unit} for P < 0.05.",)


def _people(found: Planning, unit: str) -> str:
    rule = found.plan.entry
    entry = (
        "Everybody is taken"
        if rule == ("none",)
        else f"{share_text(found.passing)} untreated people meet the entry rule "
        f"({entry_words(rule)})"
    )
    lost = 1 - found.analysed.share
    left = (
        "all of them have a slope on both sides"
        if not lost
        else f"{100 * lost:.0f} of 100 of those who start have no slope after day 0 and are not in "
        "the test"
    )
    return (
        f"{entry}; {left}. Their measured slope before day 0 is {signed(found.before)} {unit} on "
        f"average, and without any effect it changes by {signed(found.change.value)} {unit} (SD "
        f"between patients {plain(found.change_sd)})."
    )


def visits_sentence(found: Planning, designs: Sequence[VisitDesign]) -> str:
    """Return how many patients the nearest numbers of visits need for the same exactness."""
    at = next((k for k, one in enumerate(designs) if one.planned), None)
    if at is None or found.reason:
        return ""
    n, own = found.plan.n, designs[at]
    fewer = [one for one in designs[:at] if one.as_exact and one.as_exact > n]
    more = [one for one in designs[at + 1 :] if one.as_exact and one.as_exact < n]
    near = [*fewer[-1:], *more[:1]]
    if not near:
        return ""
    others = " or ".join(
        f"{_patients_with(one)} ({_visits_in_all(one):,} visits in all)" for one in near
    )
    return (
        f"Judged against untreated trials, {count(n, 'patient')} with {visits_name(own)} "
        f"({_visits_in_all(own):,} visits in all) detect what {others} do."
    )


def _patients_with(design: VisitDesign) -> str:
    assert design.as_exact is not None
    return f"{design.as_exact} with {visits_name(design)}"


def _visits_in_all(design: VisitDesign) -> int:
    return (design.as_exact or 0) * (design.before + design.after)


def presets_sentence(rows: Sequence[PlanPreset]) -> str:
    """Return the range over natural histories of trials that stand out without an effect."""
    known = [one for one in rows if not one.reason]
    if not known:
        return ""
    low = min(known, key=lambda one: one.standing_out.share)
    high = max(known, key=lambda one: one.standing_out.share)
    return (
        f"If another natural history is the true one, {exact_text(low.standing_out)} "
        f"({low.preset.label}) to {exact_text(high.standing_out)} ({high.preset.label}) of 100 "
        f"trials without an effect would stand out, instead of {CHANCE_OF_100:g}."
    )


def share_text(share: SimulatedShare) -> str:
    """Write a share of trials; a small one with a decimal, as it is read against 2.5."""
    return f"{exact_text(share)} of 100" if 0.01 <= share.share < 0.1 else of_100(share)


def exact_text(share: SimulatedShare) -> str:
    """Write a share in per cent with one decimal, without its sign."""
    return plain(100 * share.share, 1)


def error_text(number: Simulated) -> str:
    """Write a Monte Carlo standard error; a very small one with a third decimal."""
    return plain(number.error, 2 if number.error >= 0.005 else 3)
