"""Where a trial lies among published results: changes of slopes per month, and responders."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from scipy import stats

from analysis.comparison import EndpointComparison
from analysis.paired_tests import summarise
from analysis.published.attainable import Range, ends_json
from analysis.responders import Share, share_of
from analysis.results import Summary, finite
from data.published_values import Library, PublishedResponders, PublishedSlope, Source

Block = Literal["trial", "treated", "untreated", "other_scale", "listed"]
"""This trial; published with cells; published without; on the 0 to 40 scale; not drawn."""

CORRELATIONS: Final = (0.0, 0.7)
"""Between before and after, where the SD of the change is not printed."""

OTHER_SCALE: Final = {"alsfrs_r": "alsfrs_40"}
_MONTHS: Final = {"month": 1.0, "year": 12.0}


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """The mean change of one group's slope.

    Parameters
    ----------
    name
        Study and arm, or the trial.
    block
        Where it is shown.
    n
        People; ``None`` if not printed.
    estimate
        Mean change per month; of listed rows in their printed unit. NaN if there is none.
    interval
        t interval of the mean; ``None`` without an SD of the change.
    band
        For a row without an SD of the change: the intervals at a correlation of 0 and of 0.7
        between before and after, the wide one first; else ``None``.
    unit
        Unit of the estimate.
    reason
        Why the row is listed and not drawn; empty otherwise.
    source
        Where it is published; ``None`` for this trial.
    """

    name: str
    block: Block
    n: int | None
    estimate: float
    interval: Range | None
    band: tuple[Range, Range] | None
    unit: str
    reason: str = ""
    source: Source | None = None

    def to_json(self) -> dict[str, Any]:
        """Return every field; a published row with its DOI."""
        return {
            "name": self.name,
            "block": self.block,
            "n": self.n,
            "estimate": finite(self.estimate),
            "interval": ends_json(self.interval) if self.interval else None,
            "band": [ends_json(one) for one in self.band or ()],
            "unit": self.unit,
            "reason": self.reason,
            "doi": self.source.doi if self.source else "",
        }


@dataclass(frozen=True, slots=True)
class ShareRow:
    """The share of one group that met a rule.

    Parameters
    ----------
    name, block, source
        As in ``ChangeRow``.
    rule, window
        The rule, and over which follow-up it was counted.
    share
        With intervals; its count is the whole number nearest to the printed share of n.
    certain
        Whether only one count rounds to the printed share.
    printed
        The share as printed; NaN for this trial.
    """

    name: str
    block: Block
    rule: str
    window: str
    share: Share
    certain: bool
    source: Source | None = None
    printed: float = math.nan

    def to_json(self) -> dict[str, Any]:
        """Return every field; a published row with its DOI."""
        return {
            "name": self.name,
            "block": self.block,
            "rule": self.rule,
            "window": self.window,
            "certain": self.certain,
            "printed": finite(self.printed),
            "share": self.share.to_json(),
            "doi": self.source.doi if self.source else "",
        }


def change_rows(
    result: EndpointComparison, title: str, library: Library, level: float
) -> tuple[ChangeRow, ...]:
    """Return this trial's mean change per month and those published of the same endpoint.

    Parameters
    ----------
    result
        One endpoint of the trial.
    title
        What the trial is called.
    library
        Published results.
    level
        Level of all intervals, between 0 and 1.

    Notes
    -----
    The interval of a published mean is mean ± t · SD/√n. Without an SD of the change it is
    SD² = s₁² + s₂² − 2 r s₁ s₂ with r = 0 and with r = 0.7. A rate per period becomes one per month
    only where the lengths of both periods are given.
    """
    key = result.endpoint.key
    published = [_published(row, key, level) for row in library.slopes]
    rows = [*_own(result, title, level), *(row for row in published if row is not None)]
    order: Sequence[Block] = ("trial", "treated", "untreated", "other_scale", "listed")
    return tuple(row for block in order for row in rows if row.block == block)


def share_rows(
    result: EndpointComparison, title: str, library: Library, level: float
) -> tuple[ShareRow, ...]:
    """Return the shares of responders of this trial and of published groups, by rule.

    Of this trial only the rules that some publication uses are given; its denominator is everybody
    to whom the rule can be applied.
    """
    key = result.endpoint.key
    found = []
    published = [row for row in library.responders if _same_endpoint(row.source, key)]
    for kind, threshold in sorted({(row.kind, row.threshold) for row in published}, reverse=True):
        rows = [row for row in published if (row.kind, row.threshold) == (kind, threshold)]
        own = next(
            (r for r in result.responders if (r.rule.kind, r.rule.threshold) == (kind, threshold)),
            None,
        )
        if own is not None and own.of_assessable.n:
            name = title if result.against_control is None else f"{title}, all arms"
            found.append(ShareRow(name, "trial", rows[0].rule, "", own.of_assessable, True))
        found += sorted((_share(row, level) for row in rows), key=lambda one: one.block)
    return tuple(found)


def _own(result: EndpointComparison, title: str, level: float) -> list[ChangeRow]:
    """Return this trial as one row; with a concurrent control, as one row for each group."""
    unit = f"{result.endpoint.change_unit}/month"
    rate, groups = result.rate, result.groups
    even = rate.months_before == rate.months_after
    if groups is not None and result.against_control is not None and even:
        return [
            _own_row(f"{title}, {one.label}", one.change, 1 / rate.months_after, unit)
            for one in groups.groups
            if one.n
        ]
    table = result.slopes
    change = (table.after.slope - table.before.slope)[result.paired]
    return [_own_row(title, summarise(change, level), 1.0, unit)]


def _own_row(name: str, change: Summary, factor: float, unit: str) -> ChangeRow:
    ends = change.interval
    interval = None if ends is None else (factor * ends.low, factor * ends.high)
    return ChangeRow(name, "trial", change.n, factor * change.mean, interval, None, unit)


def _same_endpoint(source: Source, key: str) -> bool:
    return source.endpoint_key in (key, OTHER_SCALE.get(key))


def _published(row: PublishedSlope, key: str, level: float) -> ChangeRow | None:
    source = row.source
    if not _same_endpoint(source, key):
        return None
    change = row.change_mean.value if row.change_mean.known else _difference(row)
    listed = ChangeRow(source.name, "listed", source.n, change, None, None, row.unit, source=source)
    factors = _per_month(row)
    if factors is None:
        return _with_reason(listed, "length of a period not given")
    if source.n is None or source.n < 2:
        return _with_reason(listed, "n not given")
    before, after = factors
    estimate = change * after if before == after else _difference(row, factors)
    block: Block = "treated" if source.treated else "untreated"
    if source.endpoint_key != key:
        block = "other_scale"
    t = float(stats.t.ppf((1 + level) / 2, source.n - 1)) / math.sqrt(source.n)
    unit = f"{row.unit.partition('/')[0]}/month"

    def drawn(interval: Range | None, band: tuple[Range, Range] | None) -> ChangeRow:
        return ChangeRow(
            source.name, block, source.n, estimate, interval, band, unit, source=source
        )

    if row.change_sd.known and before == after:
        half = t * row.change_sd.value * after
        return drawn((estimate - half, estimate + half), None)
    if row.pre_sd.known and row.post_sd.known:
        s, u = row.pre_sd.value * before, row.post_sd.value * after
        wide, narrow = (t * math.sqrt(s**2 + u**2 - 2 * r * s * u) for r in CORRELATIONS)
        ends = tuple((estimate - half, estimate + half) for half in (wide, narrow))
        return drawn(None, (ends[0], ends[1]))
    return _with_reason(listed, "no SD given")


def _with_reason(row: ChangeRow, reason: str) -> ChangeRow:
    return ChangeRow(
        row.name, row.block, row.n, row.estimate, None, None, row.unit, reason, row.source
    )


def _difference(row: PublishedSlope, factors: Range = (1.0, 1.0)) -> float:
    return row.post_mean.value * factors[1] - row.pre_mean.value * factors[0]


def _per_month(row: PublishedSlope) -> Range | None:
    """Return by what the rates before and after become rates per month; nothing if unknown."""
    if row.per in _MONTHS:
        return 1 / _MONTHS[row.per], 1 / _MONTHS[row.per]
    months = (row.pre_months.value, row.post_months.value)
    if not all(math.isfinite(m) and m > 0 for m in months):
        return None
    return 1 / months[0], 1 / months[1]


def _share(row: PublishedResponders, level: float) -> ShareRow:
    n, printed = row.source.n or 0, row.share
    count = round(printed.value * n)
    half = 0.5 * 10.0**-printed.decimals * n
    low, high = math.ceil(printed.value * n - half), math.floor(printed.value * n + half)
    block: Block = "treated" if row.source.treated else "untreated"
    share = share_of(count, n, level)
    scale = ", 0 to 40 scale" if row.source.endpoint_key == "alsfrs_40" else ""
    return ShareRow(
        f"{row.source.name}{scale}",
        block,
        row.rule,
        row.window,
        share,
        low == high,
        row.source,
        printed.value,
    )
