"""What the natural history gives where something was published of untreated people.

Run ``python -m benchmarks.untreated_validation``; the table is in docs/untreated-validation.md, and
``--write`` puts it there. Every row is computed on the scale, with the means and at the visit times
of its source; where these times are not published, several readings stand beside each other. The
tolerances stand here and were chosen before the reference numbers: a tenth of an SD, 0.05 of a
correlation, 5 percentage points of a share, 0.15 points/month of a mean, and 10 percentage points
of the share of false successes.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from scipy import special, stats

from analysis.untreated.courses import course_at, draw_people, draw_stops
from analysis.untreated.history import HISTORIES, LEAVING, History
from analysis.untreated.scores import noisy_scores
from data.endpoints import ENDPOINTS
from data.trial import BoolArray, FloatArray

SEED = 1790
PEOPLE = 200_000
TRIALS = 4_000
SD, R, SHARE, MEAN, FALSE = "SD", "correlation", "share", "mean", "false successes"
TOLERANCES = {SD: 0.10, R: 0.05, SHARE: 5.0, MEAN: 0.15, FALSE: 10.0}
"""By kind of target: a share of the published number for an SD, else in its own unit."""

DOC = Path(__file__).resolve().parents[1] / "docs" / "untreated-validation.md"
BEGIN, END = "<!-- the table of the script -->", "<!-- end of the table -->"

EFRON = "Efron & Hastie"
OH = "Oh 2018, control arm"
NUROWN = "NurOwn phase 3, placebo"
BEDLACK = "Bedlack 2016"

TWELVE_WEEKS = 84 / 30.4375
"""In months."""

EARLY_40 = HISTORIES["alsfrs_r"].with_(
    mean_before=-0.55,
    mean_after=-0.69,
    sd_before=0.50,
    sd_after=0.51,
    level_mean=30.0,
    level_sd=5.0,
)
"""The reference on the 40-point scale, with the means of that summary."""

READINGS: dict[str, tuple[tuple[float, tuple[float, ...]], ...]] = {
    "monthly": ((1.0, (0.0, 1.0, 2.0, 3.0)),),
    "monthly, 40 % to month 2": ((0.6, (0.0, 1.0, 2.0, 3.0)), (0.4, (0.0, 1.0, 2.0))),
    "2 visits, 40 % to month 2": ((0.6, (0.0, 3.0)), (0.4, (0.0, 2.0))),
}
"""Early visits of that summary, which are not published: shares of people and their months."""


@dataclass(frozen=True)
class Row:
    """One published number beside what the natural history gives.

    Parameters
    ----------
    source, what, kind
        Where it is from, what it is, and a key of ``TOLERANCES``.
    published, ours
        The two numbers.
    n
        People behind the published number; 0 where its sampling error is not known.
    """

    source: str
    what: str
    kind: str
    published: float
    ours: float
    n: int = 0

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

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % interval of the published number from its n alone."""
        return sampling_interval(self.kind, self.published, self.n) if self.n else None

    def line(self) -> str:
        """Return the row of the table."""
        digits = 0 if self.kind in (SHARE, FALSE) else 2
        published, judged = f"{self.published:.{digits}f}", "met" if self.met else "**not met**"
        interval = self.interval
        if interval is not None:
            low, high = interval
            published += f" ({low:.{digits}f} to {high:.{digits}f})"
            if not self.met and low <= self.ours <= high:
                judged += ", within the interval"
        cells = (
            self.source,
            self.what,
            published,
            f"{self.ours:.{digits}f}",
            f"{self.deviation:+.{digits}f}",
            judged,
        )
        return f"| {' | '.join(cells)} |".replace("-", "−")


