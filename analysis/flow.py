"""Who is in an analysis, who is not, and why: the flow from loaded to tested."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from analysis.filters import filtered_out
from analysis.settings import Settings
from analysis.slope_onset import NO_ONSET, ONSET_TOO_LATE
from analysis.slope_points import SAME_DAY
from analysis.slopes import SideSlopes, SlopeTable
from data.trial import Trial

PASSING: Final = "passing the filters"
"""Name of the step of those who pass the filters; it is there where filters are set."""

_AFTER_EVENT: Final = {
    "niv": "visits after NIV or tracheostomy not counted",
    "tracheostomy": "visits after tracheostomy not counted",
}


@dataclass(frozen=True, slots=True)
class FlowStep:
    """One step of the flow.

    Parameters
    ----------
    name
        What the patients of this step have.
    n
        How many they are.
    left
        Who did not reach the step: patient and reason.
    """

    name: str
    n: int
    left: tuple[tuple[str, str], ...]

    def to_json(self) -> dict[str, Any]:
        """Return the step as JSON values."""
        left = [{"patient": patient, "reason": reason} for patient, reason in self.left]
        return {"step": self.name, "n": self.n, "left": left}


def patient_flow(
    trial: Trial, endpoint_label: str, table: SlopeTable, settings: Settings
) -> tuple[FlowStep, ...]:
    """Return the steps loaded → in the analysis → in window → enough visits (paired and tested).

    With filters, a step of those who pass them stands after the first.

    Parameters
    ----------
    trial, settings
        The trial and the choices.
    endpoint_label
        Name of the endpoint in reasons.
    table
        Slopes made with the same settings.
    """
    ids = trial.patient_ids
    filtered = {ids[i]: why for i, why in filtered_out(trial, settings).items()}
    reasons = {
        patient: why
        for patient, why in _reasons_before_slopes(trial, settings).items()
        if patient not in filtered
    }
    eligible = np.asarray(
        [patient not in reasons and patient not in filtered for patient in ids], dtype=np.bool_
    )
    before, after = table.before, table.after
    seen = eligible & (before.n > 0) & (after.n > 0)
    paired = seen & before.enough & after.enough
    points = table.points
    known = np.bincount(points.patient, minlength=len(ids)) > 0
    ended = np.bincount(points.patient[points.ended], minlength=len(ids)) > 0
    outside = {
        ids[i]: _window_reason(table, int(i), endpoint_label, known=bool(known[i]))
        for i in np.flatnonzero(eligible & ~seen)
    }
    short = {ids[i]: _slope_reason(table, int(i), settings) for i in np.flatnonzero(seen & ~paired)}
    for why in (outside, short):
        for i in np.flatnonzero(ended):
            if ids[i] in why:
                why[ids[i]] += f"; {_AFTER_EVENT[settings.fvc_until]}"
    passed = FlowStep(PASSING, len(ids) - len(filtered), _pairs(ids, filtered))
    return (
        FlowStep("loaded", len(ids), ()),
        *((passed,) if settings.filters else ()),
        FlowStep("with a day 0 and not left out", int(eligible.sum()), _pairs(ids, reasons)),
        FlowStep("with visits on both sides", int(seen.sum()), _pairs(ids, outside)),
        FlowStep("with enough visits: paired and tested", int(paired.sum()), _pairs(ids, short)),
    )


def _pairs(ids: tuple[str, ...], reasons: dict[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple((patient, reasons[patient]) for patient in ids if patient in reasons)


def _reasons_before_slopes(trial: Trial, settings: Settings) -> dict[str, str]:
    reasons = {}
    for patient, days in zip(
        trial.patient_ids, trial.patients_frame["transplant_days"], strict=True
    ):
        if not days:
            reasons[patient] = "no transplant date"
        elif settings.transplant >= len(days):
            reasons[patient] = f"only {len(days)} transplant" + ("s" if len(days) > 1 else "")
    loaded = set(trial.patient_ids)
    for exclusion in settings.excluded_patients:
        if exclusion.patient in loaded:
            reasons[exclusion.patient] = f"left out: {exclusion.reason}"
    return reasons


def _window_reason(table: SlopeTable, i: int, label: str, *, known: bool) -> str:
    if not known:
        return f"no {label} value"
    if table.before.n[i] == 0 and table.after.n[i] == 0:
        return f"no {label} visit in the windows"
    if table.before.n[i] == 0 and table.run_in_used == "onset":
        return f"no {label} visit up to day 0 in the window"
    side = "before" if table.before.n[i] == 0 else "after"
    return f"no {label} visit {side} day 0 in the window"


def _slope_reason(table: SlopeTable, i: int, settings: Settings) -> str:
    if table.run_in_used == "onset":
        before = _onset_reason(table.before, i)
    else:
        before = _side_reason(table.before, i, "before", settings)
    parts = [part for part in (before, _side_reason(table.after, i, "after", settings)) if part]
    # All that the rules above do not ask for and the broken stick needs.
    return "; ".join(parts) or "no visit before day 0, which the broken stick needs"


def _onset_reason(side: SideSlopes, i: int) -> str:
    if side.enough[i]:
        return ""
    return NO_ONSET if math.isnan(side.span_days[i]) else ONSET_TOO_LATE


def _side_reason(side: SideSlopes, i: int, name: str, settings: Settings) -> str:
    n, span = int(side.n[i]), float(side.span_days[i])
    if n < settings.min_visits:
        return f"{n} visit{'s' if n != 1 else ''} {name}, {settings.min_visits} needed"
    if span >= settings.min_span_days - SAME_DAY and span > SAME_DAY:
        return ""
    needed = max(1, settings.min_span_days)
    return f"visits {name} span {math.floor(span)} days, {needed} needed"
