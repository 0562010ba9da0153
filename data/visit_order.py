"""The order of visits in the file: one far out of it often has a wrong year."""

from __future__ import annotations

from datetime import date
from typing import Final

import numpy as np

from data.trial import BoolArray, FloatArray, IntArray

_OUT_OF_STEP_DAYS: Final = 300
_FALLING_BACK: Final = 0.02


def unordered(day: FloatArray, group: IntArray) -> BoolArray:
    """Return the rows of patients whose visits are in no order, so that none can be out of it.

    That is so where more than one visit in five would be, or where the others are not in order;
    and for all where rows fall back in time more often than such visits explain.
    """
    out = out_of_step(day, group)
    steps = group[1:] == group[:-1]
    back = int(((np.diff(day) < 0) & steps).sum())
    if back - int(out.sum()) > _FALLING_BACK * steps.sum():
        return np.ones(len(day), dtype=np.bool_)
    kept_day, kept_group = day[~out], group[~out]
    falls = (np.diff(kept_day) < 0) & (kept_group[1:] == kept_group[:-1])
    rows = np.bincount(group, minlength=int(group.max(initial=-1)) + 1)
    many = np.bincount(group[out], minlength=len(rows)) > np.maximum(1, rows / 5)
    unruly: BoolArray = np.isin(group, kept_group[1:][falls]) | many[group]
    return unruly


def out_of_step(day: FloatArray, group: IntArray) -> BoolArray:
    """Return visits far out of the order of their neighbours, which are in order themselves."""
    bad = np.zeros(len(day), dtype=np.bool_)
    if len(day) < 3:
        return bad
    before, here, after = day[:-2], day[1:-1], day[2:]
    same = (group[:-2] == group[1:-1]) & (group[1:-1] == group[2:])
    ordered = (after >= before) & (after - before <= 3 * 365)
    far = (here < before - _OUT_OF_STEP_DAYS) | (here > after + _OUT_OF_STEP_DAYS)
    bad[1:-1] = same & ordered & far
    last = np.r_[group[:-1] != group[1:], True]
    end = last[2:] & same & (after < here - _OUT_OF_STEP_DAYS) & (here >= before)
    bad[2:] |= end & ~bad[1:-1]
    first = np.r_[True, group[:-1] != group[1:]]
    start = first[:-2] & same & (before > here + _OUT_OF_STEP_DAYS) & (after >= here)
    bad[:-2] |= start & ~bad[1:-1]
    return bad


def better_years(day: FloatArray, bad: BoolArray) -> list[str]:
    """Return for each suspect date the same day in a year that fits its neighbours, if one does."""
    result = []
    for at in np.flatnonzero(bad):
        found = date.fromordinal(int(day[at]))
        near = [day[i] for i in (at - 1, at + 1) if 0 <= i < len(day) and not bad[i]]
        best = ""
        for year in range(found.year - 20, found.year + 21):
            try:
                other = found.replace(year=year)
            except ValueError:
                continue
            if near and min(abs(other.toordinal() - d) for d in near) <= 200 and year != found.year:
                best = other.isoformat()
                break
        result.append(best)
    return result
