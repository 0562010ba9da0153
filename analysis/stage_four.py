"""Who reached King's stage 4, and what the visits show as the reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from analysis.inclusion import with_day0
from analysis.settings import Settings
from analysis.staging import stage_visits
from data.trial import ITEM_COLUMNS, FloatArray, IntArray, Trial

REASONS: Final = ("gastrostomy", "ventilation", "dyspnoea at rest")
"""What makes stage 4: 4A, then the two ways to 4B, item 12 below 4 and item 10 at 0."""

_STAGE_4: Final = 4
_OF_4A: Final = 1
"""How many of ``REASONS`` make 4A; the others make 4B."""


@dataclass(frozen=True, slots=True)
class StageFour:
    """Patients seen in King's stage 4, in the order of the trial.

    Parameters
    ----------
    patient
        Positions in ``Trial.patient_ids``.
    first
        Patients × reasons: months from day 0 to the first visit that shows each of ``REASONS``,
        NaN where none does. Negative months lie before day 0.
    n
        Patients with a month and a visit that has items, who are not left out.
    open
        Of these, positions of those never certainly in stage 4 for whom missing items leave it
        open at some visit.
    """

    patient: IntArray
    first: FloatArray
    n: int
    open: IntArray

    def label(self, row: int) -> str:
        """Return "4A", "4B" or "4A+4B": everything that the patient's visits show."""
        shown = np.isfinite(self.first[row])
        parts = [("4A", shown[:_OF_4A].any()), ("4B", shown[_OF_4A:].any())]
        return "+".join(name for name, there in parts if there)

    def to_json(self, patient_ids: tuple[str, ...]) -> dict[str, Any]:
        """Return who reached it and the months of each reason, patients by name."""
        return {
            "n": self.n,
            "reached": [
                {
                    "patient": patient_ids[p],
                    "label": self.label(k),
                    "because_of": {
                        reason: float(month)
                        for reason, month in zip(REASONS, self.first[k], strict=True)
                        if np.isfinite(month)
                    },
                }
                for k, p in enumerate(self.patient.tolist())
            ],
            "open": [patient_ids[p] for p in self.open.tolist()],
        }


def stage_four(trial: Trial, settings: Settings) -> StageFour | None:
    """Find who was seen in King's stage 4, before or after day 0.

    Parameters
    ----------
    trial, settings
        The patients; day 0, who is left out, and the filters.

    Returns
    -------
    StageFour or None
        ``None`` where the trial holds no items, which the stage is told from.

    Notes
    -----
    The month is that of the first visit that shows a reason, which may be later than a dated
    event: a stage belongs to a visit. Rules as in :func:`analysis.staging.kings_stages`.
    """
    table, items = stage_visits(trial, settings), trial.items
    if table is None or items is None:
        return None
    seen = with_day0(trial, settings).included[table.patient] & np.isfinite(table.month)
    answers = items[list(ITEM_COLUMNS)].to_numpy(dtype=np.float64)
    with np.errstate(invalid="ignore"):
        shown = np.stack([table.kings.lost[:, 3], answers[:, 11] < 4, answers[:, 9] == 0], axis=1)
    first = np.full((len(trial.patient_ids), len(REASONS)), np.inf)
    for reason in range(len(REASONS)):
        use = seen & shown[:, reason]
        np.minimum.at(first[:, reason], table.patient[use], table.month[use])
    first[np.isinf(first)] = np.nan
    reached = np.isfinite(first).any(axis=1)
    may_be = seen & (table.kings.high == _STAGE_4) & (table.kings.low < _STAGE_4)
    unsure = np.zeros(len(reached), dtype=np.bool_)
    unsure[table.patient[may_be]] = True
    return StageFour(
        patient=np.flatnonzero(reached),
        first=first[reached],
        n=len(np.unique(table.patient[seen])),
        open=np.flatnonzero(unsure & ~reached),
    )
