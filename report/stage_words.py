"""Stage transitions in sentences and tables."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
import pandas as pd

from analysis.day0 import VALUE_AGE_DAYS
from analysis.stage_four import REASONS, StageFour
from analysis.stage_scales import BANDS, DeltaFs
from analysis.stage_transitions import DEATH, SYSTEMS, Moves, Transitions
from report.numbers import count, signed

_MOST_NAMED = 40


def runs_of(keys: Sequence[Hashable]) -> list[tuple[int, int]]:
    """Return the first and the last place of each run of equal neighbours."""
    runs: list[tuple[int, int]] = []
    for i, key in enumerate(keys):
        if runs and key == keys[i - 1]:
            runs[-1] = (runs[-1][0], i)
        else:
            runs.append((i, i))
    return runs


def sentence(found: Transitions) -> str:
    """Return in one sentence how the stages moved from day 0 to the last visit."""
    name = SYSTEMS[found.system]
    if not found.counted:
        return (
            f"{name}: none of {count(found.n, 'patient')} has a certain stage in the 3 months up "
            "to day 0 and a later one."
        )
    later, same, back, died, untold = _directions(found)
    text = (
        f"{name} from day 0 to the last visit, n = {found.counted:,}: {later:,} last seen at a "
        f"later stage, {same:,} at the same, {back:,} at an earlier one; {died:,} died."
    )
    if untold:
        text += f" For {untold} between 0/1 and 1 the direction cannot be told."
    return text


def notes(found: Transitions) -> list[str]:
    """Return who and what is not in the counts, and why."""
    said = []
    if found.no_start:
        said.append(
            f"{count(found.no_start, 'patient')} of {found.n:,} without a certain stage in the 3 "
            "months up to day 0"
        )
    if found.no_later:
        said.append(
            f"{count(found.no_later, 'patient')} without a certain stage after it or a recorded "
            "death"
        )
    if found.uncertain:
        said.append(
            f"{found.uncertain:,} of {count(found.visits, 'visit')} skipped because missing items "
            "leave the stage open"
        )
    if found.contradictory:
        said.append(
            f"{count(found.contradictory, 'visit')} skipped because visits of one day have "
            "different stages"
        )
    result = [f"Not counted: {'; '.join(said)}."] if said else []
    if found.system == "kings":
        result.append(
            "“0/1”: no region by the items, which cannot tell stage 0 from stage 1. 4A and 4B are "
            "one stage here."
        )
    if found.up_to_day0.back or found.after_day0.back:
        result.append(
            "A step back can be repeat scoring alone: one point on one item can change a stage."
        )
    return result


def stage_four_sentence(found: StageFour, names: tuple[str, ...]) -> str:
    """Return who reached King's stage 4, with reasons and months, in one line.

    Parameters
    ----------
    found
        Who was seen in stage 4.
    names
        What each patient is called, in the order of the trial.
    """
    total = f"{len(found.patient):,} of {count(found.n, 'patient')} with items"
    if not len(found.patient):
        text = f"King’s stage 4 was reached by none of {count(found.n, 'patient')} with items."
    else:
        rows = range(min(len(found.patient), _MOST_NAMED))
        named = [
            f"{names[found.patient[k]]} ({found.label(k)}, {_because(found, k)})" for k in rows
        ]
        more = len(found.patient) - len(named)
        rest = f" and {more:,} more, in the table below" if more else ""
        text = (
            f"King’s stage 4 was reached by {total}: {', '.join(named)}{rest}. Months from day 0 "
            "of the first visit that shows the reason."
        )
    if len(found.open):
        who = ", ".join(names[p] for p in found.open[:_MOST_NAMED].tolist())
        more = len(found.open) - _MOST_NAMED
        rest = f" and {more:,} more" if more > 0 else ""
        text += f" Not known for lack of items: {who}{rest}."
    return text


def stage_four_table(found: StageFour, names: tuple[str, ...]) -> pd.DataFrame:
    """Return one row a patient in King's stage 4: label, and first month of each reason."""
    return pd.DataFrame(
        [
            {
                "patient": names[p],
                "King’s": found.label(k),
                **{f"{reason}, month": found.first[k, at] for at, reason in enumerate(REASONS)},
            }
            for k, p in enumerate(found.patient.tolist())
        ]
    )


