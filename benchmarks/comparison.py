"""How long slopes, the comparison and its details take, by number of patients.

Run ``OPENBLAS_NUM_THREADS=1 python -m benchmarks.comparison`` on an idle machine; the table is in
the docs. Beside the slopes stands what a user would write instead: pandas and scipy, one patient at
a time.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy import stats

from analysis.compare import compare
from analysis.diagnosis import diagnose
from analysis.hinge_model import hinge_model
from analysis.settings import Settings
from analysis.slopes import slope_table
from benchmarks.calibration import SEED, Scenario, as_trial, courses
from data.trial import Trial

SIZES = (20, 200, 2_000, 12_000)
MONTHS = (-9.0, -6.0, -4.0, -2.0, 0.0, 2.0, 4.0, 6.0, 9.0, 12.0)


def trial_of(patients: int) -> Trial:
    """Return a simulated trial with ALSFRS-R and FVC, ten visits a patient."""
    rng = np.random.default_rng([SEED, patients])
    scenario = Scenario("benchmark", whole=True, months=MONTHS)
    scores = as_trial(courses(rng, scenario, patients), MONTHS)
    fvc = scores.measurements_frame.assign(
        endpoint="fvc", value=2.1 * scores.measurements_frame["value"] + 1
    )
    both = pd.concat([scores.measurements_frame, fvc])
    return Trial(scores.patients_frame, both, scores.events_frame, simulated=True)


def with_pandas(trial: Trial) -> pd.Series:
    """Return the change of slope as a user would compute it: a line at a time."""
    frame = trial.measurements_frame
    frame = frame[frame["endpoint"] == "alsfrs_r"]

    def slope(visits: pd.DataFrame) -> float:
        if len(visits) < 2:
            return np.nan
        return float(stats.linregress(visits["day"] / 30.4375, visits["value"]).slope)

    before = frame[frame["day"] <= 0].groupby("patient")[["day", "value"]].apply(slope)
    after = frame[frame["day"] > 0].groupby("patient")[["day", "value"]].apply(slope)
    return after - before


def seconds(work: Callable[[], object], most: float = 3.0) -> float:
    """Return the median time of ``work``, repeated for at most some seconds."""
    times: list[float] = []
    while not times or (sum(times) < most and len(times) < 21):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def main() -> None:
    """Print one line a size."""
    settings = Settings()
    columns = (
        "patients",
        "slopes, one endpoint",
        "the same with pandas and scipy",
        "compare, two endpoints",
        "mixed model with KR and Satterthwaite",
        "diagnostics, one endpoint",
    )
    print("Milliseconds, median.\n")
    print(f"| {' | '.join(columns)} |")
    print(f"|{' --- |' * len(columns)}")
    for patients in SIZES:
        trial = trial_of(patients)
        result = compare(trial, settings).endpoints[0]
        jobs: tuple[Callable[[], object], ...] = (
            lambda trial=trial: slope_table(trial, "alsfrs_r", settings),
            lambda trial=trial: with_pandas(trial),
            lambda trial=trial: compare(trial, settings),
            lambda trial=trial: hinge_model(trial, "alsfrs_r", settings),
            lambda result=result: diagnose(result, settings),
        )
        print(f"| {patients:,} | {' | '.join(f'{1000 * seconds(job):,.1f}' for job in jobs)} |")


if __name__ == "__main__":
    main()
