"""How often trials without and with an effect get different verdicts against untreated trials.

Run ``python -m benchmarks.untreated_verdicts``; the table is in docs/untreated-verdicts.md. Every
seed gives one set of simulated people. They are analysed twice: as they are, and with slopes that
are less steep by a fixed amount after day 0. Everything else is the same in both.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from dataclasses import dataclass, replace

import numpy as np

from analysis.compare import compare
from analysis.settings import Settings
from analysis.untreated.benchmark import untreated
from analysis.untreated.courses import draw_people
from analysis.untreated.history import HISTORIES, History
from analysis.untreated.posterior import Drawn
from analysis.untreated.presets import over_presets
from analysis.untreated.scores import noisy_scores
from benchmarks.calibration import as_trial
from data.endpoints import ENDPOINTS
from data.trial import BoolArray, FloatArray, Trial

KEY = "alsfrs_r"
EFFECT = 0.5
TRIALS = 1_000
MOST_DRAWN = 400
VERDICTS = ("rare", "seen", "inconclusive")


@dataclass(frozen=True)
class Design:
    """One kind of trial.

    Parameters
    ----------
    name
        Words for the table.
    n
        Patients.
    before, after
        Months of the visits up to day 0, and after it.
    entry
        Only people whose observed run-in slope is at most this are taken.
    """

    name: str
    n: int
    before: tuple[float, ...]
    after: tuple[float, ...] = (2.0, 4.0, 6.0, 8.0, 10.0, 12.0)
    entry: float | None = None


LONG = (-6.0, -4.0, -2.0, 0.0)
SHORT = (-3.0, -1.5, 0.0)
DESIGNS = (
    Design("30 patients, run-in of 6 months, 4 visits", 30, LONG),
    Design("20 patients, run-in of 6 months, 4 visits", 20, LONG),
    Design("the same, chosen for a run-in slope ≤ −1", 20, LONG, entry=-1.0),
    Design("12 patients, run-in of 6 months, 4 visits", 12, LONG),
    Design("10 patients, run-in of 10 months, 6 visits", 10, (-10.0, -8.0, -6.0, -4.0, -2.0, 0.0)),
    Design("20 patients, run-in of 3 months, 3 visits", 20, SHORT),
    Design("6 patients, run-in of 3 months, 2 visits; 6 months after", 6, (-3.0, 0.0), (3.0, 6.0)),
)


def made(design: Design, history: History, seed: int, effect: float) -> Trial:
    """Return one simulated trial; the same seed gives the same people, visits and noise."""
    rng = np.random.default_rng([seed, 2])
    wanted = design.n if design.entry is None else MOST_DRAWN
    people = draw_people({KEY: history}, 0.0, wanted, rng)[KEY]
    months = np.asarray(design.before + design.after)
    later = months > 0
    course = true_course(people, months, later, effect)
    scores = noisy_scores(course, history, ENDPOINTS[KEY], rng)
    if design.entry is not None:
        t = months[~later] - months[~later].mean()
        slopes = scores[:, ~later] @ t / (t @ t)
        scores = scores[slopes <= design.entry][: design.n]
    if len(scores) < design.n:
        raise ValueError("too few people passed the entry rule")
    return as_trial(scores, tuple(months))


def true_course(people: Drawn, months: FloatArray, later: BoolArray, effect: float) -> FloatArray:
    """Return true scores, people × visits."""
    slope = np.where(later, people.after[0][:, None] + effect, people.before[0][:, None])
    return np.asarray(people.level[0][:, None] + slope * months)


def verdicts(trial: Trial, *, presets: bool) -> tuple[str, bool]:
    """Return the verdict, and whether every natural history that is offered gives the same one."""
    settings = Settings(endpoints=(KEY,), untreated_trials=TRIALS, resamples=1_000)
    comparison = compare(trial, settings)
    found = untreated(trial, comparison).endpoint(KEY)
    assert found is not None
    agree = over_presets(trial, comparison)[KEY].agree if presets else True
    return found.verdict.key, agree


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--presets", action="store_true", help="also ask every natural history")
    options = parser.parse_args()
    # Levels far enough from both ends of the scale: what they do is shown in docs/calibration.md.
    history = replace(HISTORIES[KEY], level_mean=36.0, level_sd=4.0)
    print("| design | effect | rare | seen | inconclusive | verdicts differ | all agree |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for design in DESIGNS:
        started = time.perf_counter()
        found: dict[float, list[tuple[str, bool]]] = {}
        for effect in (0.0, EFFECT):
            found[effect] = [
                verdicts(made(design, history, seed, effect), presets=options.presets)
                for seed in range(options.seeds)
            ]
        pairs = zip(found[0.0], found[EFFECT], strict=True)
        differ = sum(without[0] != with_[0] for without, with_ in pairs)
        for effect, rows in found.items():
            n = Counter(key for key, _ in rows)
            cells = " | ".join(f"{100 * n[key] / options.seeds:.1f}" for key in VERDICTS)
            share = f"{100 * differ / options.seeds:.1f}" if effect else ""
            same = f"{100 * sum(ok for _, ok in rows) / len(rows):.1f}" if options.presets else ""
            print(f"| {design.name} | {effect:+g} | {cells} | {share} | {same} |", flush=True)
        print(f"<!-- {time.perf_counter() - started:.0f} s -->", flush=True)


if __name__ == "__main__":
    main()
