"""Tables of a specification curve: for the screen, for files and for the command line."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from analysis.settings import Alternative
from analysis.specification import SpecificationCurve
from analysis.specification_joint import JointCurveTest
from analysis.specification_untreated import UntreatedCurve
from data.trial import BoolArray
from report.numbers import DASH, bare_p, plain, signed
from report.specification_words import curve_decimals, flips_text
from report.untreated_words import of_100


def choices_table(curve: SpecificationCurve) -> pd.DataFrame:
    """Return every option of every choice: median of the combinations with it, analyses drawn.

    Choices that move the estimate most come first. Combinations that are the same analysis as
    another are drawn once, but count in the medians.
    """
    decimals = curve_decimals(curve)
    order = {moved.label: place for place, moved in enumerate(curve.moves)}
    ranked = sorted(
        range(len(curve.choices)), key=lambda c: order.get(curve.choices[c].label, len(order))
    )
    rows = []
    for c in ranked:
        choice, medians = curve.choices[c], curve.option_medians(c)
        for o, option in enumerate(choice.options):
            taken = curve.option[:, c] == o
            rows.append(
                {
                    "choice": choice.label,
                    "option": f"{option.label} (primary)" if option.primary else option.label,
                    f"median, {curve.unit}": signed(medians[o], decimals),
                    "lowest to highest drawn": _range(curve, taken, decimals),
                    "analyses drawn": int(np.sum(taken)),
                }
            )
    return pd.DataFrame(rows)


def _range(curve: SpecificationCurve, taken: BoolArray, decimals: int) -> str:
    if not taken.any():
        return DASH
    found = curve.estimate[taken]
    return f"{plain(float(found.min()), decimals)} to {plain(float(found.max()), decimals)}"


def not_run_table(curve: SpecificationCurve) -> pd.DataFrame:
    """Return why combinations are not in the curve, and how many for each reason."""
    return pd.DataFrame(
        [{"not run because": one.reason, "combinations": one.count} for one in curve.not_run],
        columns=["not run because", "combinations"],
    )


def joint_table(joint: JointCurveTest, alternative: Alternative = "two-sided") -> pd.DataFrame:
    """Return the joint test by each of its three statistics."""
    named = (
        ("median estimate (leading)", joint.p_median),
        ("share of analyses with P < 0.05 in one direction", joint.p_share),
        ("mean z of all analyses", joint.p_mean_z),
    )
    return pd.DataFrame(
        [
            {
                "joint test of no change, by": name,
                "P": bare_p(p, alternative),
                "sign flips": flips_text(joint) if math.isfinite(p) else DASH,
                "smallest P possible": f"{joint.p_floor:.2g}" if joint.p_floor else DASH,
                "n": joint.n,
            }
            for name, p in named
        ]
    )


def untreated_curve_table(curve: SpecificationCurve, found: UntreatedCurve) -> pd.DataFrame:
    """Return how often simulated untreated trials give a curve like this one."""
    size = "low" if curve.median < 0 else "large"
    named = (
        (f"median of all analyses at least as {size}", found.median_at_least),
        ("as many analyses with P < 0.05 in this direction", found.significant_at_least),
        ("any analysis with P < 0.05 in this direction", found.any_significant),
    )
    return pd.DataFrame(
        [
            {
                "in simulated untreated trials with these run-ins": name,
                "share": of_100(share),
                "Monte Carlo SE": f"{plain(100 * share.error, 1)} of 100",
                "trials": share.trials,
            }
            for name, share in named
        ]
    )


def curve_numbers(curve: SpecificationCurve) -> pd.DataFrame:
    """Return one row an analysis, sorted by its estimate, with the option of every choice."""
    table: dict[str, object] = {
        "analysis": np.arange(1, len(curve.estimate) + 1),
        "primary": ["yes" if k == curve.primary else "" for k in range(len(curve.estimate))],
        "estimate": curve.estimate,
        "ci_low": curve.low,
        "ci_high": curve.high,
        "p": curve.p,
        "n": curve.n,
        "unit": [curve.unit] * len(curve.estimate),
    }
    for c, choice in enumerate(curve.choices):
        labels = [option.label for option in choice.options]
        table[choice.label] = [labels[o] for o in curve.option[:, c].tolist()]
    return pd.DataFrame(table)