def _because(found: StageFour, row: int) -> str:
    """Return reasons in the order of their months, such as "gastrostomy +3.1 months"."""
    first = found.first[row]
    order = [int(k) for k in np.argsort(first, kind="stable") if np.isfinite(first[k])]
    parts = [f"{REASONS[k]} {signed(float(first[k]), 1)}" for k in order]
    return f"{' and '.join(parts)} months"


def reached_table(found: Transitions) -> pd.DataFrame:
    """Return for each stage how many were seen in it or a higher one after day 0."""
    return pd.DataFrame(
        [
            {
                "after day 0": "death" if stage == DEATH else f"stage {stage} or higher",
                "patients": int(found.reached[stage]),
                "of": int(found.could_reach[stage]),
            }
            for stage in range(1, DEATH + 1)
            if found.could_reach[stage] or stage == DEATH
        ]
    )


def moves_table(found: Transitions) -> pd.DataFrame:
    """Return the moves from visit to visit up to day 0 and after it."""
    rows = [
        _moves_row("up to day 0", found.up_to_day0, untold=found.system == "kings"),
        _moves_row("after day 0", found.after_day0, untold=found.system == "kings"),
    ]
    return pd.DataFrame(rows)


def transition_numbers(found: Transitions) -> pd.DataFrame:
    """Return every cell of the matrix as one row."""
    return pd.DataFrame(
        [
            {
                "system": SYSTEMS[found.system],
                "stage at day 0": found.labels[row],
                "last stage": "death" if column == DEATH else found.labels[column],
                "patients": int(found.counts[row, column]),
                "n counted": found.counted,
                "n": found.n,
            }
            for row in range(DEATH)
            for column in range(DEATH + 1)
        ]
    )


def delta_fs_sentence(found: DeltaFs, n: int) -> str:
    """Return how many progressed slowly, in between and fast before day 0 by ΔFS.

    Parameters
    ----------
    found
        ΔFS of these patients at day 0.
    n
        Patients who could have one.
    """
    *bands, _ = found.counts()
    known = sum(bands)
    if not known:
        return ""
    limits = ("below 0.5", "0.5 to below 1", "1 or more")
    parts = [f"{k} {band} ({limit})" for k, band, limit in zip(bands, BANDS, limits, strict=True)]
    return (
        f"ΔFS, points lost a month from onset to the last visit in the {VALUE_AGE_DAYS} days up to "
        f"day 0: {', '.join(parts)}; n = {known:,} of {n:,}."
    )


def _moves_row(period: str, moves: Moves, *, untold: bool) -> dict[str, object]:
    row: dict[str, object] = {
        "visit to visit": period,
        "moves": moves.n,
        "to a later stage": moves.advance,
        "same": moves.same,
        "a step back": moves.back,
    }
    if untold:
        row["0/1 ↔ 1"] = moves.untold
    return row


def _directions(found: Transitions) -> tuple[int, int, int, int, int]:
    """Return patients last seen later, same, earlier, dead, and between 0/1 and 1."""
    counts = found.counts[:DEATH, :DEATH]
    later = sum(int(counts[i, j]) for i in range(DEATH) for j in range(i + 1, DEATH))
    back = sum(int(counts[i, j]) for i in range(DEATH) for j in range(i))
    untold = 0
    if found.system == "kings":
        untold = int(counts[0, 1] + counts[1, 0])
        later, back = later - int(counts[0, 1]), back - int(counts[1, 0])
    return later, int(counts.trace()), back, int(found.counts[:, DEATH].sum()), untold
