"""Sentences about untreated simulated trials: how often they look like this one."""

from __future__ import annotations

import math
from typing import Final

from analysis.comparison import EndpointComparison
from analysis.untreated.deceleration import Deceleration
from analysis.untreated.outcome import RARE, Untreated, UntreatedEndpoint
from analysis.untreated.presets import OverPresets
from analysis.untreated.regression import RegressionReport
from analysis.untreated.shares import SimulatedShare
from report.numbers import count, plain, signed

RESPONDER_RULE: Final = "percent_50"
"""Rule of the responders in the sentence: slope at least 50 % less steep."""

CHANCE_OF_100: Final = 2.5
"""Trials of 100 in which a two-sided test at 0.05 rejects in one direction by chance alone."""

_ENOUGH_FOR_ONE_OF_100: Final = 300
"""Trials with which none of them excludes 1 of 100 with 95 % confidence (the rule of three)."""

_TWO_SIDED: Final = 1.96
"""Standard errors on each side that hold 95 % of a normal distribution."""

_HEADINGS: Final = {
    "rare": "rare in untreated trials",
    "seen": "also seen in untreated trials",
    "depends": "depends on the natural history assumed",
    "inconclusive": "inconclusive against untreated trials",
}


def untreated_sentence(result: UntreatedEndpoint, control: str = "") -> str:
    """Return what untreated trials with this run-in look like, in one sentence of four numbers.

    The share of simulated untreated trials whose mean change is at least that of this trial, the
    share that reach a two-sided P < 0.05 towards a less steep decline (2.5 of 100 by chance
    alone), the responders here, and those to be expected untreated, by the same
    rule and of the same patients. Of the two mean slopes that people like these may have, the
    assumed one and that of their run-ins, it is the one that lets expect the larger change.

    Parameters
    ----------
    result
        One endpoint.
    control
        The control arm, whose patients are not simulated; empty where there is none.
    """
    label, shown = result.endpoint.label, result.cautious
    if control:
        label = f"{label}, patients outside “{control}”"
    if result.reason:
        return f"{label}: not compared with untreated trials: {result.reason.removesuffix('.')}."
    ending = "; the verdict is inconclusive" if result.verdict.key == "inconclusive" else ""
    return (
        f"{label}: {of_100(shown.at_least)} simulated untreated trials with this run-in show a "
        f"change at least as high, and {of_100(shown.in_favour)} reach a two-sided P < 0.05 "
        f"towards a less steep decline (by chance alone {CHANCE_OF_100:g}); "
        f"{_responders(shown)}{ending}."
    )


def of_100(share: SimulatedShare) -> str:
    """Write a share of simulated trials, such as "12 of 100"; never none and never all of them.

    Next to the 2.5 of 100 that chance alone gives, and that bound a rare change, with decimals.
    """
    if share.count == 0 and share.trials < _ENOUGH_FOR_ONE_OF_100:
        return f"none of {share.trials}"
    if share.count == share.trials and share.trials < _ENOUGH_FOR_ONE_OF_100:
        return f"all of {share.trials}"
    if share.share < 0.01:
        return "fewer than 1 of 100"
    if share.share > 0.99:
        return "more than 99 of 100"
    percent = 100 * share.share
    if abs(percent - CHANCE_OF_100) < 0.5:
        rounded = round(percent, 1)
        return f"{percent if rounded == CHANCE_OF_100 else rounded:.4g} of 100"
    return f"{math.floor(percent + 0.5)} of 100"


def sentences(found: Untreated, endpoint: str = "") -> str:
    """Return the sentences of all endpoints, or of one, as they stand in every export."""
    chosen = (one for one in found.endpoints if endpoint in ("", one.endpoint.key))
    return " ".join(untreated_sentence(one, found.control) for one in chosen)


def verdict_heading(result: UntreatedEndpoint, key: str = "") -> str:
    """Return one line that says how the trial compares with untreated ones.

    Parameters
    ----------
    result
        One endpoint.
    key
        The verdict over several natural histories, where that is to be told; else its own.
    """
    chosen = key or result.verdict.key
    shares = [one.at_least.share for one in (result, result.own_mean) if one is not None]
    said = _HEADINGS[chosen]
    if result.reason:
        said = "no comparison with untreated trials"
    elif chosen == "seen" and min(shares) > 1 - RARE:
        said = "lower change than in most untreated trials"
    elif chosen == "seen" and result.observed <= 0:
        said = "no less steep decline here"
    return f"{result.endpoint.label}: {said}"


