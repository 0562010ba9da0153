"""King's and MiToS stages of every visit that has ALSFRS-R items."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from analysis.day0 import SAME_DAY, VALUE_AGE_DAYS, day0_offsets, first_event_days
from analysis.settings import Settings
from data.trial import DAYS_PER_MONTH, ITEM_COLUMNS, BoolArray, FloatArray, IntArray, Trial

REGIONS: Final = ("bulbar region", "upper limb", "lower limb")
FAILURES: Final = ("4A: gastrostomy", "4B: respiratory failure")
DOMAINS: Final = ("movement", "swallowing", "communication", "breathing")
NO_REGION: Final = "0/1"
"""King's label where no region is involved by the items: they cannot tell stage 0 from stage 1."""

UNKNOWN: Final = -1

_USED: Final = {
    "kings": (1, 2, 3, 4, 5, 8, 10, 12),
    "kings at 4": (5, 10, 12),
    "mitos": (1, 3, 4, 6, 8, 10, 12),
    "ft9": tuple(range(1, 13)),
}
_NOTHING: Final = {
    "kings": "no region by the items",
    "mitos": "no domain lost",
    "ft9": "no domain at 9 or below",
}
_OUT_OF: Final = 4


@dataclass(frozen=True, slots=True)
class Stages:
    """Stages of visits in one system, one entry a visit.

    Parameters
    ----------
    system
        ``"kings"``, ``"mitos"`` or ``"ft9"``.
    low, high
        Lowest and highest stage that the known items allow, 0 to 4; equal where the stage is
        certain.
    signs
        Names of what is counted: regions and failures (King's) or domains (MiToS, FT9).
    lost, open
        Visits × signs: which are certainly there, and which cannot be told for lack of items.
    missing
        Visits × 12: which items are missing.

    Notes
    -----
    Stage 5 of every system is death, which is not a visit.
    """

    system: str
    low: IntArray
    high: IntArray
    signs: tuple[str, ...]
    lost: BoolArray
    open: BoolArray
    missing: BoolArray

    @property
    def stage(self) -> IntArray:
        """The stage of each visit, −1 where it is not certain."""
        return np.where(self.low == self.high, self.low, UNKNOWN)

    def label(self, visit: int) -> str:
        """Return the stage in words, such as "2", "4A", "4A+4B", "0/1" or "2–4" for 2, 3 or 4."""
        low, high = int(self.low[visit]), int(self.high[visit])
        if self.system != "kings":
            return str(low) if low == high else f"{low}–{high}"
        if low == high == _OUT_OF:
            return "+".join(self.signs[i][:2] for i in np.flatnonzero(self.lost[visit]) if i >= 3)
        first = NO_REGION if low == 0 else str(low)
        return first if low == high else f"{first}–{high}"

    def reason(self, visit: int) -> str:
        """Return why a visit has its stage: what is lost, and what is missing."""
        king = self.system == "kings"
        at_4 = king and bool(self.lost[visit, 3:].any())
        first = 3 if at_4 else 0
        found = [self.signs[i] for i in np.flatnonzero(self.lost[visit]) if i >= first]
        text = ", ".join(found) or _NOTHING[self.system]
        undecided = [self.signs[i] for i in np.flatnonzero(self.open[visit]) if i >= first]
        if undecided:
            used = _USED["kings at 4" if at_4 else self.system]
            gaps = [str(i + 1) for i in np.flatnonzero(self.missing[visit]) if i + 1 in used]
            items = f"item{'s' if len(gaps) > 1 else ''} {', '.join(gaps)} missing"
            text += f"; {items}, so not known: {', '.join(undecided)}"
        return text


