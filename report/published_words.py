"""Published results in words: names, periods, what is listed and why, tables with sources."""

from __future__ import annotations

import math
from collections.abc import Sequence
from types import MappingProxyType
from typing import Final

import pandas as pd

from analysis.published.rows import CORRELATIONS, Block, ChangeRow, ShareRow
from analysis.settings import Settings
from report.numbers import DASH, level, plain, signed

BLOCKS: Final = MappingProxyType(
    {
        "trial": "This trial",
        "treated": "Published, given cells",
        "untreated": "Published, not given cells",
        "other_scale": "On the 0 to 40 scale (ALSFRS): points differ",
        "listed": "Published, but not drawn",
    }
)

CAVEAT: Final = (
    "Nobody was randomised against this trial: entry rules, visits, periods and the years differ, "
    "and each of them moves such numbers. Nothing is pooled."
)


def forest_heading(label: str) -> str:
    """Return the title of the figure of published changes."""
    return f"{label}: this trial among published changes of the slope"


def forest_subtitle(confidence: float) -> str:
    """Say what marks mean."""
    return (
        f"Change of the mean slope per month with {level(confidence)} CI, filled where it excludes "
        f"0. {CAVEAT}"
    )


def change_text(row: ChangeRow) -> str:
    """Write the change and its interval, such as "+1.13 (0.65 to 1.61)"."""
    value = signed(row.estimate)
    if row.interval is not None:
        return f"{value} ({plain(row.interval[0])} to {plain(row.interval[1])})"
    if row.band is not None:
        return f"{value} (no SD of change)"
    return f"{value} {row.unit}" if value != DASH else DASH


def full_change_text(row: ChangeRow) -> str:
    """Write the change with its interval or, without an SD of the change, with its open band."""
    if row.interval is not None or row.band is None:
        return change_text(row)
    ends = (f"{plain(low)} to {plain(high)}" for low, high in row.band)
    parts = (f"r = {r:g}: {text}" for r, text in zip(CORRELATIONS, ends, strict=True))
    return f"{signed(row.estimate)} ({'; '.join(parts)})"


def own_periods(settings: Settings) -> str:
    """Return what this trial compares, such as "10 v 10 months"."""
    before, after = settings.pre_months, settings.post_months
    if before is None and after is None:
        return "all visits before v after"
    if before is None:
        return f"all before v {after:g} months"
    if after is None:
        return f"{before:g} months v all after"
    return f"{before:g} v {after:g} months"


def n_text(n: int | None) -> str:
    """Write how many people, or that it is not given."""
    return "not given" if n is None else f"{n:,}"


def periods_text(row: ChangeRow | ShareRow, own: str) -> str:
    """Return what was compared; ``own`` for this trial."""
    if row.source is None:
        return own
    return row.source.periods or "not given"


def hover(row: ChangeRow | ShareRow, said: str, own: str) -> list[str]:
    """Return the lines that explain a row: design, periods, who they were, and the source."""
    lines = [row.name, said]
    if row.source is None:
        return [*lines, own]
    source = row.source
    lines += [
        f"Design: {source.design or 'not given'}",
        f"Compared: {source.periods or 'not given'}",
        f"People: {source.population or 'not given'}",
        f"doi {source.doi}" if source.doi else "no publication: computed from a public summary",
    ]
    if source.added:
        lines.append("added by you, checked by nobody")
    return lines


def band_note() -> str:
    """Explain the band of a row without an SD of the change."""
    low, high = CORRELATIONS
    return (
        f"Dashed: no SD of the change is given; interval for a correlation of {low:g} (wide) and "
        f"{high:g} (narrow) between before and after."
    )


def sources_of(rows: Sequence[ChangeRow | ShareRow]) -> dict[str, str]:
    """Return the address of each source once, with the studies that stand in it."""
    found: dict[str, list[str]] = {}
    for row in rows:
        if row.source is not None and row.source.link:
            name = f"{row.source.study} {row.source.year}"
            names = found.setdefault(row.source.link, [])
            if name not in names:
                names.append(name)
    return {link: ", ".join(names) for link, names in found.items()}


def unlinked(rows: Sequence[ChangeRow | ShareRow]) -> tuple[str, ...]:
    """Return the studies whose source has no address, each once."""
    names = (
        f"{row.source.study} {row.source.year}"
        for row in rows
        if row.source is not None and not row.source.link
    )
    return tuple(dict.fromkeys(names))


def share_text(row: ShareRow) -> str:
    """Write a share, such as "22 of 32, 69 %"; "about" where the count is not certain."""
    about = "" if row.certain else "about "
    share = row.printed if math.isfinite(row.printed) else row.share.share
    # A printed share such as 0.347 keeps its decimal; halves are not rounded anew.
    decimals = 0 if abs(100 * share - round(100 * share)) < 1e-9 or row.source is None else 1
    return f"{about}{row.share.count:,} of {row.share.n:,}, {plain(100 * share, decimals)} %"


def change_table(rows: Sequence[ChangeRow], own: str) -> pd.DataFrame:
    """Return the rows with their sources, as shown below the figure."""
    return pd.DataFrame(
        [
            {
                "result": row.name,
                "block": BLOCKS[row.block],
                "n": n_text(row.n),
                "change": full_change_text(row),
                "compared": periods_text(row, own),
                "not drawn because": row.reason,
                "people": row.source.population if row.source else "",
                "note": row.source.note if row.source else "",
                "source": row.source.link if row.source else "",
            }
            for row in rows
        ]
    )


def change_numbers(rows: Sequence[ChangeRow]) -> pd.DataFrame:
    """Return the numbers of the figure."""
    return pd.DataFrame(
        [
            {
                "result": row.name,
                "block": BLOCKS[row.block],
                "n": row.n,
                "estimate": row.estimate,
                "ci_low": _end(row, 0),
                "ci_high": _end(row, 1),
                "unit": row.unit,
                "not_drawn_because": row.reason,
                "doi": row.source.doi if row.source else "",
            }
            for row in rows
        ]
    )


def share_table(rows: Sequence[ShareRow]) -> pd.DataFrame:
    """Return the shares with their sources, as shown below the figure."""
    return pd.DataFrame(
        [
            {
                "rule": row.rule,
                "result": row.name,
                "block": BLOCKS[row.block],
                "met it": share_text(row),
                "follow-up": row.window,
                "people": row.source.population if row.source else "",
                "note": row.source.note if row.source else "",
                "source": row.source.link if row.source else "",
            }
            for row in rows
        ]
    )


def share_numbers(rows: Sequence[ShareRow]) -> pd.DataFrame:
    """Return the numbers of the figure of responders."""
    return pd.DataFrame(
        [
            {
                "result": row.name,
                "block": BLOCKS[row.block],
                "rule": row.rule,
                "follow_up": row.window,
                "count": row.share.count if row.certain else None,
                "n": row.share.n,
                "share": row.share.share,
                "wilson_low": row.share.wilson.low if row.share.wilson else None,
                "wilson_high": row.share.wilson.high if row.share.wilson else None,
                "doi": row.source.doi if row.source else "",
            }
            for row in rows
        ]
    )


def blocks_of(rows: Sequence[ChangeRow]) -> list[tuple[Block, list[ChangeRow]]]:
    """Return the rows by block, in order."""
    found: dict[Block, list[ChangeRow]] = {}
    for row in rows:
        found.setdefault(row.block, []).append(row)
    return list(found.items())


def _end(row: ChangeRow, side: int) -> float | None:
    ends = row.interval or (row.band[0] if row.band else None)
    return None if ends is None else ends[side]