def verdict_lines(result: UntreatedEndpoint) -> tuple[str, ...]:
    """Return what the verdict rests on: shares with their Monte Carlo errors, n, and reasons."""
    if result.reason:
        return (_sentence(result.reason),)
    shown = result.cautious
    lines = [
        f"{count(shown.at_least.trials, 'simulated untreated trial')}, "
        f"{count(shown.n, 'patient')} each; ± is the Monte Carlo standard error.",
        f"A mean change of {signed(shown.observed)} {shown.unit} or above, as here: "
        f"{_with_error(shown.at_least)}.",
        *_other_mean(result, shown),
        *filter(None, (near_limit(result),)),
        f"Expected untreated: {signed(shown.mean)} {shown.unit} (95 of 100 trials: "
        f"{plain(shown.low)} to {plain(shown.high)}).",
        "Two-sided P < 0.05 towards a less steep decline: "
        f"{_with_error(shown.in_favour)}; by chance alone it would be {CHANCE_OF_100:g} of 100.",
        "Had the assumed mean decline halved at day 0, the change would stand out in "
        f"{_with_error(result.halved)}.",
    ]
    lines += [_sentence(text) for text in (*result.verdict.reasons, *result.extrapolated)]
    return tuple(lines)


def _other_mean(result: UntreatedEndpoint, shown: UntreatedEndpoint) -> tuple[str, ...]:
    """Return the share under the other of the two mean slopes, where there are two."""
    own = result.own_mean
    if own is None or own.reason:
        return ()
    other, unit = (result if shown is own else own), f"{result.endpoint.change_unit}/month"
    sources = ("as their run-ins do", "as the natural history assumes")
    this, that = sources if shown is own else sources[::-1]
    return (
        f"That is if people like these decline by {signed(shown.mean_slope)} {unit} on average, "
        f"{this}; if by {signed(other.mean_slope)}, {that}: {_with_error(other.at_least)}. The "
        "verdict rests on the larger share.",
    )


def near_limit(result: UntreatedEndpoint) -> str:
    """Return that chance of the simulation may decide the verdict, where that is so.

    A share this near to 2.5 of 100 is what 95 of 100 simulations give where it is exactly that.
    """
    shares = [one.at_least for one in (result, result.own_mean) if one is not None]
    largest = max(shares, key=lambda one: one.share)
    if result.reason or result.verdict.key == "inconclusive" or not largest.trials:
        return ""
    error = math.sqrt(RARE * (1 - RARE) / largest.trials)
    if abs(largest.share - RARE) > _TWO_SIDED * error:
        return ""
    return (
        f"This is next to the limit of {CHANCE_OF_100:g} of 100: another seed can change the "
        "verdict."
    )


def null_legend(result: UntreatedEndpoint) -> str:
    """Return how to read the figure of the simulated trials of one entry, for its subtitle."""
    if result.reason:
        return ""
    unit = f"{result.endpoint.change_unit}/month"
    return (
        f"Each dot: 1 of 100 of {count(result.at_least.trials, 'simulated untreated trial')} of "
        f"the same {count(result.n, 'patient')} with their own run-in and visit times. Filled: a "
        f"change at least as high as the {signed(result.observed)} {result.unit} here, "
        f"{of_100(result.at_least)}. Mean untreated slope: {signed(result.mean_slope)} {unit}."
    )


def alt_text(result: UntreatedEndpoint) -> str:
    """Return the text alternative of the figure of the simulated trials."""
    if result.reason:
        return untreated_sentence(result)
    return (
        f"Mean changes of {count(result.at_least.trials, 'simulated untreated trial')} of "
        f"{result.endpoint.label} in {result.unit}: {signed(result.mean)} on average, 95 of 100 "
        f"from {plain(result.low)} to {plain(result.high)}. Observed: {signed(result.observed)}, "
        f"n = {result.n:,}. {of_100(result.at_least)} are at least as high."
    )


def coverage_notes() -> tuple[str, ...]:
    """Return what the comparison with untreated trials does not cover, one sentence each."""
    return (
        "Patients who were chosen by visits that are not in the file: not covered.",
        "Patients who were chosen, or lost, by their course after day 0: not covered. Only visits "
        "that took place are simulated.",
        "A run-in or follow-up of a length for which the natural history was not calibrated: "
        "extrapolated, and marked so.",
        "Patients and raters who know of the transplant: not covered.",
        "The natural history of the ALSFRS-R (48 points) rests on published courses of the ALSFRS "
        "(40 points): the transfer is an assumption.",
        "Wrong numbers of the natural history give a wrong answer: compare the presets.",
    )


def controlled_note(found: Untreated) -> str:
    """Return whose untreated courses are simulated where a concurrent control leads, or nothing."""
    if not found.control:
        return ""
    return (
        f"Simulated are the patients outside the control arm “{found.control}”, before against "
        "after. The concurrent control is the better comparison: it leads on the Slopes page."
    )


