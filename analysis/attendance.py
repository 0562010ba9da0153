"""From when to when each patient was seen, and what is recorded of how that ended."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np

from analysis.cohort import usual_spacing
from analysis.day0 import SAME_DAY, day0_offsets
from analysis.events import LABELS, EventTable, event_table
from analysis.filters import passing
from analysis.results import finite
from analysis.settings import Settings
from data.trial import DAYS_PER_MONTH, USABLE, BoolArray, FloatArray, IntArray, Trial

Status = Literal["died", "lost", "tracheostomy", "last contact", "no further visit", "to the end"]
LEFT: Final[tuple[Status, ...]] = (
    "died",
    "lost",
    "tracheostomy",
    "last contact",
    "no further visit",
)
"""Every way of not being seen to the end, in the order in which they are looked for."""

_STATUSES: Final[tuple[Status, ...]] = (*LEFT, "to the end")
_KINDS: Final = ("last_contact", "lost", "tracheostomy", "death")
_ROUNDING: Final = 0.1
"""Months that are forgiven beside the visit spacing: calendar months are not equally long."""


@dataclass(frozen=True, slots=True, eq=False)
class Attendance:
    """When every patient who has a visit and a day 0 was seen.

    Parameters
    ----------
    patient
        Positions in ``Trial.patient_ids``, in the order of the trial. All arrays up to ``early``
        run along it.
    first_visit, last_visit
        Months from day 0 of the first and the last visit.
    last_contact, lost, tracheostomy, death
        Months from day 0 as recorded; NaN where nothing is.
    until
        Latest of last visit, last contact, loss and death: where the patient's bar ends.
    status
        How it ended, one of :data:`LEFT` or ``"to the end"``.
    recorded
        What the file calls the last contact or the loss, such as "withdrawal"; empty where it says
        no more than that. Text from the file.
    early
        Whether the last visit is more than one visit spacing before ``end``.
    visit_patient, visit_month
        Every visit: a position in ``Trial.patient_ids``, and its month.
    end
        Month to which patients are taken to be followed: the end of the period that the trial
        declares from the first transplant on, else the last visit of anybody.
    declared
        Whether the trial declares it, from the transplant that is everybody's day 0.
    spacing
        Usual months between two visits after day 0.
    without_day0, without_visit, left_out
        Positions of the patients who are not in it, and why.
    filtered
        How many more the filters hide.
    """

    patient: IntArray
    first_visit: FloatArray
    last_visit: FloatArray
    last_contact: FloatArray
    lost: FloatArray
    tracheostomy: FloatArray
    death: FloatArray
    until: FloatArray
    status: tuple[Status, ...]
    recorded: tuple[str, ...]
    early: BoolArray
    visit_patient: IntArray
    visit_month: FloatArray
    end: float
    declared: bool
    spacing: float
    without_day0: IntArray
    without_visit: IntArray
    left_out: IntArray
    filtered: int

    def count(self, status: Status) -> int:
        """Return for how many patients it ended so."""
        return self.status.count(status)

    @property
    def by_length(self) -> IntArray:
        """Places in the arrays, longest time after day 0 first."""
        return np.argsort(-self.until, kind="stable")

    @property
    def died(self) -> BoolArray:
        """Whether a death is recorded."""
        return np.isfinite(self.death)

    def to_json(self, patient_ids: tuple[str, ...]) -> dict[str, Any]:
        """Return when everybody was seen as JSON values, patients by name."""
        return {
            "end": finite(self.end),
            "declared": self.declared,
            "spacing": self.spacing,
            "patients": [
                {
                    "patient": patient_ids[i],
                    "first_visit": finite(self.first_visit[k]),
                    "last_visit": finite(self.last_visit[k]),
                    "last_contact": finite(self.last_contact[k]),
                    "lost": finite(self.lost[k]),
                    "tracheostomy": finite(self.tracheostomy[k]),
                    "death": finite(self.death[k]),
                    "status": self.status[k],
                }
                for k, i in enumerate(self.patient)
            ],
        }


def attendance(trial: Trial, settings: Settings) -> Attendance:
    """Return when each patient was first and last seen, and what is recorded of the end.

    Parameters
    ----------
    trial
        Whose visits and events.
    settings
        The day 0 from which months count, the filters, and who is left out.

    Notes
    -----
    A visit is a day with at least one usable value of any endpoint, also where single values are
    left out of the slopes: the visit took place. A last visit is *early* if it lies more than one
    usual visit spacing before the end. The status is the first of these that holds:

    - *died*: a death is recorded;
    - *lost*: a loss to follow-up is recorded before the end;
    - *tracheostomy*: one is recorded, and the last visit is early;
    - *last contact*: a last contact is recorded, and the last visit is early;
    - *no further visit*: nothing is recorded, and the last visit is early;
    - *to the end*: everybody else.

    A recorded last contact is the day up to which something is known, not a withdrawal, and no
    visit after some month is not one either: only a recorded loss is called one.
    """
    zero = day0_offsets(trial, settings)[0]
    passes = passing(trial, settings)
    excluded = {e.patient for e in settings.excluded_patients}
    kept = np.asarray([p not in excluded for p in trial.patient_ids], dtype=np.bool_)
    wanted, placed = passes & kept, np.isfinite(zero)
    who, month = _visits(trial, zero)
    first, last = _ends(who, month, len(zero))
    seen = np.isfinite(last)
    chosen = np.flatnonzero(wanted & placed & seen)
    first, last = first[chosen], last[chosen]
    events = event_table(trial, settings)
    months = _recorded_months(events, len(zero))
    contact, lost, tracheostomy, death = (months[kind][chosen] for kind in _KINDS)
    mine = wanted[who]
    who, month = who[mine], month[mine]
    after = month > 0
    spacing = usual_spacing(who[after], month[after]) if after.any() else usual_spacing(who, month)
    end = _declared_end(trial, settings, zero)
    declared = math.isfinite(end)
    if not declared and len(last):
        end = float(last.max())
    early = last < end - spacing - _ROUNDING
    rules = [
        np.isfinite(death),
        lost < end,
        early & np.isfinite(tracheostomy),
        early & np.isfinite(contact),
        early,
    ]
    picked = np.select(rules, list(range(len(LEFT))), default=len(LEFT))
    return Attendance(
        patient=chosen,
        first_visit=first,
        last_visit=last,
        last_contact=contact,
        lost=lost,
        tracheostomy=tracheostomy,
        death=death,
        until=np.fmax.reduce([last, contact, lost, death]),
        status=tuple(_STATUSES[k] for k in picked),
        recorded=_recorded_words(events, chosen),
        early=early,
        visit_patient=who,
        visit_month=month,
        end=end,
        declared=declared,
        spacing=spacing,
        without_day0=np.flatnonzero(wanted & ~placed),
        without_visit=np.flatnonzero(wanted & placed & ~seen),
        left_out=np.flatnonzero(passes & ~kept),
        filtered=int((~passes).sum()),
    )


def _declared_end(trial: Trial, settings: Settings, zero: FloatArray) -> float:
    """Return the month from day 0 at which the declared period ends; NaN where there is none.

    It counts from the first transplant, so it ends earlier after a day 0 that was moved to later.
    Where a later transplant is somebody's day 0, it ends at another month for everybody.
    """
    moved = zero[np.isfinite(zero)] - settings.shift_days
    if trial.periods is None or (np.abs(moved) > SAME_DAY).any():
        return math.nan
    return float(trial.periods.after) - settings.shift_days / DAYS_PER_MONTH


def _ends(who: IntArray, month: FloatArray, n: int) -> tuple[FloatArray, FloatArray]:
    """Return the first and the last month of each of ``n`` patients, infinite without a visit."""
    first, last = np.full(n, np.inf), np.full(n, -np.inf)
    np.minimum.at(first, who, month)
    np.maximum.at(last, who, month)
    return first, last


def _recorded_months(events: EventTable, n: int) -> dict[str, FloatArray]:
    """Return each patient's month of every kind of end; the last contact is the latest one."""
    found = {}
    for kind in _KINDS:
        rows = events.of_kind(kind)
        found[kind] = np.full(n, np.nan)
        choose = np.fmax if kind == "last_contact" else np.fmin
        choose.at(found[kind], rows.patient, rows.month)
    return found


