"""How long a specification curve takes, by number of patients.

Run ``OPENBLAS_NUM_THREADS=1 python -m benchmarks.specification`` on an idle machine. Of the
combinations those that are no analysis of their own are tried and left out; the joint test has
1,000 flips. The untreated share beside it has as many trials as its own budget allows.
"""

from __future__ import annotations

import resource
import time
from typing import Any

from analysis.compare import compare
from analysis.settings import Settings
from analysis.specification import specification_curve
from analysis.specification_choices import Choice, Option, combinations
from analysis.specification_untreated import untreated_curve
from benchmarks.comparison import trial_of

SIZES = (20, 200, 2_000, 12_000)


def choice(key: str, *values: Any) -> Choice:
    """Return a choice of some values of one setting, that of the primary analysis first."""
    options = (Option(str(v), ((key, v),), at == 0) for at, v in enumerate(values))
    return Choice(key, key, tuple(options))


def many() -> tuple[Choice, ...]:
    """Return choices with some 1,500 combinations.

    Visits lie 9, 6, 4, 2 and 0 months before day 0, and 2, 4, 6, 9 and 12 after it.
    """
    return (
        choice("pre_months", None, 7.0, 5.0, 3.0),
        choice("post_months", None, 10.0, 7.0, 5.0),
        choice("skip_days", 0, 70, 130),
        choice("day0", "before", "after", "both", "neither"),
        choice("estimator", "ols", "theil_sen", "end_to_end", "broken_stick"),
        choice("min_visits", 2, 3),
    )


def main() -> None:
    """Print one line a size."""
    settings = Settings(flips=1_000, resamples=1_000)
    choices = many()
    print(f"{combinations(choices):,} combinations, {settings.flips:,} flips, seconds.\n")
    columns = ("patients", "analyses", "curve", "untreated", "trials", "peak memory, MB")
    print(f"| {' | '.join(columns)} |")
    print(f"|{' --- |' * len(columns)}")
    for patients in SIZES:
        trial = trial_of(patients)
        comparison = compare(trial, settings)
        started = time.perf_counter()
        curve = specification_curve(trial, comparison, "alsfrs_r", choices)
        drawn = time.perf_counter()
        share = untreated_curve(trial, comparison, curve)
        seconds, more = drawn - started, time.perf_counter() - drawn
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"| {patients:,} | {len(curve.estimate):,} | {seconds:.1f} | {more:.1f} | "
            f"{share.trials:,} | {peak:,.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