@dataclass(frozen=True, slots=True)
class StageTable:
    """Both stages of every visit with items.

    Parameters
    ----------
    patient
        Position in ``Trial.patient_ids``.
    day, month
        Days from the first transplant, and months from the day 0 of the settings; NaN without one.
    kings, mitos
        The stages.
    """

    patient: IntArray
    day: FloatArray
    month: FloatArray
    kings: Stages
    mitos: Stages

    def rows_of(self, patient: int) -> IntArray:
        """Return the rows of a patient's visits with a month, in the order of time."""
        rows = np.flatnonzero((self.patient == patient) & np.isfinite(self.month))
        return rows[np.argsort(self.month[rows], kind="stable")]

    def to_json(self, patient_ids: tuple[str, ...]) -> list[dict[str, Any]]:
        """Return one entry a visit as JSON values, patients by name."""
        return [
            {
                "patient": patient_ids[self.patient[i]],
                "month": None if np.isnan(self.month[i]) else float(self.month[i]),
                **{
                    stages.system: {
                        "label": stages.label(i),
                        "low": int(stages.low[i]),
                        "high": int(stages.high[i]),
                        "why": stages.reason(i),
                    }
                    for stages in (self.kings, self.mitos)
                },
            }
            for i in range(len(self.patient))
        ]


def stage_visits(trial: Trial, settings: Settings) -> StageTable | None:
    """Stage every visit of a trial that has items.

    Parameters
    ----------
    trial
        Whose visits; ``None`` is returned if it holds no items.
    settings
        The day 0 from which months count.

    Notes
    -----
    A gastrostomy is there if the visit says so (its tube column, or 5b alone filled in), or if one
    is recorded on or before the day of the visit.
    """
    items = trial.items
    if items is None:
        return None
    order = {name: at for at, name in enumerate(trial.patient_ids)}
    patient = np.asarray(items["patient"].map(order), dtype=np.int64)
    day = items["day"].to_numpy(dtype=np.float64)
    placed = first_event_days(trial, "gastrostomy")
    tube = items["gastrostomy"].to_numpy(dtype=np.bool_)
    known = items[ITEM_COLUMNS[4]].notna().to_numpy()
    with np.errstate(invalid="ignore"):
        since = day >= placed[patient]
    answers = _answers(items)
    month = (day - day0_offsets(trial, settings)[0][patient]) / DAYS_PER_MONTH
    kings = _kings(answers, tube | since, ~known)
    return StageTable(patient, day, month, kings, mitos_stages(items))


def stages_at_day0(
    patient: IntArray, since: FloatArray, stages: Stages, n_patients: int
) -> IntArray:
    """Return the visit that tells each patient's stage at day 0, −1 without one.

    Parameters
    ----------
    patient, since, stages
        One entry a visit, in any order: who, days from day 0 (NaN without one), and the stages.
    n_patients
        Patients of the trial.

    Notes
    -----
    The last day up to day 0, at most :data:`~analysis.day0.VALUE_AGE_DAYS` before it, on which the
    stage is certain. A day whose visits give different stages is passed over; of visits of one day
    that agree, the first is taken.
    """
    with np.errstate(invalid="ignore"):
        near = (since <= SAME_DAY) & (since >= -VALUE_AGE_DAYS - SAME_DAY)
    rows = np.flatnonzero(near & (stages.stage >= 0))
    rows = rows[np.lexsort((rows, since[rows], patient[rows]))]
    last = np.full(n_patients, -1, dtype=np.int64)
    if not len(rows):
        return last
    new_day = np.ones(len(rows), dtype=np.bool_)
    new_day[1:] = (np.diff(patient[rows]) != 0) | (np.diff(since[rows]) > SAME_DAY)
    first = np.flatnonzero(new_day)
    stage = stages.stage[rows]
    agree = np.minimum.reduceat(stage, first) == np.maximum.reduceat(stage, first)
    told = rows[first[agree]]
    last[patient[told]] = told
    return last


