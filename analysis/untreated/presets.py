"""The same question under every natural history that is offered, to see if the answer changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from analysis.comparison import Comparison
from analysis.results import finite
from analysis.untreated.assumed import assumed_history
from analysis.untreated.benchmark import Progress, benchmark, prepare
from analysis.untreated.history import PRESETS, Preset
from analysis.untreated.outcome import Untreated, UntreatedEndpoint, Verdict
from analysis.untreated.shares import SimulatedShare
from data.trial import Trial

MANY_PATIENTS: Final = 200
"""Patients above which each preset gets at most ``FEWER_TRIALS`` simulated trials."""

FEWER_TRIALS: Final = 500


@dataclass(frozen=True, slots=True)
class UnderPreset:
    """One endpoint under one natural history.

    Parameters
    ----------
    preset
        The natural history.
    mean
        Mean change without treatment.
    at_least, in_favour
        Shares of untreated trials, as in :class:`analysis.untreated.outcome.UntreatedEndpoint`.
        They and ``mean`` are those of the mean slope, the preset's or the patients' own, that lets
        expect the larger change.
    verdict
        What follows under this natural history, by the larger share of the two.
    """

    preset: Preset
    mean: float
    at_least: SimulatedShare
    in_favour: SimulatedShare
    verdict: Verdict

    def to_json(self) -> dict[str, Any]:
        """Return the row as JSON values."""
        return {
            "preset": self.preset.key,
            "label": self.preset.label,
            "untreated_change": finite(self.mean),
            "at_least_as_large": self.at_least.to_json(),
            "p_below_0_05_in_favour": self.in_favour.to_json(),
            "verdict": self.verdict.to_json(),
        }


@dataclass(frozen=True, slots=True)
class OverPresets:
    """One endpoint under all of them.

    Parameters
    ----------
    key
        Of the endpoint.
    rows
        One a preset; empty where no natural history is known.
    """

    key: str
    rows: tuple[UnderPreset, ...]

    @property
    def shares(self) -> tuple[float, float]:
        """Lowest and highest share of untreated trials with a change at least as high."""
        shares = [row.at_least.share for row in self.rows]
        return min(shares), max(shares)

    @property
    def agree(self) -> bool:
        """Whether all of them lead to one verdict."""
        return len({row.verdict.key for row in self.rows}) <= 1

    def to_json(self) -> dict[str, Any]:
        """Return the rows as JSON values."""
        return {"agree": self.agree, "presets": [row.to_json() for row in self.rows]}


def over_presets(
    trial: Trial, comparison: Comparison, *, progress: Progress | None = None
) -> dict[str, OverPresets]:
    """Repeat the benchmark under every preset, with the user's own edits on top of each.

    Parameters
    ----------
    trial, comparison, progress
        As for :func:`analysis.untreated.benchmark.untreated`; presets that were not reached before
        the work was ended are left out.

    Returns
    -------
    dict
        By endpoint key, in the order of the comparison.
    """
    prepared = prepare(trial, comparison)
    trials = comparison.settings.untreated_trials
    if len(prepared.who) > MANY_PATIENTS:
        trials = min(trials, FEWER_TRIALS)
    found: list[tuple[Preset, Untreated]] = []
    for at, preset in enumerate(PRESETS):
        assumed = assumed_history(comparison.settings.with_(history=preset.key))
        found.append((preset, benchmark(prepared, assumed, trials)))
        if progress is not None and not progress((at + 1) / len(PRESETS)):
            break
    return {
        result.endpoint.key: OverPresets(
            result.endpoint.key,
            tuple(
                _row(preset, one)
                for preset, outcome in found
                if (one := outcome.endpoint(result.endpoint.key)) is not None and not one.reason
            ),
        )
        for result in comparison.endpoints
    }


def _row(preset: Preset, one: UntreatedEndpoint) -> UnderPreset:
    found = one.cautious
    return UnderPreset(preset, found.mean, found.at_least, found.in_favour, one.verdict)
