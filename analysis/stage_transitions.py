"""How stages move: from day 0 to the last visit, from visit to visit, and to death."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np

from analysis.day0 import SAME_DAY, day0_offsets
from analysis.inclusion import with_day0
from analysis.settings import Settings
from analysis.stage_scales import Ft9Table, ft9_visits
from analysis.staging import NO_REGION, Stages, StageTable, stage_visits, stages_at_day0
from data.trial import DAYS_PER_MONTH, BoolArray, FloatArray, IntArray, Trial

System = Literal["kings", "mitos", "ft9"]
SYSTEMS: Final[dict[System, str]] = {"kings": "King’s", "mitos": "MiToS", "ft9": "FT9"}
"""The systems, with their names."""

DEATH: Final = 5
N_STAGES: Final = 6
_MONTH_SLACK: Final = SAME_DAY / DAYS_PER_MONTH


@dataclass(frozen=True, slots=True)
class Moves:
    """Moves between a patient's consecutive visits whose stage is certain.

    Parameters
    ----------
    advance, same, back
        Moves to a higher stage, none, and to a lower one.
    untold
        Moves between King's "0/1" and "1", which can be any of the three.
    """

    advance: int
    same: int
    back: int
    untold: int

    @property
    def n(self) -> int:
        """All moves."""
        return self.advance + self.same + self.back + self.untold


@dataclass(frozen=True, slots=True)
class Transitions:
    """How the stages of one system move in a trial.

    Parameters
    ----------
    system
        ``"kings"``, ``"mitos"`` or ``"ft9"``.
    labels
        Names of the stages 0 to 5; 5 is death.
    counts
        6 × 6: patients by stage at day 0 (row) and last stage after it (column; 5 where the patient
        died). Row 5 is empty.
    n
        Patients who could be counted: those with a day 0 who are not left out.
    no_start
        Of these, patients without a certain stage in the 92 days up to day 0.
    no_later
        Patients with a stage at day 0, no certain stage after it and no recorded death.
    deaths
        Recorded deaths after day 0 among the ``n``, also of patients without a stage at day 0.
    reached
        Per stage 0 to 5: patients below it at day 0 who were seen in it or in a higher one later;
        death counts as reaching stage 5 only.
    could_reach
        Per stage: patients who were below it at day 0 and have a later stage, or died. For stage 5
        everybody with a stage at day 0. 0 for stage 0, and for King's stage 1, which the items
        cannot tell from 0.
    up_to_day0, after_day0
        Moves from visit to visit; a move belongs to the period of the later visit.
    visits, uncertain, contradictory
        Visits of the ``n`` patients; those that were skipped because items leave the stage open,
        and those because visits of one day have different stages.
    """

    system: System
    labels: tuple[str, ...]
    counts: IntArray
    n: int
    no_start: int
    no_later: int
    deaths: int
    reached: IntArray
    could_reach: IntArray
    up_to_day0: Moves
    after_day0: Moves
    visits: int
    uncertain: int
    contradictory: int

    @property
    def counted(self) -> int:
        """Patients in ``counts``."""
        return int(self.counts.sum())

    def to_json(self) -> dict[str, Any]:
        """Return the counts as JSON values."""
        return {
            "system": self.system,
            "stages": list(self.labels),
            "counts": self.counts.tolist(),
            "n": self.n,
            "counted": self.counted,
            "no_stage_at_day0": self.no_start,
            "no_later_stage": self.no_later,
            "deaths": self.deaths,
            "reached": self.reached.tolist(),
            "could_reach": self.could_reach.tolist(),
            "moves": {
                name: {
                    "advance": moves.advance,
                    "same": moves.same,
                    "back": moves.back,
                    "untold": moves.untold,
                }
                for name, moves in (("up_to_day0", self.up_to_day0), ("after", self.after_day0))
            },
            "visits": self.visits,
            "uncertain": self.uncertain,
            "contradictory": self.contradictory,
        }


def transitions_of(trial: Trial, settings: Settings, system: System) -> Transitions | None:
    """Count the stage transitions of a trial.

    Parameters
    ----------
    trial, settings
        The patients; day 0, who is left out, and the filters.
    system
        ``"kings"``, ``"mitos"`` or ``"ft9"``.

    Returns
    -------
    Transitions or None
        ``None`` where the trial holds nothing that the system can be told from.
    """
    table = ft9_visits(trial, settings) if system == "ft9" else stage_visits(trial, settings)
    if table is None:
        return None
    death = trial.patients_frame["death_day"].to_numpy(dtype=np.float64)
    months = (death - day0_offsets(trial, settings)[0]) / DAYS_PER_MONTH
    return stage_transitions(table, system, months, with_day0(trial, settings).included)


def stage_transitions(
    table: StageTable | Ft9Table,
    system: System,
    death_month: FloatArray,
    included: BoolArray,
) -> Transitions:
    """Count how stages move.

    Parameters
    ----------
    table
        Staged visits.
    system
        The system in ``table`` to count.
    death_month
        Months from day 0 to death of every patient of the trial, NaN where none is recorded.
    included
        Which patients count; those without a month never do.

    Notes
    -----
    The stage at day 0 is the last certain one in the 92 days up to day 0, as in the table of
    patients at day 0. Visits whose stage is open are skipped. A patient who died is in column 5
    whatever the last visit said. A death on day 0 is after it.
    """
    stages = _stages(table, system)
    n_patients = len(death_month)
    with np.errstate(invalid="ignore"):
        # Somebody dead before day 0 has no course after it.
        included = included & ~(death_month < -_MONTH_SLACK)
        died = included & (death_month >= -_MONTH_SLACK)
    certain, uncertain, contradictory = _certain(table, stages, included)
    who, month, stage = table.patient[certain], table.month[certain], stages.stage[certain]
    before = month <= _MONTH_SLACK
    start_at = stages_at_day0(table.patient, table.month * DAYS_PER_MONTH, stages, n_patients)
    start = np.full(n_patients, -1, dtype=np.int64)
    start[start_at >= 0] = stages.stage[start_at[start_at >= 0]]
    end = _last(who, stage, ~before, n_patients)
    end = np.where(died, DEATH, end)
    started = included & (start >= 0)
    counted = started & (end >= 0)
    counts = np.zeros((N_STAGES, N_STAGES), dtype=np.int64)
    np.add.at(counts, (start[counted], end[counted]), 1)
    highest = np.full(n_patients, -1, dtype=np.int64)
    np.maximum.at(highest, who[~before], stage[~before])
    reached, could = _reached(system, start, highest, died, counted, started)
    seen = included[table.patient] & np.isfinite(table.month)
    return Transitions(
        system=system,
        labels=(NO_REGION if system == "kings" else "0", "1", "2", "3", "4", "5"),
        counts=counts,
        n=int(included.sum()),
        no_start=int((included & (start < 0)).sum()),
        no_later=int((started & (end < 0)).sum()),
        deaths=int(died.sum()),
        reached=reached,
        could_reach=could,
        up_to_day0=_moves(system, who, stage, before),
        after_day0=_moves(system, who, stage, ~before),
        visits=int(seen.sum()),
        uncertain=uncertain,
        contradictory=contradictory,
    )


def _stages(table: StageTable | Ft9Table, system: System) -> Stages:
    if isinstance(table, Ft9Table):
        if system != "ft9":
            raise ValueError(f"the table holds FT9 stages, not {system}")
        return table.ft9
    if system == "ft9":
        raise ValueError("FT9 stages come from ft9_visits")
    return table.kings if system == "kings" else table.mitos


def _certain(
    table: StageTable | Ft9Table, stages: Stages, included: BoolArray
) -> tuple[IntArray, int, int]:
    """Return the visits that count in order of patient and month, and how many were skipped.

    Of visits of one day that agree one is kept; where they do not, all are skipped.
    """
    seen = np.flatnonzero(included[table.patient] & np.isfinite(table.month))
    open_ = stages.stage[seen] < 0
    at = seen[~open_]
    at = at[np.lexsort((table.month[at], table.patient[at]))]
    if not len(at):
        return at, int(open_.sum()), 0
    new_day = np.ones(len(at), dtype=np.bool_)
    apart = np.diff(table.month[at]) > _MONTH_SLACK
    new_day[1:] = (np.diff(table.patient[at]) != 0) | apart
    day = np.cumsum(new_day) - 1
    low, high = np.full(day[-1] + 1, DEATH), np.full(day[-1] + 1, -1)
    np.minimum.at(low, day, stages.stage[at])
    np.maximum.at(high, day, stages.stage[at])
    agree = (low == high)[day]
    return at[new_day & agree], int(open_.sum()), int((~agree).sum())


def _last(who: IntArray, stage: IntArray, use: BoolArray, n_patients: int) -> IntArray:
    """Return each patient's last stage among the visits in use, −1 without one."""
    last = np.full(n_patients, -1, dtype=np.int64)
    last[who[use]] = stage[use]
    return last


