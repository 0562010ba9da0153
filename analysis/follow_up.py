"""How long everybody was under observation from day 0, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from analysis.day0 import SAME_DAY, day0_offsets, first_event_days
from analysis.inclusion import with_day0
from analysis.settings import Settings
from data.trial import DAYS_PER_MONTH, BoolArray, FloatArray, IntArray, Trial

_SHOW_ALIVE: Final = ("last_contact", "niv", "gastrostomy", "infection")
"""Events that a person is alive at; a date of loss to follow-up is not one."""

_INVASIVE: Final = "item_12"


@dataclass(frozen=True, slots=True)
class FollowUp:
    """Time under observation of every patient of a trial, from day 0.

    Parameters
    ----------
    month
        Months to the event or the end of follow-up; NaN for who is not in it.
    event, death
        Whether it ended with an event, and whether that was a death.
    included
        Who is in it.
    left
        Names of the others, with reasons.
    filtered
        Patients whom the filters hide.
    """

    month: FloatArray
    event: BoolArray
    death: BoolArray
    included: BoolArray
    left: tuple[tuple[str, str], ...]
    filtered: int


def follow_up(trial: Trial, settings: Settings) -> FollowUp:
    """Return how long everybody was under observation from day 0, and how it ended.

    Parameters
    ----------
    trial, settings
        The patients; day 0, who is left out, and the filters.

    Notes
    -----
    The event is death or a dated tracheostomy, whichever is first; a death on the day of a
    tracheostomy is a death. Without an event follow-up ends at the last day on which the
    patient is known to be alive: the latest of last contact, visits with a usable value or items,
    transplants, and starts of ventilation, gastrostomies and infections. An event on day 0 counts
    at month 0, except a tracheostomy: who has one by day 0 is not in it, because the event came
    before the observation.
    """
    who = with_day0(trial, settings)
    zero = day0_offsets(trial, settings)[0]
    death = trial.patients_frame["death_day"].to_numpy(dtype=np.float64) - zero
    tracheostomy = first_event_days(trial, "tracheostomy") - zero
    alive = _last_alive(trial) - zero
    included = who.included.copy()
    left = list(who.left)
    with np.errstate(invalid="ignore"):
        tests = (
            (death < -SAME_DAY, "death before day 0"),
            (tracheostomy <= SAME_DAY, "tracheostomy by day 0"),
            (
                ~(np.isfinite(death) | np.isfinite(tracheostomy)) & ~(alive >= -SAME_DAY),
                "last seen before day 0",
            ),
        )
    for wrong, reason in tests:
        for i in np.flatnonzero(wrong & included):
            left.append((trial.patient_ids[i], reason))
        included &= ~wrong
    ends = np.fmin(death, tracheostomy)
    event = included & np.isfinite(ends)
    # Below the same day both are one instant; rounding may not make it a time before day 0.
    days = np.maximum(np.where(event, ends, alive), 0.0)
    with np.errstate(invalid="ignore"):
        died = event & (death <= ends + SAME_DAY)
    month = np.where(included, days / DAYS_PER_MONTH, np.nan)
    return FollowUp(month, event, died, included, tuple(left), who.filtered)


def _event_rows(trial: Trial, kinds: tuple[str, ...]) -> tuple[IntArray, FloatArray]:
    order = {name: at for at, name in enumerate(trial.patient_ids)}
    events = trial.events
    events = events[events["kind"].isin(kinds) & events["day"].notna()]
    at = events["patient"].map(order)
    known = at.notna().to_numpy()
    who = np.asarray(at[known], dtype=np.int64)
    day = np.asarray(events.loc[known, "day"], dtype=np.float64)
    return who, day


def _last_alive(trial: Trial) -> FloatArray:
    """Return the last day on which each patient is known to be alive, NaN without one."""
    last = np.full(len(trial.patient_ids), np.nan)
    np.fmax.at(last, *_event_rows(trial, _SHOW_ALIVE))
    for key in trial.endpoints:
        series = trial.series(key)
        np.fmax.at(last, series.patient[series.usable], series.day[series.usable])
    if trial.items is not None:
        order = {name: at for at, name in enumerate(trial.patient_ids)}
        who = np.asarray(trial.items["patient"].map(order), dtype=np.int64)
        np.fmax.at(last, who, trial.items["day"].to_numpy(dtype=np.float64))
    return np.asarray(np.fmax.reduce([last, *trial.transplants.T]))


def late_deaths(trial: Trial, followed: FollowUp) -> int:
    """Count the deaths of which only a visit by which the patient had died is known.

    Parameters
    ----------
    trial, followed
        The patients, and who is followed.
    """
    events = trial.events
    told = events[(events["kind"] == "death") & (events["text"] != "death")]["patient"]
    names = set(told)
    died = np.flatnonzero(followed.included & followed.death)
    return sum(trial.patient_ids[i] in names for i in died)


def ventilated(trial: Trial, settings: Settings, followed: FollowUp) -> int:
    """Count patients with item 12 at 0 after day 0 (invasive ventilation) and no tracheostomy date.

    Parameters
    ----------
    trial, settings, followed
        The patients, their day 0, and who is followed.
    """
    if trial.items is None:
        return 0
    order = {name: at for at, name in enumerate(trial.patient_ids)}
    who = np.asarray(trial.items["patient"].map(order), dtype=np.int64)
    day = trial.items["day"].to_numpy(dtype=np.float64) - day0_offsets(trial, settings)[0][who]
    with np.errstate(invalid="ignore"):
        shown = (trial.items[_INVASIVE].to_numpy(dtype=np.float64) == 0) & (day > SAME_DAY)
    undated = np.isinf(first_event_days(trial, "tracheostomy"))
    return len(np.unique(who[shown & (followed.included & undated)[who]]))
