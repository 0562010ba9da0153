"""What happened to the patients, in months from the day 0 that the settings choose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from analysis.day0 import SAME_DAY, day0_offsets
from analysis.settings import Settings
from data.trial import DAYS_PER_MONTH, FloatArray, IntArray, Trial

TRANSPLANT: Final = "transplant"
"""Kind of the transplants that are not day 0 themselves."""

LABELS: Final[Mapping[str, str]] = {
    TRANSPLANT: "transplant",
    "niv": "non-invasive ventilation",
    "gastrostomy": "gastrostomy",
    "tracheostomy": "tracheostomy",
    "riluzole": "riluzole started",
    "edaravone": "edaravone started",
    "infection": "infection",
    "other": "other event",
    "lost": "lost to follow-up",
    "last_contact": "last contact",
    "death": "death",
}
"""Kinds of events with their words, in the order of legends."""


@dataclass(frozen=True, slots=True, eq=False)
class EventTable:
    """Events as parallel arrays, sorted by patient, month and kind.

    Parameters
    ----------
    patient
        Position of the patient in :attr:`data.trial.Trial.patient_ids`.
    month
        Months from day 0 (days / 30.4375); NaN where the patient has no day 0 or the event no day.
    kind
        A key of ``LABELS``.
    label
        The event in words, as plain text: escape it where it is shown.
    """

    patient: IntArray
    month: FloatArray
    kind: npt.NDArray[np.object_]
    label: npt.NDArray[np.object_]

    def __len__(self) -> int:
        return len(self.patient)

    def of(self, patient: int) -> EventTable:
        """Return the events of one patient, by position, in the order of their months."""
        return self._at(np.flatnonzero(self.patient == patient))

    def of_kind(self, kind: str) -> EventTable:
        """Return the events of one kind."""
        return self._at(np.flatnonzero(self.kind == kind))

    def _at(self, rows: npt.NDArray[np.intp]) -> EventTable:
        return EventTable(self.patient[rows], self.month[rows], self.kind[rows], self.label[rows])


def event_table(trial: Trial, settings: Settings) -> EventTable:
    """Return all events of a trial, counted from day 0.

    Repeated events of one kind all stand in the table. Every transplant does, too, unless it is
    day 0 itself: the first is "transplant 1", also where a later one was chosen as day 0. Where
    day 0 was shifted, all transplants stand in it. Death comes from ``death_day`` of the patients;
    where a cell only said "dead" at a visit, its words say so.

    Parameters
    ----------
    trial
        The trial.
    settings
        Which transplant is day 0, and its shift; nothing else of the settings is used.
    """
    zero = day0_offsets(trial, settings)[0]
    order = {name: at for at, name in enumerate(trial.patient_ids)}
    frame = trial.events_frame
    at = [order.get(name, -1) for name in frame["patient"]]
    patient = [np.asarray(at, dtype=np.int64)]
    day = [frame["day"].to_numpy(dtype=np.float64)]
    kind, label = [frame["kind"].tolist()], [frame["text"].tolist()]
    for which, moved in _transplants(trial, zero):
        patient.append(moved[0])
        day.append(moved[1])
        kind.append([TRANSPLANT] * len(moved[0]))
        label.append([f"transplant {which}"] * len(moved[0]))
    death = trial.patients_frame["death_day"].to_numpy(dtype=np.float64)
    dead = _deaths_without_event(trial, set(frame.loc[frame["kind"] == "death", "patient"]))
    patient.append(dead)
    day.append(death[dead])
    kind.append(["death"] * len(dead))
    label.append([LABELS["death"]] * len(dead))
    who = np.concatenate(patient)
    kinds = np.asarray([word for part in kind for word in part], dtype=object)
    texts = np.asarray([word for part in label for word in part], dtype=object)
    known = (kinds == "death") & np.isfinite(death[who])
    month = (np.where(known, death[who], np.concatenate(day)) - zero[who]) / DAYS_PER_MONTH
    ranks = {word: rank for rank, word in enumerate(LABELS)}
    rank = np.asarray([ranks.get(word, len(ranks)) for word in kinds], dtype=np.int64)
    # A stranger to the trial has no row in it: nothing could be drawn for one.
    rows = np.lexsort((rank, month, who))
    rows = rows[who[rows] >= 0]
    return EventTable(who[rows], month[rows], kinds[rows], texts[rows])


def _transplants(
    trial: Trial, zero: FloatArray
) -> list[tuple[int, tuple[npt.NDArray[np.int64], FloatArray]]]:
    """Return the patients and days of each first, second … transplant that is not day 0."""
    result = []
    for number, days in enumerate(trial.transplants.T, start=1):
        with np.errstate(invalid="ignore"):
            who = np.flatnonzero(np.abs(days - zero) > SAME_DAY)
        result.append((number, (who, days[who])))
    return result


def _deaths_without_event(trial: Trial, told: set[str]) -> npt.NDArray[np.int64]:
    """Return the patients with a day of death for whom no row of the events tells it."""
    known = trial.patients_frame["death_day"].notna().to_numpy()
    names = trial.patient_ids
    who = [p for p in np.flatnonzero(known).tolist() if names[p] not in told]
    return np.asarray(who, dtype=np.int64)
