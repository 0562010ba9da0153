"""What the check of printed numbers found, in words: what is possible; nobody is accused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

import pandas as pd

from analysis.published.consistency import (
    Consistency,
    EndpointCheck,
    Reading,
    TestFinding,
    TestKey,
)
from analysis.published.printed import PrintedNumber, PrintedSummary
from report.numbers import DASH, MINUS, plain, signed

Readings = Mapping[Reading, Consistency]

TEST_NAMES: Final[Mapping[TestKey, str]] = MappingProxyType(
    {
        "paired": "Paired t test",
        "exact": "Wilcoxon, exact, no ties",
        "exact_ties": "Wilcoxon, exact, ties or zeros",
        "asymptotic": "Wilcoxon, normal approximation",
        "asymptotic_corrected": "Wilcoxon, normal approximation with continuity correction",
        "asymptotic_ties": "Wilcoxon, normal approximation with ties",
        "paired_se": "Paired t test, if ± are standard errors",
        "welch": "Welch’s t test, two groups of n",
        "student": "Student’s t test, two groups of n",
        "before": "One-sample t test of the mean before against 0",
        "after": "One-sample t test of the mean after against 0",
    }
)

_RANKS: Final[Mapping[TestKey, str]] = MappingProxyType(
    {"exact": "exact, without ties,", "asymptotic": "by the normal approximation"}
)
LIMITS: Final = (
    "This is arithmetic on what is printed. It says which readings of the text are possible, not "
    "how the numbers came about: another test, another n for each row, people left out of one "
    "row, or a misprint can each explain what does not fit."
)
GRAIN_RULE: Final = (
    "Mean ± SD of whole numbers cannot take every value. Chance: how often unrelated printed pairs "
    "would pass (means over one unit, SDs within 20 % of the printed ones). SDs with n − 1."
)
_LITTLE: Final = 0.8
"""From this chance on, passing says little."""


def reading_name(reading: Reading, summaries: Sequence[PrintedSummary]) -> str:
    """Say how the printed numbers are read, such as "as printed"."""
    if reading == "exact":
        return "as printed"
    if reading == "decimals":
        return "each mean rounded to the decimals of its row"
    coarse = [text for one in summaries for text in _coarse(one)]
    if not coarse:
        return "each number rounded to its own decimals"
    names = " and ".join(f"“{_typed(x)}”" for x in coarse)
    return f"{names} rounded {_to_decimals(coarse[0])}"


def n_ranges(values: Sequence[int], largest: int) -> str:
    """Write which n are possible, such as "10, 11, 18 and more"; ``largest`` was looked at last."""
    if not values:
        return "none"
    runs: list[list[int]] = []
    for n in values:
        if runs and n == runs[-1][-1] + 1:
            runs[-1].append(n)
        else:
            runs.append([n])
    parts = []
    for run in runs:
        if run[-1] == largest and len(run) > 1:
            parts.append(f"{run[0]} and more")
        elif len(run) == 1:
            parts.append(str(run[0]))
        else:
            parts.append(f"{run[0]} to {run[-1]}" if len(run) > 2 else f"{run[0]}, {run[1]}")
    return ", ".join(parts)


def needs_n(values: Sequence[int], largest: int) -> str:
    """Write what n a reading needs: "n = 4 to 18", "n ≥ 22", "n > 40, if any"."""
    if not values:
        return f"n > {largest}, if any"
    text = n_ranges(values, largest)
    if text.endswith(" and more") and "," not in text:
        return f"n ≥ {values[0]}"
    return f"n = {text}"


def printed_line(summary: PrintedSummary) -> str:
    """Return one printed row, such as "ALSFRS-R −5.4 ± 2.3 → −2 ± 3.08, P = 0.014"."""
    before = f"{_typed(summary.before_mean)} ± {_typed(summary.before_sd)}"
    after = f"{_typed(summary.after_mean)} ± {_typed(summary.after_sd)}"
    parts = [f"{summary.label} {before} → {after} {summary.unit}".strip()]
    if summary.n is not None:
        parts.append(f"n = {summary.n:,}")
    if summary.p.text:
        parts.append(p_text(summary))
    return ", ".join(parts)


def p_text(summary: PrintedSummary) -> str:
    """Return the printed P, such as "P < 0.001"."""
    text = summary.p.text
    if not text:
        return "no P printed"
    sign, number = (text[0], text[1:]) if text[0] in "<>" else ("=", text)
    return f"P {sign} {f'0{number}' if number.startswith('.') else number}"


def heading(found: Consistency) -> str:
    """Return the title of the map: what the paired t test allows in this reading."""
    name = reading_name(found.reading, [c.summary for c in found.checks])
    with_p = [c for c in found.checks if c.finding("paired")]
    if not with_p:
        return "No P value is printed, so no n follows from it"
    start = f"Read {name}," if found.reading == "exact" else f"With {name},"
    if len(with_p) == 1:
        return f"{start} {_named(found, with_p[0])}"
    common = found.common("paired")
    which = "both" if len(with_p) == 2 else f"all {len(with_p)}"
    if not common:
        return f"{start} no n fits {which} P values by a paired t test"
    return f"{start} {needs_n(common, _largest(found))} {_fits(common)} {which} P values"


def heading_over(readings: Readings) -> str:
    """Return the title of the check: the strictest reading that fits, and whether it is as printed.

    Parameters
    ----------
    readings
        The check by reading, as printed first; what fits in one fits in the next.
    """
    first = next(iter(readings.values()))
    fitting = next((one for one in readings.values() if one.common("paired")), None)
    many = sum(c.finding("paired") is not None for c in first.checks) > 1
    if fitting is None and many:
        return heading(first).replace(
            "Read as printed,", "However the printed numbers are rounded,"
        )
    if fitting is None or fitting is first:
        return heading(first)
    return f"{heading(fitting)}; read as printed, {'no n does' if many else 'no r gives it'}"


def verdict(readings: Readings) -> list[str]:
    """Return the verdict on the paired t test, one sentence for each reading, as printed first."""
    lines = []
    for reading, found in readings.items():
        summaries = [c.summary for c in found.checks]
        with_p = [c for c in found.checks if c.finding("paired")]
        if not with_p:
            return ["No P value is printed: only whole numbers can be checked."]
        name = reading_name(reading, summaries)
        start = name[0].upper() + name[1:]
        if len(with_p) == 1:
            lines.append(f"{start}: {_named(found, with_p[0])}.")
            continue
        needs = _joined([f"{c.summary.label} needs {_needs(found, c)}" for c in with_p])
        common = found.common("paired")
        which = "both" if len(with_p) == 2 else "all of them"
        if not common:
            lines.append(f"{start}: {needs}. No n fits {which}.")
            continue
        far = _joined([_correlation_over(c, common) for c in with_p])
        span = needs_n(common, _largest(found))
        lines.append(f"{start}: {needs}. {span} {_fits(common)} {which}, if {far}.")
    return lines


def rank_sentence(found: Consistency) -> str:
    """Say which n the Wilcoxon tests allow that are quickly calculated; empty without a P."""
    with_p = [c for c in found.checks if c.summary.p.text]
    parts = []
    for test, name in _RANKS.items():
        if any(c.finding(test) is None for c in with_p) or not with_p:
            continue
        parts.append(f"{name} {_rank_needs(found, with_p, test)}")
    if not parts:
        return ""
    return f"A Wilcoxon test instead: {'; '.join(parts)}. With ties see the table."


def test_table(found: Consistency) -> pd.DataFrame:
    """Return which n each test allows, for each printed row and for all of them."""
    with_p = [c for c in found.checks if c.summary.p.text]
    rows = []
    for test in found.tests:
        row: dict[str, str] = {"test": TEST_NAMES[test]}
        for name, check in zip(_names(with_p), with_p, strict=True):
            row[f"{name}, {p_text(check.summary)}"] = _cell(found, check, test)
        if len(with_p) > 1:
            row["all, same n"] = n_ranges(found.common(test), _largest(found))
        rows.append(row)
    return pd.DataFrame(rows)


def n_table(found: Consistency) -> pd.DataFrame:
    """Return for each n what the paired t test allows: correlation, smallest P, whole numbers."""
    whole = {n: (passes, share) for n, passes, share in found.whole}
    values = sorted({s.n for c in found.checks for f in c.findings for s in f.spots} | set(whole))
    rows = []
    for n in values:
        row: dict[str, str] = {"n": str(n)}
        for name, check in zip(_names(found.checks), found.checks, strict=True):
            finding = check.finding("paired")
            if finding is None:
                continue
            spot = finding.spot(n)
            row[f"{name}: r for {p_text(check.summary)}"] = (
                DASH if spot is None else (_interval(spot.r[0]) if spot.r else "impossible")
            )
            row[f"{name}: smallest P"] = DASH if spot is None else _small(spot.smallest_p)
        if whole:
            passes, share = whole.get(n, (False, float("nan")))
            row["whole numbers"] = DASH if n not in whole else ("possible" if passes else "no")
            row["chance"] = plain(share, 4 if share < 0.01 else 2)
        rows.append(row)
    return pd.DataFrame(rows)


def whole_sentence(found: Consistency) -> str:
    """Say at which n every mean ± SD can be one of whole numbers; empty without whole numbers."""
    if not found.whole:
        return ""
    pairs = 2 * sum(1 for c in found.checks if c.granularity is not None)
    telling = [(n, passes, share) for n, passes, share in found.whole if share < _LITTLE]
    name = reading_name(found.reading, [c.summary for c in found.checks])
    start = f"If every value is a whole number ({name})"
    if len(found.whole) == 1:
        n, passes, share = found.whole[0]
        able = "can" if passes else "cannot"
        return (
            f"{start}: at n = {n} the {pairs} printed mean ± SD {able} all come out. Unrelated "
            f"numbers would with a chance of {_chance(share)}."
        )
    if not telling:
        return f"{start}, every n would pass by chance: this check says little here."
    last = telling[-1][0]
    passing = [n for n, passes, _ in telling if passes]
    first = next(iter(passing), None)
    some = "none" if first is None else f"only n = {n_ranges(passing, 0)}"
    chance = ""
    if first is not None:
        share = next(share for n, _, share in telling if n == first)
        chance = f" Unrelated numbers would pass at n = {first} with a chance of {_chance(share)}."
    beyond = f" Above n = {last} this check says little."
    return (
        f"{start}: of n = {telling[0][0]} to {last}, {some} can have all {pairs} printed "
        f"mean ± SD.{chance}{beyond}"
    )


def _names(checks: Sequence[EndpointCheck]) -> list[str]:
    """Return what each row is called in a table: its label, numbered where two are the same."""
    labels = [check.summary.label for check in checks]
    return [
        f"{label} ({labels[: k + 1].count(label)})" if labels.count(label) > 1 else label
        for k, label in enumerate(labels)
    ]


def _named(found: Consistency, check: EndpointCheck) -> str:
    """Say what the only row with a P needs, with its name where other rows have none."""
    said = _alone(found, check)
    return f"{check.summary.label}: {said}" if len(found.checks) > 1 else said


def _alone(found: Consistency, check: EndpointCheck) -> str:
    finding = _paired(check)
    if check.summary.n is None:
        largest = _largest(found)
        return f"{p_text(check.summary)} by a paired t test needs {_needs_of(finding, largest)}"
    spot = finding.spots[0]
    if not spot.r:
        return (
            f"a paired t test of n = {spot.n:,} cannot give {p_text(check.summary)}, whatever the "
            "correlation"
        )
    return (
        f"{p_text(check.summary)} by a paired t test of n = {spot.n:,} needs r = "
        f"{_interval(spot.r[0])}"
    )


def _needs(found: Consistency, check: EndpointCheck) -> str:
    if check.summary.n is None:
        return _needs_of(_paired(check), _largest(found))
    r = _paired(check).spots[0].r
    return f"r = {_interval(r[0])} at n = {check.summary.n:,}" if r else "what n does not allow"


def _rank_needs(found: Consistency, with_p: Sequence[EndpointCheck], test: TestKey) -> str:
    common = found.common(test)
    if all(check.summary.n is not None for check in with_p):
        able = [c for c in with_p if (one := c.finding(test)) is not None and one.possible]
        verb = "can" if len(able) == len(with_p) else "cannot"
        return f"{verb} give {'it' if len(with_p) == 1 else 'all of them'} at the printed n"
    if not common:
        return "fits no n" if len(with_p) == 1 else "fits all rows at no n"
    rows = "" if len(with_p) == 1 else " for both rows" if len(with_p) == 2 else " for all rows"
    return f"needs {needs_n(common, _largest(found))}{rows}"


def _needs_of(finding: TestFinding, largest: int) -> str:
    return needs_n(finding.possible, largest)


def _paired(check: EndpointCheck) -> TestFinding:
    finding = check.finding("paired")
    if finding is None:
        raise ValueError(f"{check.summary.label} has no P value.")
    return finding


def _cell(found: Consistency, check: EndpointCheck, test: TestKey) -> str:
    finding = check.finding(test)
    if finding is None:
        return "not looked at"
    if check.summary.n is not None:
        return f"{'possible' if finding.possible else 'no'} at {check.summary.n:,}"
    return n_ranges(finding.possible, _largest(found))


def _correlation_over(check: EndpointCheck, common: Sequence[int]) -> str:
    """Say which correlation a row needs over some n, in its mildest form."""
    finding = _paired(check)
    spots = [spot for n in common if (spot := finding.spot(n)) is not None and spot.r]
    low, high = min(s.r[0][0] for s in spots), max(s.r[0][1] for s in spots)
    if low <= -1:
        return f"r ≤ {signed(high)} for {check.summary.label}"
    if high >= 1:
        return f"r ≥ {signed(low)} for {check.summary.label}"
    return f"r is {signed(low)} to {signed(high)} for {check.summary.label}"


def _fits(common: Sequence[int]) -> str:
    return "fits" if len(common) == 1 else "fit"


def _largest(found: Consistency) -> int:
    return found.n_values[-1]


def _interval(r: tuple[float, float]) -> str:
    return f"{signed(r[0])} to {signed(r[1])}"


def _small(p: float) -> str:
    return "below 0.0001" if p < 0.0001 else plain(p, 4 if p < 0.01 else 3)


def _chance(share: float) -> str:
    return plain(share, 4) if share < 0.01 else plain(share, 2)


def _typed(number: PrintedNumber) -> str:
    return number.text.replace("-", MINUS)


def _coarse(summary: PrintedSummary) -> list[PrintedNumber]:
    """Return the mean with fewer decimals than the other of its row, if there is one."""
    means = sorted((summary.before_mean, summary.after_mean), key=lambda x: x.decimals)
    return [means[0]] if means[0].decimals < means[1].decimals else []


def _to_decimals(number: PrintedNumber) -> str:
    if number.decimals == 0:
        return "to a whole number"
    return f"to {number.decimals} decimal{'s' if number.decimals > 1 else ''}"


def _joined(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