def kings_stages(items: pd.DataFrame) -> Stages:
    """King's stages from ALSFRS-R items.

    Parameters
    ----------
    items
        Columns ``item_1`` to ``item_12`` (0 to 4, NaN where missing) and ``gastrostomy`` (whether
        there is one at the visit), one row a visit, as in ``Trial.items``.

    Returns
    -------
    Stages
        Stage 4 if there is a gastrostomy (4A), or item 10 is 0 or item 12 below 4 (4B); else the
        number of regions involved: bulbar if any of items 1 to 3 is below 4, upper limb if item 4
        or item 5a is, lower limb if item 8 is.

    Raises
    ------
    ValueError
        If an item is not 0 to 4.

    Notes
    -----
    Balendra et al. 2014 (doi 10.3109/21678421.2014.897357). If item 5 is missing, it is not known
    whether there is a gastrostomy. Item 3 plays no part in 4A.
    """
    known = items[ITEM_COLUMNS[4]].notna().to_numpy()
    tube = items["gastrostomy"].to_numpy(dtype=np.bool_)
    return _kings(_answers(items), tube, ~known)


def mitos_stages(items: pd.DataFrame) -> Stages:
    """MiToS stages from ALSFRS-R items: the number of domains in which independence is lost.

    Parameters
    ----------
    items
        As for :func:`kings_stages`; ``gastrostomy`` is not used.

    Returns
    -------
    Stages
        Movement is lost if item 8 or item 6 is at most 1; swallowing if item 3 is at most 1;
        communication if item 1 and item 4 are both at most 1; breathing if item 10 is at most 1 or
        item 12 at most 2.

    Raises
    ------
    ValueError
        If an item is not 0 to 4.

    Notes
    -----
    Chiò et al. 2015 (doi 10.1136/jnnp-2013-306589), table 1, which says "and" for communication;
    public code that says "or" there gives other stages.
    """
    q = _answers(items)
    gone = [
        _either(_at_most(q, 8, 1), _at_most(q, 6, 1)),
        _at_most(q, 3, 1),
        _both(_at_most(q, 1, 1), _at_most(q, 4, 1)),
        _either(_at_most(q, 10, 1), _at_most(q, 12, 2)),
    ]
    lost = np.stack([sure for sure, _ in gone], axis=1)
    possible = np.stack([may for _, may in gone], axis=1)
    return Stages(
        system="mitos",
        low=lost.sum(axis=1),
        high=possible.sum(axis=1),
        signs=DOMAINS,
        lost=lost,
        open=possible & ~lost,
        missing=np.isnan(q),
    )


Known = tuple[BoolArray, BoolArray]
"""Whether something certainly is so, and whether it may be so."""


def _kings(q: FloatArray, tube: BoolArray, tube_open: BoolArray) -> Stages:
    involved = [
        _either(_either(_at_most(q, 1, 3), _at_most(q, 2, 3)), _at_most(q, 3, 3)),
        _either(_at_most(q, 4, 3), _at_most(q, 5, 3)),
        _at_most(q, 8, 3),
        (tube, tube | tube_open),
        _either(_at_most(q, 10, 0), _at_most(q, 12, 3)),
    ]
    lost = np.stack([sure for sure, _ in involved], axis=1)
    possible = np.stack([may for _, may in involved], axis=1)
    return Stages(
        system="kings",
        low=np.where(lost[:, 3:].any(axis=1), _OUT_OF, lost[:, :3].sum(axis=1)),
        high=np.where(possible[:, 3:].any(axis=1), _OUT_OF, possible[:, :3].sum(axis=1)),
        signs=(*REGIONS, *FAILURES),
        lost=lost,
        open=possible & ~lost,
        missing=np.isnan(q),
    )


def _answers(items: pd.DataFrame) -> FloatArray:
    q = items[list(ITEM_COLUMNS)].to_numpy(dtype=np.float64)
    if not (np.isnan(q) | np.isin(q, [0, 1, 2, 3, 4])).all():
        raise ValueError("an item is not one of 0, 1, 2, 3, 4")
    return q


def _at_most(q: FloatArray, item: int, limit: int) -> Known:
    answer = q[:, item - 1]
    with np.errstate(invalid="ignore"):
        sure = answer <= limit
    return sure, sure | np.isnan(answer)


def _either(first: Known, second: Known) -> Known:
    return first[0] | second[0], first[1] | second[1]


def _both(first: Known, second: Known) -> Known:
    return first[0] & second[0], first[1] & second[1]
