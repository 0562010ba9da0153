"""What the natural history gives where something was published of untreated people.

Run ``python -m benchmarks.untreated_validation``; the table is in docs/untreated-validation.md.
Every row is computed on the scale, with the means and at the visit times of its source. The
tolerances stand here and were chosen before the reference numbers: a tenth of an SD, 0.05 of a
correlation, 5 percentage points of a share, 0.15 points/month of a mean, and 10 percentage points
of the share of false successes.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import special

from analysis.untreated.courses import course_at, draw_people
from analysis.untreated.history import HISTORIES, History
from analysis.untreated.scores import noisy_scores
from data.endpoints import ENDPOINTS
from data.trial import BoolArray, FloatArray

SEED = 1790
PEOPLE = 200_000
TRIALS = 4_000
SD, R, SHARE, MEAN, FALSE = "SD", "correlation", "share", "mean", "false successes"
TOLERANCES = {SD: 0.10, R: 0.05, SHARE: 5.0, MEAN: 0.15, FALSE: 10.0}
"""By kind of target: a share of the published number for an SD, else in its own unit."""

EFRON = "Efron & Hastie’s `als` summary, n = 1,790"
OH = "Oh 2018, control arm (doi 10.1002/ana.25302)"
NUROWN = "NurOwn phase 3, placebo (doi 10.1002/mus.27472)"
BEDLACK = "Bedlack 2016 (doi 10.1212/WNL.0000000000002251)"

EARLY_40 = HISTORIES["alsfrs_r"].with_(
    mean_before=-0.55,
    mean_after=-0.69,
    sd_before=0.50,
    sd_after=0.51,
    level_mean=30.0,
    level_sd=5.0,
)
"""The reference on the 40-point scale, with the means of that summary."""


@dataclass(frozen=True)
class Row:
    """One published number beside what the natural history gives."""

    source: str
    what: str
    kind: str
    published: float
    ours: float

    @property
    def deviation(self) -> float:
        """Ours minus published."""
        return self.ours - self.published

    @property
    def met(self) -> bool:
        """Whether the deviation is within the tolerance of its kind."""
        allowed = TOLERANCES[self.kind]
        if self.kind == SD:
            allowed *= self.published
        return abs(self.deviation) <= allowed + 1e-12

    def line(self) -> str:
        """Return the row of the table."""
        digits = 0 if self.kind in (SHARE, FALSE) else 2
        cells = (
            self.source,
            self.what,
            f"{self.published:.{digits}f}",
            f"{self.ours:.{digits}f}",
            f"{self.deviation:+.{digits}f}",
            "met" if self.met else "**not met**",
        )
        return f"| {' | '.join(cells)} |".replace("-", "−")


@dataclass(frozen=True)
class Seen:
    """Observed slopes of simulated people.

    Parameters
    ----------
    before, after
        Least-squares slopes per month.
    lost
        Points lost from the first to the last visit of the run-in.
    first, last
        Scores of the first visit after the run-in's start, and of the last visit of all.
    """

    before: FloatArray
    after: FloatArray
    lost: FloatArray
    first: FloatArray
    last: FloatArray

    def of(self, chosen: BoolArray) -> Seen:
        """Return some of the people."""
        values = (self.before, self.after, self.lost, self.first, self.last)
        return Seen(*(value[chosen] for value in values))

    @property
    def change(self) -> FloatArray:
        """Slope after minus slope before."""
        return self.after - self.before


def seen_people(
    history: History, scale: str, before: FloatArray, after: FloatArray, people: int, stream: int
) -> Seen:
    """Return slopes of people at visits ``before`` (up to month 0) and ``after``."""
    rng = np.random.default_rng([SEED, stream])
    drawn = draw_people({scale: history}, 0.0, people, rng, float(before[0]))[scale]
    months = np.concatenate([before, after])
    course = course_at(drawn, months, history.bend)
    scores = noisy_scores(course, history, ENDPOINTS[scale], rng)
    early, later = scores[:, : len(before)], scores[:, len(before) :]
    return Seen(
        slopes(before, early),
        slopes(after, later),
        early[:, 0] - early[:, -1],
        early[:, 0],
        later[:, -1],
    )


def slopes(months: FloatArray, scores: FloatArray) -> FloatArray:
    """Return least-squares slopes, rounded so that sums of whole numbers compare exactly."""
    if len(months) < 2:
        return np.full(len(scores), np.nan)
    t = months - months.mean()
    return np.asarray(np.round(scores @ t / (t @ t), 10))


def percent(chosen: BoolArray) -> float:
    """Return how many of 100 are chosen."""
    return 100 * float(np.mean(chosen))


def public_summary(people: int, visits: FloatArray, name: str) -> Iterator[Row]:
    """Compare with the summary of 1,790 people: early slope of 3 months, later one of 3 to 12."""
    later = np.asarray([4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0]) - 3
    found = seen_people(EARLY_40, "alsfrs_40", visits - 3, later, people, 1)
    source = f"{EFRON}; {name}"
    yield Row(source, "SD of early slopes", SD, 1.06, float(found.before.std()))
    yield Row(source, "SD of later slopes", SD, 0.57, float(found.after.std()))
    r = float(np.corrcoef(found.before, found.after)[0, 1])
    yield Row(source, "correlation of both", R, 0.20, r)
    yield Row(source, "SD of the change", SD, 1.09, float(found.change.std()))
    yield Row(source, "early slopes ≥ 0, %", SHARE, 39, percent(found.before >= 0))
    decliners = found.of(found.before < 0)
    for limit, published in ((25, 53), (50, 39), (75, 20), (100, 8)):
        share = percent(decliners.change >= limit / 100 * np.abs(decliners.before))
        yield Row(source, f"of decliners ≥ {limit} % less steep, %", SHARE, published, share)
    fast = found.of(found.lost >= 3)
    yield Row(source, "≥ 3 points lost: early slope", MEAN, -1.96, float(fast.before.mean()))
    yield Row(source, "≥ 3 points lost: later slope", MEAN, -0.87, float(fast.after.mean()))
    share = percent(fast.change >= 1.25)
    yield Row(source, "≥ 3 points lost: less steep by ≥ 1.25, %", SHARE, 38, share)


FALSE_SUCCESSES = {
    "≤ −0.5/month": (36, 49, 69, 83),
    "≤ −1/month": (71, 85, 98, 100),
    "≥ 3 points lost": (87, 95, 100, 100),
    "between −2 and −0.5": (26, 32, 43, 52),
}


def false_successes(people: int, trials: int, visits: FloatArray, name: str) -> Iterator[Row]:
    """Compare the share of untreated trials with P < 0.05 in favour, by entry rule and n."""
    later = np.arange(4.0, 13.0) - 3
    found = seen_people(EARLY_40, "alsfrs_40", visits - 3, later, people, 2)
    rules = {
        "≤ −0.5/month": found.before <= -0.5,
        "≤ −1/month": found.before <= -1,
        "≥ 3 points lost": found.lost >= 3,
        "between −2 and −0.5": (found.before <= -0.5) & (found.before >= -2),
    }
    rng = np.random.default_rng([SEED, 3])
    for rule, chosen in rules.items():
        change = found.of(chosen).change
        for n, published in zip((8, 10, 15, 20), FALSE_SUCCESSES[rule], strict=True):
            some = change[rng.integers(0, len(change), (trials, n))]
            t = some.mean(axis=1) * np.sqrt(n) / some.std(axis=1, ddof=1)
            share = percent(t > special.stdtrit(n - 1, 0.975))
            yield Row(
                f"{EFRON}; {name}", f"false successes, {rule}, n = {n}, %", FALSE, published, share
            )


def control_arms(people: int) -> Iterator[Row]:
    """Compare with the control arms of two trials, on the 48-point scale."""
    history = HISTORIES["alsfrs_r"]
    monthly = np.arange(-3.0, 1.0)
    found = seen_people(history, "alsfrs_r", monthly, np.arange(1.0, 5.0), people, 4)
    yield Row(OH, "SD of the change at 4 months", SD, 1.33, float(found.change.std()))
    found = seen_people(history, "alsfrs_r", monthly, np.arange(1.0, 7.0), people, 5)
    yield Row(OH, "SD of the change at 6 months", SD, 1.46, float(found.change.std()))
    found = seen_people(history, "alsfrs_r", monthly, np.arange(1.0, 5.0), people, 6)
    for limit, published in ((50, 19), (75, 7), (100, 4)):
        share = percent((found.before < 0) & (found.change >= limit / 100 * np.abs(found.before)))
        yield Row(OH, f"≥ {limit} % less steep, of all, %", SHARE, published, share)
    run_in, after = np.asarray([-4.0, -3.0, -2.0, -1.0, 0.0]), np.arange(1.0, 7.0)
    everybody = seen_people(history, "alsfrs_r", run_in, after, people, 7)
    fast = everybody.of(everybody.lost >= 3)
    share = percent(fast.change >= 1.25)
    yield Row(NUROWN, "less steep by ≥ 1.25 points/month, %", SHARE, 27.7, share)


def plateaus(people: int) -> Iterator[Row]:
    """Compare how many people have not declined after 6, 12 and 18 months."""
    history = HISTORIES["alsfrs_r"]
    for months, published in ((6.0, 25), (12.0, 16), (18.0, 7)):
        at = np.asarray([months / 2, months])
        found = seen_people(history, "alsfrs_r", np.zeros(1), at, people, 8)
        share = percent(found.last >= found.first)
        yield Row(BEDLACK, f"no decline over {months:.0f} months, %", SHARE, published, share)


def rows(people: int = PEOPLE, trials: int = TRIALS) -> list[Row]:
    """Return the whole table."""
    sparse, dense = np.asarray([0.0, 2.5]), np.asarray([0.0, 1.0, 2.0, 3.0])
    names = ("2 early visits", "4 early visits")
    return [
        *public_summary(people, sparse, names[0]),
        *public_summary(people, dense, names[1]),
        *false_successes(people, trials, sparse, names[0]),
        *false_successes(people, trials, dense, names[1]),
        *control_arms(people),
        *plateaus(people),
    ]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=PEOPLE)
    options = parser.parse_args()
    print("| source | target | published | ours | deviation | at the tolerance |")
    print("| --- | --- | --- | --- | --- | --- |")
    for row in rows(options.people):
        print(row.line())


if __name__ == "__main__":
    main()
