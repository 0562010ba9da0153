"""What is known of each patient at day 0."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from analysis.day0 import SAME_DAY, day0_offsets, first_event_days
from analysis.day0_values import day0_values
from analysis.grouping import coded
from analysis.predicted_fvc import equation_note, present_endpoints
from analysis.settings import Settings
from analysis.slope_points import place_points
from analysis.stage_scales import FULL_SCORE, delta_fs_at_day0
from analysis.staging import Stages, StageTable, stage_visits, stages_at_day0
from data.endpoints import ENDPOINTS
from data.trial import DAYS_PER_MONTH, BoolArray, FloatArray, IntArray, Trial

DELTA_FS: Final = "delta_fs"

_EVENTS: Final = (
    ("riluzole", "Riluzole"),
    ("edaravone", "Edaravone"),
    ("niv", "Non-invasive ventilation"),
    ("gastrostomy", "Gastrostomy"),
)
_STARTED, _LATER = "started by day 0", "started after day 0"


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable of every patient.

    Parameters
    ----------
    key, label, unit, decimals
        Name, unit, and decimals of single values.
    values
        Numbers, NaN where unknown; for categories the position in ``categories``, −1 where unknown.
    categories
        Names of the categories; ``None`` for numbers.
    age_days
        How long before day 0 the values were taken.
    note
        What the reader must know.
    """

    key: str
    label: str
    unit: str
    decimals: int
    values: FloatArray
    categories: tuple[str, ...] | None = None
    age_days: FloatArray | None = None
    note: str = ""

    @property
    def known(self) -> BoolArray:
        """Of whom the variable is known."""
        return np.isfinite(self.values) if self.categories is None else np.asarray(self.values >= 0)


def baseline_variables(trial: Trial, settings: Settings) -> list[Variable]:
    """Return every variable that is known of at least one patient.

    Parameters
    ----------
    trial
        Whose patients.
    settings
        Which transplant is day 0, and which values are left out or kept. Patients who are left out
        of the comparison are described like the others.
    """
    everybody = settings.with_(excluded_patients=())
    zero, _ = day0_offsets(trial, everybody)
    found = [
        *_of_the_person(trial, zero),
        *_scores(trial, everybody),
        *_events(trial, zero),
        *_stages(trial, everybody),
    ]
    return [variable for variable in found if variable.known.any()]


def _of_the_person(trial: Trial, zero: FloatArray) -> list[Variable]:
    patients = trial.patients_frame
    since = _months_ill(trial, zero)
    impossible = int(np.sum(np.isfinite(zero - _onset(trial)) & np.isnan(since)))
    note = (
        f"{impossible} with an onset on or after day 0 are counted as missing" if impossible else ""
    )
    return [
        Variable("age", "Age", "years", 0, patients["age"].to_numpy(dtype=np.float64)),
        *(
            _categories(key, label, *coded(patients[key].tolist()))
            for key, label in (("sex", "Sex"), ("onset_site", "Site of onset"))
        ),
        Variable("months_from_onset", "Onset to day 0", "months", 1, since, note=note),
    ]


def _onset(trial: Trial) -> FloatArray:
    return np.asarray(trial.patients_frame["onset_day"].to_numpy(dtype=np.float64))


def _months_ill(trial: Trial, until: FloatArray) -> FloatArray:
    """Return months from onset to some day of each patient, NaN where that is not above 0."""
    months = (until - _onset(trial)) / DAYS_PER_MONTH
    with np.errstate(invalid="ignore"):
        return np.where(months > 0, months, np.nan)


def _scores(trial: Trial, settings: Settings) -> list[Variable]:
    found = []
    for key in present_endpoints(trial, settings):
        endpoint = ENDPOINTS[key]
        at = day0_values(place_points(trial, key, settings), len(trial.patient_ids))
        age = np.abs(at.month) * DAYS_PER_MONTH
        note = equation_note(trial, settings) if key == "fvc" else ""
        decimals = endpoint.decimals
        found.append(
            Variable(key, endpoint.label, endpoint.unit, decimals, at.value, None, age, note)
        )
        if key == "alsfrs_r":
            rate = delta_fs_at_day0(trial, settings).value
            note = f"({FULL_SCORE} − score) / months from onset to the visit of that score"
            unit = "points/month"
            found.append(Variable(DELTA_FS, "ΔFS", unit, 2, rate, None, age, note))
    return found


def _events(trial: Trial, zero: FloatArray) -> list[Variable]:
    """Return what was started by day 0; nobody is known not to have started."""
    note = "the file holds dates of starting only: no date does not mean that it was not given"
    result = []
    for kind, label in _EVENTS:
        first = first_event_days(trial, kind)
        known = np.isfinite(first) & np.isfinite(zero)
        code = np.where(known, np.where(first <= zero + SAME_DAY, 0, 1), -1)
        if known.any():
            result.append(_categories(kind, label, (_STARTED, _LATER), code, note=note))
    return result


def _stages(trial: Trial, settings: Settings) -> list[Variable]:
    table = stage_visits(trial, settings)
    if table is None:
        return []
    found = []
    for stages, label in ((table.kings, "King’s stage"), (table.mitos, "MiToS stage")):
        names, code, age = _stage_at_day0(table, stages, len(trial.patient_ids))
        note = "last visit whose stage is certain"
        found.append(_categories(stages.system, label, names, code, age, note))
    return found


def _stage_at_day0(
    table: StageTable, stages: Stages, n_patients: int
) -> tuple[tuple[str, ...], IntArray, FloatArray]:
    """Return labels, and each patient's last certain stage up to day 0 with its age in days."""
    last = stages_at_day0(table.patient, table.month * DAYS_PER_MONTH, stages, n_patients)
    found = last >= 0
    age = np.full(n_patients, np.nan)
    age[found] = np.abs(table.month[last[found]]) * DAYS_PER_MONTH
    labels, code = coded([stages.label(i) if i >= 0 else "" for i in last.tolist()])
    return labels, code, age


def _categories(
    key: str,
    label: str,
    names: tuple[str, ...],
    code: IntArray,
    age_days: FloatArray | None = None,
    note: str = "",
) -> Variable:
    return Variable(key, label, "", 0, code.astype(np.float64), names, age_days, note)