def methods_sentences(found: Untreated) -> str:
    """Return how untreated trials were simulated, for the methods of a text; empty with none."""
    without = [one.endpoint.label for one in found.endpoints if one.reason]
    if not found.trials or len(without) == len(found.endpoints):
        return ""
    besides = f" Not so for {' and '.join(without)}, for the reasons given." if without else ""
    edited = f" with changes ({'; '.join(found.assumed.edited)})" if found.assumed.edited else ""
    whose = f" of the patients outside “{found.control}”" if found.control else ""
    return (
        f"For comparison, {count(found.trials, 'untreated trial')}{whose} were simulated: each "
        "patient’s course after day 0 was drawn from a natural-history model (preset "
        f"“{found.assumed.preset.label}”{edited}) given that patient’s own visits up to day 0, at "
        f"the times of the patient’s own visits (seed {found.seed}). Selection on visits that are "
        f"not in the file or on the course after day 0 is not covered.{besides}"
    )


def presets_sentence(found: OverPresets) -> str:
    """Return whether the verdict depends on the natural history that is assumed."""
    if len(found.rows) < 2:
        return ""
    rows = sorted((row.at_least for row in found.rows), key=lambda share: share.share)
    span = f"from {of_100(rows[0])} to {of_100(rows[-1])}"
    end = "the verdict is the same" if found.agree else "the verdict depends on which one is right"
    return (
        f"Over {len(found.rows)} natural histories, untreated trials with a change at least as "
        f"high range {span}: {end}."
    )


def verdict_over(result: UntreatedEndpoint, found: OverPresets | None) -> str:
    """Return the key of the verdict over all natural histories: "depends" where they differ.

    Data that cannot tell stay inconclusive, as the sentence on them says.
    """
    key = result.verdict.key
    return "depends" if found is not None and not found.agree and key != "inconclusive" else key


def bend_sentence(found: Deceleration) -> str:
    """Return how much natural deceleration would give the observed change on average."""
    if not math.isfinite(found.enough):
        return ""
    if found.enough == 0:
        return "Straight untreated courses show as high a change on average."
    most = max(row.bend for row in found.rows)
    beyond = f", beyond the {most:g} that were tried" if found.enough > most else ""
    return (
        f"If every decline slowed by itself by {plain(found.enough, _bend_decimals(found.enough))} "
        f"{found.unit}{beyond}, untreated trials would show the observed "
        f"{signed(found.observed)} on average."
    )


def regression_note(result: EndpointComparison, found: RegressionReport) -> str:
    """Return which mean slope the expected change rests on, and what follows from another one."""
    formula = found.formula
    history = formula.history
    if formula.reason or history is None:
        return ""
    own = result.rate.months_before * (history.mean_after - history.mean_before)
    size = "too large" if formula.expected < own else "too small"
    return (
        f"The expected change rests on a mean slope before of {signed(history.mean_before)} "
        f"{result.endpoint.change_unit}/month: the distance of these patients from it is read as "
        "chance or selection. If people like these truly decline as their run-ins do, "
        f"{signed(own)} {result.unit} is expected instead, and the observed minus expected change "
        f"is {size}."
    )


def _bend_decimals(bend: float) -> int:
    """Return the decimals for two significant digits."""
    return max(0, 1 - math.floor(math.log10(bend)))


def _responders(result: UntreatedEndpoint) -> str:
    found = result.responders_by(RESPONDER_RULE)
    if found is None:
        return f"for {result.endpoint.label} there is no agreed rule for responders in per cent"
    if not found.n:
        return "nobody declines fast enough before day 0 to be judged as a responder in per cent"
    return (
        f"a {found.rule.label} is seen in {plain(100 * found.share, 0)} % here ({found.count} of "
        f"{count(found.n, 'assessable patient')}) and would be expected in "
        f"{_expected(found.untreated)} of them with no transplant"
    )


def _expected(share: float) -> str:
    """Write a simulated share of people in per cent; never none and never all of them."""
    if share < 0.005:
        return "fewer than 1 %"
    return "more than 99 %" if share >= 0.995 else f"{plain(100 * share, 0)} %"


def _with_error(share: SimulatedShare) -> str:
    """Write a share of trials with what chance of the simulation adds to it."""
    # The rule of three (Hanley & Lippman-Hand 1983, doi 10.1001/jama.1983.03330370053031).
    bound = 300 / share.trials
    if share.count == 0:
        return f"{of_100(share)} (at most {plain(bound)} with 95 % confidence)"
    if share.count == share.trials:
        return f"{of_100(share)} (at least {plain(100 - bound)} with 95 % confidence)"
    return f"{of_100(share)} (± {plain(100 * share.error, 2 if share.error < 0.001 else 1)})"


def _sentence(text: str) -> str:
    """Return a text as a sentence: with a capital and one full stop."""
    return f"{text[:1].upper()}{text[1:].removesuffix('.')}."