def _recorded_words(events: EventTable, chosen: IntArray) -> tuple[str, ...]:
    """Return what the file calls each patient's last contact or loss, beyond these words."""
    said: dict[int, str] = {}
    for kind in ("last_contact", "lost"):
        rows = events.of_kind(kind)
        for who, label in zip(rows.patient.tolist(), rows.label.tolist(), strict=True):
            if label and label != LABELS[kind]:
                said[who] = str(label)
    return tuple(said.get(i, "") for i in chosen.tolist())


def _visits(trial: Trial, zero: FloatArray) -> tuple[IntArray, FloatArray]:
    """Return patient and month from day 0 of every visit, each once, sorted by both."""
    frame = trial.measurements_frame
    order = {name: i for i, name in enumerate(trial.patient_ids)}
    who = np.asarray(frame["patient"].map(order), dtype=np.int64)
    day = frame["day"].to_numpy(dtype=np.float64) - zero[who]
    known = np.isfinite(day) & (frame["status"] == USABLE).to_numpy(dtype=np.bool_)
    who, day = who[known], day[known]
    by = np.lexsort((day, who))
    who, day = who[by], day[by]
    new = np.ones(len(who), dtype=np.bool_)
    new[1:] = (np.diff(who) != 0) | (np.diff(day) > SAME_DAY)
    return who[new], day[new] / DAYS_PER_MONTH
