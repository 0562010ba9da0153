"""The visits and columns that enter the mixed model of a trial, and who is left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from analysis.filters import filtered_out
from analysis.grouping import coded
from analysis.mixed_model import MixedData, MixedFit, fit_mixed
from analysis.settings import Settings
from analysis.slopes import Points, day0_offsets
from data.endpoints import ENDPOINTS
from data.trial import BoolArray, FloatArray, IntArray, Trial

UNSETTLED: Final = "the search for the largest likelihood did not settle"
"""Why a fit is not reported whose end point fails its certificate."""

_WORDS: Final = {"age": "age", "sex": "sex", "onset_site": "site of onset"}


@dataclass(frozen=True, slots=True, eq=False)
class HingeRows:
    """Visits of the model, each once, and covariates of its patients.

    Parameters
    ----------
    member
        Positions in ``Trial.patient_ids`` of the patients in the model, ascending, shape (G,).
    patient
        Position in ``member`` of each visit, shape (N,).
    month, value
        Months from day 0, and scores, shape (N,).
    after
        Whether the visit belongs to the period after day 0.
    covariates
        Columns a patient that are adjusted for, centred over the patients, shape (G, k).
    covariate_names
        Their k names.
    left_out
        Patients who are not in the model, and why.
    notes
        What else became of the covariates.
    """

    member: IntArray
    patient: IntArray
    month: FloatArray
    value: FloatArray
    after: BoolArray
    covariates: FloatArray
    covariate_names: tuple[str, ...]
    left_out: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]

    @property
    def problem(self) -> str:
        """Why no model can be fitted, as far as it shows before the fit; empty otherwise."""
        if len(self.member) < 2:
            return "fewer than 2 patients have visits that can be analysed"
        if not np.any(self.month > 0):
            return "no visit after day 0"
        if not np.any(self.month < 0):
            return "no visit before day 0"
        return ""

    def hinge(self) -> FloatArray:
        """Return the columns 1, t and max(t, 0), shape (N, 3)."""
        t = self.month
        return np.column_stack([np.ones_like(t), t, np.maximum(t, 0)])

    def data(self, fixed: Mapping[str, FloatArray]) -> MixedData:
        """Return the model with some columns and the covariates as fixed effects.

        Parameters
        ----------
        fixed
            Columns by name, each of shape (N,). The random part is always level, slope and change
            of slope.

        Raises
        ------
        ValueError
            If the columns are linearly dependent.
        """
        columns = [*fixed.values(), *self.covariates[self.patient].T]
        return MixedData(
            patient=self.patient,
            y=self.value,
            x=np.column_stack(columns),
            z=self.hinge(),
            names=(*fixed, *self.covariate_names),
            stratum=self.after.astype(np.int64),
        )


def hinge_rows(
    trial: Trial,
    endpoint_key: str,
    settings: Settings,
    points: Points,
    missing: Mapping[int, str] | None = None,
) -> HingeRows:
    """Return what enters the model: all visits in the windows, of all patients with a day 0.

    Parameters
    ----------
    trial, endpoint_key
        Whose values.
    settings
        Exclusions and covariates.
    points
        The values, placed with the same settings.
    missing
        Further patients to leave out, by position, with the reason.

    Notes
    -----
    The rules for the number of visits and their span do not apply: a patient with few visits adds
    what they carry. A visit that counts in both periods enters once.
    """
    n = len(trial.patient_ids)
    chosen = (points.before | points.after) & np.isfinite(points.month)
    seen = np.bincount(points.patient[chosen], minlength=n) > 0
    reasons = _without_visits(trial, endpoint_key, settings, points, seen)
    reasons.update((i, why) for i, why in (missing or {}).items() if i not in reasons)
    for name in settings.model_covariates:
        for i in np.flatnonzero(_unknown(trial, name)):
            reasons.setdefault(int(i), f"{_WORDS[name]} not known")
    member = np.asarray([i for i in range(n) if i not in reasons], dtype=np.int64)
    kept = chosen & np.isin(points.patient, member)
    columns, names, notes = _covariates(trial, member, settings.model_covariates)
    return HingeRows(
        member=member,
        patient=np.searchsorted(member, points.patient[kept]),
        month=points.month[kept],
        value=points.value[kept],
        after=(points.after & ~points.before)[kept],
        covariates=columns,
        covariate_names=names,
        left_out=tuple((trial.patient_ids[i], reasons[i]) for i in sorted(reasons)),
        notes=notes,
    )


def _without_visits(
    trial: Trial, endpoint_key: str, settings: Settings, points: Points, seen: BoolArray
) -> dict[int, str]:
    label = ENDPOINTS[endpoint_key].label
    no_day0 = np.isnan(day0_offsets(trial, settings)[0])
    given = {e.patient: e.reason for e in settings.excluded_patients}
    filtered = filtered_out(trial, settings)
    measured = np.bincount(points.patient, minlength=len(seen)) > 0
    reasons = {}
    for i in np.flatnonzero(~seen):
        name = trial.patient_ids[i]
        if int(i) in filtered:
            reasons[int(i)] = filtered[int(i)]
        elif name in given:
            reasons[int(i)] = f"left out: {given[name]}"
        elif no_day0[i]:
            reasons[int(i)] = "no day 0"
        elif not measured[i]:
            reasons[int(i)] = f"no {label} value"
        else:
            reasons[int(i)] = f"no {label} visit that can be analysed in the windows"
    return reasons


def _unknown(trial: Trial, name: str) -> BoolArray:
    column = trial.patients_frame[name]
    if name == "age":
        return np.asarray(~np.isfinite(column.to_numpy(dtype=np.float64)), dtype=np.bool_)
    return np.asarray(coded(column.tolist())[1] < 0, dtype=np.bool_)


def _covariates(
    trial: Trial, member: IntArray, wanted: tuple[str, ...]
) -> tuple[FloatArray, tuple[str, ...], tuple[str, ...]]:
    """Return centred columns a patient, their names, and notes; texts become 0-1 columns."""
    columns: list[FloatArray] = []
    names: list[str] = []
    notes: list[str] = []
    for name in wanted:
        known = trial.patients_frame[name].iloc[member]
        if name == "age":
            found = {"age in years": known.to_numpy(dtype=np.float64)}
        else:
            labels, code = coded(known.tolist())
            found = {
                f"{_WORDS[name]} {label}": (code == k + 1).astype(np.float64)
                for k, label in enumerate(labels[1:])
            }
        found = {key: column for key, column in found.items() if len(column) and np.ptp(column) > 0}
        if not found and len(member):
            notes.append(f"not adjusted for {_WORDS[name]}: it is the same in all patients")
        columns += [column - column.mean() for column in found.values()]
        names += found
    stacked = np.column_stack(columns) if columns else np.empty((len(member), 0))
    return stacked, tuple(names), tuple(notes)


def fit_or_reason(
    rows: HingeRows, columns: dict[str, FloatArray], *, reml: bool, two_variances: bool
) -> tuple[MixedFit | None, str]:
    """Return the fit, or why there is none.

    Parameters
    ----------
    rows
        Visits and covariates.
    columns
        Fixed effects by name, each of shape (N,).
    reml, two_variances
        As for :func:`analysis.mixed_model.fit_mixed`.

    Returns
    -------
    tuple
        The fit and an empty reason, or ``None`` and the reason in words.
    """
    if rows.problem:
        return None, rows.problem
    try:
        fit = fit_mixed(rows.data(columns), reml=reml, two_variances=two_variances)
    except ValueError as problem:
        return None, str(problem)
    return (fit, "") if fit.converged else (None, UNSETTLED)