def _reached(
    system: System,
    start: IntArray,
    highest: IntArray,
    died: BoolArray,
    counted: BoolArray,
    started: BoolArray,
) -> tuple[IntArray, IntArray]:
    reached, could = np.zeros(N_STAGES, dtype=np.int64), np.zeros(N_STAGES, dtype=np.int64)
    first = 2 if system == "kings" else 1
    for stage in range(first, DEATH):
        below = counted & (start < stage)
        could[stage] = below.sum()
        reached[stage] = (below & (highest >= stage)).sum()
    could[DEATH] = started.sum()
    reached[DEATH] = (started & died).sum()
    return reached, could


def _moves(system: System, who: IntArray, stage: IntArray, period: BoolArray) -> Moves:
    """Count moves whose later visit lies in a period; visits sorted by patient and month."""
    use = (np.diff(who) == 0) & period[1:]
    earlier, later = stage[:-1][use], stage[1:][use]
    untold = np.zeros(len(later), dtype=np.bool_)
    if system == "kings":
        untold = (earlier != later) & (np.maximum(earlier, later) == 1)
    step = np.where(untold, 0, later - earlier)
    return Moves(
        advance=int((step > 0).sum()),
        same=int(((step == 0) & ~untold).sum()),
        back=int((step < 0).sum()),
        untold=int(untold.sum()),
    )
