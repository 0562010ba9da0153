"""Untreated trials that took their people by an entry rule, at the visit times of this one.

Nothing that was measured is kept here: people are drawn from the natural history until the rule is
met by their simulated run-in. The rule has to be known, which is why people with this run-in
(:mod:`analysis.untreated.benchmark`) come first.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from analysis.comparison import Comparison
from analysis.results import finite
from analysis.setting_untreated import NO_RULE, entry_words
from analysis.slope_points import Points, place_points
from analysis.untreated.assumed import assumed_history
from analysis.untreated.benchmark import (
    Prepared,
    Progress,
    SimulatedSlopes,
    outcome_under,
    prepare,
)
from analysis.untreated.entry_people import FEWEST_PASSING, EntryDesign, design_of, people_of
from analysis.untreated.entry_rules import run_in_visits
from analysis.untreated.outcome import UntreatedEndpoint
from analysis.untreated.plan_entry import EntryRule, rules_of
from analysis.untreated.replicates import batches, slopes_of
from data.trial import FloatArray, Trial

PLAUSIBLE: Final[tuple[tuple[str, ...], ...]] = (
    (NO_RULE,),
    ("slope_at_most:-0.5", "slope_at_least:-2"),
    ("slope_at_most:-0.5",),
    ("slope_at_most:-1",),
    ("points_lost:3:12",),
)
"""Rules that stand for "not known": from everybody to only those who declined fast lately."""

_STREAM: Final = 7
"""Keeps this use of the seed apart from other ones."""

_MOST_VISITS: Final = 6_000_000
"""Visits of all trials of one rule: the more patients, the fewer trials."""

_MOST_DRAWN: Final = 4_000_000
"""People drawn for one rule: the fewer of them meet it, the fewer trials."""

_FEWEST_TRIALS: Final = 100


@dataclass(frozen=True, slots=True)
class EntryBenchmark:
    """A comparison against untreated trials with one entry rule.

    Parameters
    ----------
    rule, words
        Conditions as in ``Settings.entry_rule``, and in words.
    trials
        Simulated trials: fewer than asked for where there are many patients, or where few people
        meet the rule.
    accepted
        Share of people drawn at random who meet the rule, every patient's visits counting alike;
        NaN where nobody was drawn.
    endpoints
        One entry an endpoint of the comparison; empty where nothing can be said.
    reason
        Why nothing can be said; empty if it can.
    """

    rule: tuple[str, ...]
    words: str
    trials: int
    accepted: float
    endpoints: tuple[UntreatedEndpoint, ...]
    reason: str = ""

    def endpoint(self, key: str) -> UntreatedEndpoint | None:
        """Return what is said of one endpoint, or ``None`` if nothing is."""
        return next((one for one in self.endpoints if one.endpoint.key == key), None)

    def to_json(self) -> dict[str, Any]:
        """Return rule and shares as JSON values."""
        return {
            "rule": list(self.rule),
            "words": self.words,
            "trials": self.trials,
            "accepted_share": finite(self.accepted),
            "endpoints": {one.endpoint.key: one.to_json() for one in self.endpoints},
            "reason": self.reason,
        }


def entry_benchmarks(
    trial: Trial, comparison: Comparison, *, progress: Progress | None = None
) -> tuple[EntryBenchmark, ...]:
    """Return the benchmark of the stated entry rule, or of all plausible ones if it is not known.

    Parameters
    ----------
    trial, comparison
        The trial and its comparison, whose settings hold the rule.
    progress
        Called with the share that is done; ends the work if it returns ``False``.
    """
    stated = comparison.settings.entry_rule
    rules = (stated,) if stated else PLAUSIBLE
    found: list[EntryBenchmark] = []
    going_on = True

    def go_on(share: float) -> bool:
        nonlocal going_on
        if progress is not None:
            going_on = progress((len(found) + share) / len(rules))
        return going_on

    for rule in rules:
        found.append(entry_benchmark(trial, comparison, rule, progress=go_on))
        if not going_on:
            break
    return tuple(found)


def entry_benchmark(
    trial: Trial,
    comparison: Comparison,
    rule: tuple[str, ...],
    *,
    trials: int | None = None,
    progress: Progress | None = None,
) -> EntryBenchmark:
    """Return how often the result appears in untreated trials with an entry rule.

    Parameters
    ----------
    trial, comparison
        The trial and its comparison: visit times, gaps and settings are theirs.
    rule
        Conditions as in ``Settings.entry_rule``, not empty.
    trials
        How many trials; by default those of the settings, and fewer where there are many patients
        or where few people meet the rule.
    progress
        Called with the share that is done; if it returns ``False`` the work ends and the whole
        trials that were simulated so far are given.

    Raises
    ------
    ValueError
        If no rule is stated.

    Notes
    -----
    Every person is drawn again until the rule is met by the scores as they would be written down,
    with visit noise and rounding; the visits after day 0 follow. Only patients who are compared are
    simulated, each endpoint at the visits that the patient has of it. What a condition asks is
    described in :func:`analysis.untreated.entry_rules.asked_of`.
    """
    if not rule:
        raise ValueError("no entry rule is stated: PLAUSIBLE has some")
    settings = comparison.settings
    assumed, prepared = assumed_history(settings), prepare(trial, comparison)
    rules, words = rules_of(rule), entry_words(rule)
    points = {one.endpoint: _points(trial, comparison, one.endpoint) for one in rules}
    reason = _impossible(prepared, rules, points)
    if reason:
        return EntryBenchmark(rule, words, 0, math.nan, (), reason)
    design = design_of(prepared, assumed, rules, points)
    rng = np.random.default_rng([settings.seed, _STREAM])
    accepted = design.accepted(rng)
    if accepted < FEWEST_PASSING:
        return EntryBenchmark(rule, words, 0, accepted, (), _too_few("the rule"))
    wanted = _trials(design, accepted, trials or settings.untreated_trials)
    simulated, reason = _simulated(prepared, design, wanted, rng, progress)
    done = max((len(one.after) for one in simulated.values()), default=0)
    if not done:
        return EntryBenchmark(rule, words, 0, accepted, (), reason or "stopped")
    return EntryBenchmark(
        rule=rule,
        words=words,
        trials=done,
        accepted=accepted,
        endpoints=tuple(
            outcome_under(prepared, result, assumed, simulated.get(result.endpoint.key))
            for result in comparison.endpoints
        ),
    )


def _points(trial: Trial, comparison: Comparison, key: str) -> Points:
    """Return the visits of an endpoint that a rule asks about, compared or not."""
    result = comparison.endpoint(key)
    if result is None:
        return place_points(trial, key, comparison.settings)
    return result.slopes.points


def _impossible(
    prepared: Prepared, rules: tuple[EntryRule, ...], points: Mapping[str, Points]
) -> str:
    """Return why no trial can be simulated, or nothing."""
    if not prepared.schedules:
        return "no natural history is known for the endpoints that are compared: none is guessed"
    if not len(prepared.who):
        return "no patient can be compared"
    if any(one.from_onset is not None for one in prepared.schedules.values()):
        return "slopes before are counted from onset, which is not simulated"
    if any(rule.kind.startswith("slope") for rule in rules):
        few = int(np.sum(run_in_visits(points["alsfrs_r"], prepared.who) < 2))
        if few:
            return (
                f"{few} of {len(prepared.who)} compared patients have fewer than 2 ALSFRS-R visits "
                "up to day 0: a rule about the run-in slope needs 2"
            )
    return ""


def _too_few(what: str) -> str:
    return f"fewer than {100 * FEWEST_PASSING:g} % of untreated people meet {what}"


def _trials(design: EntryDesign, accepted: float, wanted: int) -> int:
    """Return how many trials to simulate, within bounds of work."""
    visits, people = sum(design.sizes.values()), design.n
    most = min(_MOST_VISITS // visits, int(_MOST_DRAWN * accepted / people))
    return min(wanted, max(_FEWEST_TRIALS, most))


def _simulated(
    prepared: Prepared,
    design: EntryDesign,
    trials: int,
    rng: np.random.Generator,
    progress: Progress | None,
) -> tuple[dict[str, SimulatedSlopes], str]:
    """Return slopes of people who meet the rule, by endpoint, and why there are none."""
    found: dict[str, list[tuple[FloatArray, FloatArray]]] = {key: [] for key in design.sizes}
    done = 0
    for size in batches(trials, max(*design.sizes.values(), design.n)):

        def go_on(share: float, done: int = done, size: int = size) -> bool:
            return progress is None or progress((done + share * size) / trials)

        people = people_of(design, size, rng, go_on)
        if people.hopeless:
            n = people.hopeless
            whose = f"{n} patient" + ("" if n == 1 else "s")
            return {}, _too_few(f"the rule at the visits of {whose}")
        if people.scores is None:
            break
        for key, values in people.scores.items():
            found[key].append(slopes_of(prepared.schedules[key], values))
        done += size
    joined = {}
    for key, parts in found.items():
        if parts:
            before, after = zip(*parts, strict=True)
            joined[key] = SimulatedSlopes(np.concatenate(before), np.concatenate(after))
    return joined, ""