def sampling_interval(kind: str, value: float, n: int) -> tuple[float, float]:
    """Return the 95 % interval of an SD (χ²), a correlation (Fisher) or a share (Wilson)."""
    if kind == SD:
        low, high = (float(np.sqrt((n - 1) / stats.chi2.ppf(q, n - 1))) for q in (0.975, 0.025))
        return value * low, value * high
    z = float(stats.norm.ppf(0.975))
    if kind == R:
        centre, half = np.arctanh(value), z / np.sqrt(n - 3)
        return float(np.tanh(centre - half)), float(np.tanh(centre + half))
    if kind != SHARE:
        raise ValueError(f"no interval for a {kind}")
    share = value / 100
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return float(100 * (middle - half)), float(100 * (middle + half))


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
        Scores of the first and of the last visit of all.
    """

    before: FloatArray
    after: FloatArray
    lost: FloatArray
    first: FloatArray
    last: FloatArray

    def of(self, chosen: BoolArray) -> Seen:
        """Return some of the people."""
        return Seen(*(getattr(self, one.name)[chosen] for one in fields(self)))

    @property
    def change(self) -> FloatArray:
        """Slope after minus slope before."""
        return self.after - self.before


def together(parts: list[Seen]) -> Seen:
    """Return the people of several groups as one."""
    return Seen(
        *(np.concatenate([getattr(part, one.name) for part in parts]) for one in fields(Seen))
    )


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
    t = months - months.mean()
    return np.asarray(np.round(scores @ t / (t @ t), 10))


def percent(chosen: BoolArray) -> float:
    """Return how many of 100 are chosen."""
    return 100 * float(np.mean(chosen))


def summary_people(people: int, reading: str, stream: int) -> Seen:
    """Return people as in the summary: early slope of 3 months, monthly visits from 4 to 12.

    Day 0 is month 3, whose visit is in the early slope alone.
    """
    later = np.arange(4.0, 13.0) - 3
    return together(
        [
            seen_people(
                EARLY_40,
                "alsfrs_40",
                np.asarray(months) - 3,
                later,
                round(share * people),
                10 * stream + k,
            )
            for k, (share, months) in enumerate(READINGS[reading])
        ]
    )


def public_summary(people: int, reading: str) -> Iterator[Row]:
    """Compare with the summary of 1,790 people."""
    found = summary_people(people, reading, 1)
    source, n = f"{EFRON}; {reading}", 1_790
    yield Row(source, "SD of early slopes", SD, 1.06, float(found.before.std()), n)
    yield Row(source, "SD of later slopes", SD, 0.57, float(found.after.std()), n)
    r = float(np.corrcoef(found.before, found.after)[0, 1])
    yield Row(source, "correlation of both", R, 0.20, r, n)
    yield Row(source, "SD of the change", SD, 1.09, float(found.change.std()), n)
    yield Row(source, "early slopes ≥ 0, %", SHARE, 39, percent(found.before >= 0), n)
    decliners = found.of(found.before < 0)
    for limit, published in ((25, 53), (50, 39), (75, 20), (100, 8)):
        share = percent(decliners.change >= limit / 100 * np.abs(decliners.before))
        yield Row(source, f"of decliners ≥ {limit} % less steep, %", SHARE, published, share, 1_085)
    chosen = fast(found)
    yield Row(source, "≥ 3 points lost, %", SHARE, 24, percent(chosen), n)
    some = found.of(chosen)
    yield Row(source, "≥ 3 points lost: early slope", MEAN, -1.96, float(some.before.mean()))
    yield Row(source, "≥ 3 points lost: later slope", MEAN, -0.87, float(some.after.mean()))
    share = percent(some.change >= 1.25)
    yield Row(source, "≥ 3 points lost: less steep by ≥ 1.25, %", SHARE, 38, share, 430)


def fast(found: Seen) -> BoolArray:
    """Return who lost at least 3 points in 12 weeks by the early slope, all that is known."""
    return np.asarray(found.before <= -3 / TWELVE_WEEKS)


FALSE_SUCCESSES = {
    "≤ −0.5/month": (36, 49, 69, 83),
    "≤ −1/month": (71, 85, 98, 100),
    "≥ 3 points lost": (87, 95, 100, 100),
    "between −2 and −0.5": (26, 32, 43, 52),
}


def false_successes(people: int, trials: int, reading: str) -> Iterator[Row]:
    """Compare the share of untreated trials with P < 0.05 in favour, by entry rule and n."""
    found = summary_people(people, reading, 2)
    rules = {
        "≤ −0.5/month": found.before <= -0.5,
        "≤ −1/month": found.before <= -1,
        "≥ 3 points lost": fast(found),
        "between −2 and −0.5": (found.before <= -0.5) & (found.before >= -2),
    }
    rng = np.random.default_rng([SEED, 3])
    for rule, chosen in rules.items():
        change = found.of(chosen).change
        for n, published in zip((8, 10, 15, 20), FALSE_SUCCESSES[rule], strict=True):
            some = change[rng.integers(0, len(change), (trials, n))]
            t = some.mean(axis=1) * np.sqrt(n) / some.std(axis=1, ddof=1)
            share = percent(t > special.stdtrit(n - 1, 0.975))
            what = f"false successes, {rule}, n = {n}, %"
            yield Row(f"{EFRON}; {reading}", what, FALSE, published, share)


def control_arm(people: int) -> Iterator[Row]:
    """Compare with Oh 2018: monthly visits, lead-in of 3 months, means as in its table 3.

    ALSFRS-R fell by 4.67 points in 4 months, 0.03/month slower than before; FVC by 10.75 %, 0.80
    faster than before. The visit on day 0 is in the lead-in alone.
    """
    history = HISTORIES["alsfrs_r"].with_(mean_before=-1.20, mean_after=-1.17)
    run_in = np.arange(-3.0, 1.0)
    published = {
        4: (3.25, 27, 1.33, 27, (19, 7, 4)),
        6: (4.53, 25, 1.46, 25, (22, 11, 4)),
    }
    for stream, (months, (sd_points, n_points, sd, n, shares)) in enumerate(published.items()):
        after = np.arange(1.0, months + 1)
        found = seen_people(history, "alsfrs_r", run_in, after, people, 40 + stream)
        points = found.last - (found.first - found.lost)
        what = f"SD of the points lost in {months} months"
        yield Row(OH, what, SD, sd_points, float(points.std()), n_points)
        what = f"SD of the change at {months} months"
        yield Row(OH, what, SD, sd, float(found.change.std()), n)
        for limit, one in zip((50, 75, 100), shares, strict=True):
            less = (found.before < 0) & (found.change >= limit / 100 * np.abs(found.before))
            what = f"≥ {limit} % less steep at {months} months, of all, %"
            yield Row(OH, what, SHARE, one, percent(less), 27)
    lungs = HISTORIES["fvc"].with_(mean_before=-1.89, mean_after=-2.69)
    found = seen_people(lungs, "fvc", run_in, np.arange(1.0, 5.0), people, 42)
    lost = found.last - (found.first - found.lost)
    yield Row(OH, "FVC: SD of the % lost in 4 months", SD, 8.40, float(lost.std()), 25)
    yield Row(OH, "FVC: SD of the change at 4 months", SD, 3.18, float(found.change.std()), 25)


def placebo_arm(people: int) -> Iterator[Row]:
    """Compare with NurOwn: ≥ 3 points lost in 12 weeks, from at least 25; then 28 weeks."""
    after = np.arange(1.0, 8.0) * TWELVE_WEEKS / 3
    for stream, visits in enumerate((2, 4)):
        run_in = np.linspace(-TWELVE_WEEKS, 0, visits)
        found = seen_people(HISTORIES["alsfrs_r"], "alsfrs_r", run_in, after, people, 50 + stream)
        chosen = found.of((found.lost >= 3) & (found.first >= 25))
        source, start = f"{NUROWN}; {visits} early visits", chosen.first - chosen.lost
        share = percent(chosen.change >= 1.25)
        yield Row(source, "less steep by ≥ 1.25 points/month, %", SHARE, 27.7, share, 94)
        change = float((chosen.last - start).mean()) / float(after[-1])
        what = "points lost in 28 weeks, per month"
        yield Row(source, what, MEAN, -5.88 / float(after[-1]), change)
        yield Row(source, "SD of the score on day 0", SD, 6.1, float(start.std()), 94)


def plateaus(people: int) -> Iterator[Row]:
    """Compare how many of those still followed have not declined after 6, 12 and 18 months."""
    scales = {
        "alsfrs_40": ("40 points", EARLY_40),
        "alsfrs_r": ("48 points", HISTORIES["alsfrs_r"]),
    }
    for key, (words, history) in scales.items():
        for months, published, n in ((6, 25, 3_132), (12, 16, 2_105), (18, 7, 1_218)):
            rng = np.random.default_rng([SEED, 60, months])
            drawn = draw_people({key: history}, 0.0, people, rng)[key]
            course = course_at(drawn, np.asarray([0.0, float(months)]), history.bend)
            scores = noisy_scores(course, history, ENDPOINTS[key], rng)
            stops = draw_stops(drawn, history.bend, LEAVING, months, rng)
            followed = scores[np.isinf(stops.month)]
            share = percent(followed[:, 1] >= followed[:, 0])
            what = f"no decline over {months} months, %"
            yield Row(f"{BEDLACK}; {words}", what, SHARE, published, share, n)


def rows(people: int = PEOPLE, trials: int = TRIALS) -> list[Row]:
    """Return the whole table."""
    return [
        *(row for reading in READINGS for row in public_summary(people, reading)),
        *(row for reading in READINGS for row in false_successes(people, trials, reading)),
        *control_arm(people),
        *placebo_arm(people),
        *plateaus(people),
    ]


def lines(table: list[Row]) -> list[str]:
    """Return the table as Markdown, with its headings."""
    return [
        "| source | target | published (95 % CI) | ours | deviation | at the tolerance |",
        "| --- | --- | --- | --- | --- | --- |",
        *(row.line() for row in table),
    ]


def main() -> None:
    """Print the table, and write it into the docs if asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=PEOPLE)
    parser.add_argument("--write", action="store_true", help=f"put the table into {DOC.name}")
    options = parser.parse_args()
    started = time.perf_counter()
    table = rows(options.people)
    text = "\n".join(lines(table))
    print(text)
    met = sum(row.met for row in table)
    print(f"\n{met} of {len(table)} rows are met. {time.perf_counter() - started:.0f} s.")
    if options.write:
        before, rest = DOC.read_text("utf-8").split(BEGIN)
        after = rest.split(END)[1]
        DOC.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", "utf-8")


if __name__ == "__main__":
    main()
