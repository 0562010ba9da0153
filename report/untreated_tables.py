"""Tables of simulated untreated trials: for the screen, for files and for the command line."""

from __future__ import annotations

import math
from typing import Final

import pandas as pd

from analysis.comparison import EndpointComparison
from analysis.untreated.deceleration import Deceleration
from analysis.untreated.outcome import UntreatedEndpoint
from analysis.untreated.presets import OverPresets
from analysis.untreated.regression import RegressionReport, RunInReliability
from report.numbers import DASH, interval_text, plain, signed
from report.untreated_words import of_100

VERDICTS: Final = {"rare": "rare", "seen": "also seen", "inconclusive": "inconclusive"}


def responders(result: UntreatedEndpoint) -> pd.DataFrame:
    """Return responders here and untreated by every rule, of the same patients.

    Untreated is under the mean slope that lets expect the larger change, as in the sentence.
    """
    return pd.DataFrame(
        [
            {
                "rule": one.rule.label,
                "here, assessable": _of(one.count, one.n),
                "untreated, assessable": percent(one.untreated),
                "here, all": _of(one.count, one.n_all),
                "untreated, all": percent(one.untreated_of_all),
                "untreated trials with as many or more": of_100(one.at_least)
                if one.count
                else DASH,
            }
            for one in result.cautious.responders
        ]
    )


def presets(found: OverPresets, unit: str) -> pd.DataFrame:
    """Return the answer under every natural history; ``unit`` is that of the changes."""
    return pd.DataFrame(
        [
            {
                "natural history": row.preset.label,
                f"expected untreated, {unit}": signed(row.mean),
                "change at least as high": of_100(row.at_least),
                "P < 0.05 in favour": of_100(row.in_favour),
                "verdict": VERDICTS[row.verdict.key],
            }
            for row in found.rows
        ]
    )


def deceleration(found: Deceleration, unit: str) -> pd.DataFrame:
    """Return the answer with courses that bend on their own; ``unit`` is that of the changes."""
    return pd.DataFrame(
        [
            {
                f"curvature, {found.unit}": f"{row.bend:g}",
                f"expected untreated, {unit}": signed(row.mean),
                "change at least as high": of_100(row.at_least),
                "P < 0.05 in favour": of_100(row.in_favour),
            }
            for row in found.rows
        ]
    )


def run_in_reliability(rows: tuple[RunInReliability, ...], slope_unit: str) -> pd.DataFrame:
    """Return how reliable run-ins of several lengths are; ``slope_unit`` is per month."""
    return pd.DataFrame(
        [
            {
                "run-in, months": f"{row.months:g}",
                "visits": row.visits,
                f"standard error of a slope, {slope_unit}": plain(row.se),
                "reliability": plain(row.reliability),
            }
            for row in rows
        ]
    )


def regression(result: EndpointComparison, found: RegressionReport) -> pd.DataFrame:
    """Return regression to the mean of one endpoint: reliability, expected and adjusted change."""
    formula, adjusted = found.formula, found.adjusted
    rows = [
        ("patients", str(formula.n)),
        ("mean slope before", f"{signed(formula.mean_before)} {result.unit}"),
        ("reliability of the slopes before, by natural history", plain(formula.reliability)),
        ("expected change by natural history", f"{signed(formula.expected)} {result.unit}"),
        ("observed change", f"{signed(formula.observed)} {result.unit}"),
        (
            "observed minus expected",
            f"{signed(adjusted.mean)} {result.unit} ({interval_text(adjusted.interval)})"
            if adjusted.n
            else DASH,
        ),
    ]
    return pd.DataFrame(rows, columns=["regression to the mean", "value"])


def percent(share: float) -> str:
    """Write a share as "34 %"; a dash where there is none."""
    return f"{plain(100 * share, 0)} %" if math.isfinite(share) else DASH


def _of(count: int, n: int) -> str:
    return f"{count:,} of {n:,} = {percent(count / n)}" if n else f"0 of {n:,}"
