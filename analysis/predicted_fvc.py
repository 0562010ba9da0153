"""FVC % predicted from litres: off by default, one equation for everybody, never mixed.

A patient with any reported % keeps only reported values; a patient without one gets only derived
values. So no slope mixes the two.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.day0 import SAME_DAY, usable_values
from analysis.fvc_equations import EQUATIONS, PACKAGE, Equation, predicted_litres
from analysis.settings import Settings
from data.endpoints import ENDPOINTS
from data.trial import HEIGHT, BoolArray, EndpointSeries, FloatArray, Trial

PERCENT: Final = "fvc"
LITRES: Final = "fvc_litres"
DAYS_PER_YEAR: Final = 365.25

FAR_POINTS: Final = 15.0
"""Points of % predicted between reported and derived values that suggest a mix-up."""


@dataclass(frozen=True, slots=True)
class FvcFromLitres:
    """Whose FVC % predicted was derived from litres, by which equation, and whose was not.

    Parameters
    ----------
    equation
        Key of the equation.
    name, doi
        Its name with the source, and where it was published.
    available
        Whether it can be computed in this installation.
    derived
        Patients whose % was derived.
    reported
        How many patients have reported %.
    not_derived
        Patients with litres and no reported % of whom some or all values could not be derived,
        and why.
    far_off
        Patients with both on the same days whose reported % is more than ``FAR_POINTS`` from the
        derived one (median over the visits), with that difference, reported minus derived.
    extended
        Patients whose height is beyond those of the adults for whom the equation was made.
    """

    equation: str
    name: str
    doi: str
    available: bool
    derived: tuple[str, ...]
    reported: int
    not_derived: tuple[tuple[str, str], ...]
    far_off: tuple[tuple[str, float], ...]
    extended: tuple[str, ...] = ()

    @property
    def note(self) -> str:
        """One sentence for charts and exports."""
        if not self.available:
            return (
                f"No FVC % was derived from litres: {self.name} needs the package {PACKAGE}, which "
                "is not installed."
            )
        n = len(self.derived)
        patients = "1 patient" if n == 1 else f"{n} patients"
        what = f"FVC % of {patients} derived" if n else "No FVC % was derived"
        return f"{what} from litres by {self.name}, of {self.reported} as reported."

    @property
    def title(self) -> str:
        """How values were derived, in a few words for titles of figures."""
        n = len(self.derived)
        label = EQUATIONS[self.equation].label
        return f"{'' if not self.reported else f'in {n} of {n + self.reported} '}by {label}"

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        return {
            "equation": self.equation,
            "name": self.name,
            "doi": self.doi,
            "available": self.available,
            "note": self.note,
            "derived": list(self.derived),
            "patients_with_reported": self.reported,
            "not_derived": [{"patient": p, "reason": why} for p, why in self.not_derived],
            "far_from_reported": [
                {"patient": p, "difference": float(points)} for p, points in self.far_off
            ],
            "beyond_its_heights": list(self.extended),
        }


def endpoint_series(trial: Trial, settings: Settings, key: str) -> EndpointSeries:
    """Return the values of one endpoint; "fvc" holds % derived from litres where that is asked.

    Parameters
    ----------
    trial
        The data.
    settings
        ``fvc_equation`` says by which equation, and ``points`` what was decided about litres.
    key
        The endpoint.

    Returns
    -------
    EndpointSeries
        As :meth:`data.trial.Trial.series`: sorted by patient and day. ``position`` of a derived
        value is the row of its litres. A derived value is usable where its litres are and it lies
        in the range of the endpoint.
    """
    reported = trial.series(key)
    if key != PERCENT or settings.fvc_equation == "none":
        return reported
    found = _derive(trial, settings)
    litres, at = found.litres, np.flatnonzero(found.taken)
    if not at.size:
        return reported
    scale, values = ENDPOINTS[PERCENT], found.percent[at]
    above = values > scale.low if scale.exclusive_low else values >= scale.low
    usable = usable_values(trial, LITRES, litres, settings)[at] & above & (values <= scale.high)
    patient = np.concatenate([reported.patient, litres.patient[at]])
    # No patient is in both parts, each of which is sorted.
    order = np.argsort(patient, kind="stable")
    return EndpointSeries(
        patient=patient[order],
        day=np.concatenate([reported.day, litres.day[at]])[order],
        value=np.concatenate([reported.value, values])[order],
        usable=np.concatenate([reported.usable, usable])[order],
        position=np.concatenate([reported.position, litres.position[at]])[order],
    )


def present_endpoints(
    trial: Trial, settings: Settings, found: FvcFromLitres | None = None
) -> tuple[str, ...]:
    """Return the keys of the endpoints with a value, derived ones included, in registry order.

    Parameters
    ----------
    trial, settings
        The data, and by which equation values are derived.
    found
        What was derived under these settings, where that is at hand.
    """
    present = set(trial.endpoints)
    derived = derived_patients(trial, settings).any() if found is None else bool(found.derived)
    if derived:
        present.add(PERCENT)
    return tuple(key for key in ENDPOINTS if key in present)


def derived_patients(trial: Trial, settings: Settings) -> BoolArray:
    """Return whose FVC % is derived from litres, by position in ``Trial.patient_ids``."""
    if settings.fvc_equation == "none":
        return np.zeros(len(trial.patient_ids), dtype=np.bool_)
    return _derive(trial, settings).patients


def derived_values(trial: Trial, settings: Settings, patient: int) -> dict[int, float]:
    """Return the derived FVC % of one patient by the row of its litres; empty if none is.

    Parameters
    ----------
    trial, settings
        The data, and by which equation.
    patient
        Position in ``Trial.patient_ids``.
    """
    if settings.fvc_equation == "none":
        return {}
    found = _derive(trial, settings)
    mine = np.flatnonzero(found.taken & (found.litres.patient == patient))
    rows, values = found.litres.position[mine].tolist(), found.percent[mine].tolist()
    return dict(zip(rows, values, strict=True))


def not_derived(trial: Trial, settings: Settings) -> tuple[tuple[str, str], ...]:
    """Return patients with litres and without reported % whose % is missing, in part or whole.

    Returns
    -------
    tuple
        Patient and reason, in the order of the trial; empty where nothing is derived by choice.
    """
    found = fvc_from_litres(trial, settings)
    return () if found is None else found.not_derived


def fvc_from_litres(trial: Trial, settings: Settings) -> FvcFromLitres | None:
    """Return what was derived and what not; ``None`` where nothing is derived by choice."""
    if settings.fvc_equation == "none":
        return None
    equation, found = EQUATIONS[settings.fvc_equation], _derive(trial, settings)
    return FvcFromLitres(
        equation=equation.key,
        name=equation.named,
        doi=equation.doi,
        available=equation.available,
        derived=tuple(trial.patient_ids[i] for i in np.flatnonzero(found.patients).tolist()),
        reported=int(found.reported.sum()),
        not_derived=_reasons(trial, equation, found),
        far_off=_far_from_reported(trial, found),
        extended=_beyond_heights(trial, equation, found),
    )


def equation_note(trial: Trial, settings: Settings) -> str:
    """Return one sentence for charts and exports that show FVC; empty where it is off."""
    found = fvc_from_litres(trial, settings)
    return "" if found is None else found.note


@dataclass(frozen=True, slots=True)
class _Derived:
    """Litres and what they are in %, row by row; who has reported %; which rows are taken."""

    litres: EndpointSeries
    percent: FloatArray
    reported: BoolArray
    taken: BoolArray

    @property
    def patients(self) -> BoolArray:
        taken = np.bincount(self.litres.patient[self.taken], minlength=len(self.reported))
        return np.asarray(taken > 0)


def _derive(trial: Trial, settings: Settings) -> _Derived:
    """Put all litres in % of the prediction for the age on their day; NaN where there is none."""
    litres = trial.series(LITRES)
    reported = np.bincount(trial.series(PERCENT).patient, minlength=len(trial.patient_ids)) > 0
    sex, age, height = _of_persons(trial)
    who = litres.patient
    years = age[who] + litres.day / DAYS_PER_YEAR
    expected = predicted_litres(settings.fvc_equation, sex[who], years, height[who])
    percent = np.asarray(100.0 * litres.value / expected)
    return _Derived(litres, percent, reported, np.isfinite(percent) & ~reported[who])


def _of_persons(trial: Trial) -> tuple[npt.NDArray[np.str_], FloatArray, FloatArray]:
    """Return sex, age in years at the first transplant, and height in cm of every patient."""
    frame = trial.patients_frame
    sex = frame["sex"].to_numpy(dtype=object)
    said = np.where(sex == "F", "F", np.where(sex == "M", "M", ""))
    return (
        said,
        frame["age"].to_numpy(dtype=np.float64, na_value=np.nan),
        frame[HEIGHT].to_numpy(dtype=np.float64, na_value=np.nan),
    )


def _reasons(trial: Trial, equation: Equation, found: _Derived) -> tuple[tuple[str, str], ...]:
    """Say of patients without reported % why litres of theirs are not among the derived values."""
    n, litres = len(found.reported), found.litres
    visits, done, dated = (
        np.bincount(litres.patient[rows], minlength=n)
        for rows in (np.isfinite(litres.value), found.taken, np.isfinite(litres.day))
    )
    short = np.flatnonzero((visits > done) & ~found.reported).tolist()
    if not equation.available:
        why = f"{equation.name} needs the package {PACKAGE}"
        return tuple((trial.patient_ids[i], why) for i in short)
    sex, age, height = _of_persons(trial)
    lacking = (("sex (F or M)", sex == ""), ("age", np.isnan(age)), ("height", np.isnan(height)))
    low, high = equation.ages
    result = []
    for i in short:
        missing = [name for name, lacks in lacking if lacks[i]]
        if missing:
            why = f"{' and '.join(missing)} not known"
        elif not dated[i]:
            why = "no day from the transplant, so no age at the visits"
        else:
            lost = f"{visits[i] - done[i]} of {visits[i]} visits"
            why = f"{lost} without a day or at an age outside {low:g} to {high:g} years"
        result.append((trial.patient_ids[i], why))
    return tuple(result)


def _beyond_heights(trial: Trial, equation: Equation, found: _Derived) -> tuple[str, ...]:
    """Return derived patients who are shorter or taller than the adults of the equation."""
    sex, _, height = _of_persons(trial)
    beyond = np.zeros(len(sex), dtype=np.bool_)
    for name, (low, high) in (equation.heights or {}).items():
        beyond |= (sex == name) & ((height < low) | (height > high))
    return tuple(trial.patient_ids[i] for i in np.flatnonzero(beyond & found.patients).tolist())


def _far_from_reported(trial: Trial, found: _Derived) -> tuple[tuple[str, float], ...]:
    """Return patients whose reported % and litres do not belong together, with the difference.

    The median of reported minus derived % over the days that have both, where it is beyond
    ``FAR_POINTS``. Another equation explains 5 to 10 points; a wrong unit, height or patient more.
    """
    reported, litres = trial.series(PERCENT), found.litres
    mine = found.reported[litres.patient] & litres.usable & np.isfinite(found.percent)
    theirs = reported.usable & np.isfinite(reported.day)
    if not mine.any():
        return ()
    one, other = (
        pd.DataFrame(
            {
                "patient": series.patient[rows],
                "day": np.round(series.day[rows] / SAME_DAY),
                "percent": values[rows],
            }
        )
        for series, rows, values in (
            (reported, theirs, reported.value),
            (litres, mine, found.percent),
        )
    )
    both = one.merge(other, on=["patient", "day"])
    middle = (both["percent_x"] - both["percent_y"]).groupby(both["patient"]).median()
    far = middle[middle.abs() > FAR_POINTS]
    who = far.index.to_numpy(dtype=np.int64).tolist()
    return tuple((trial.patient_ids[i], d) for i, d in zip(who, far.tolist(), strict=True))
