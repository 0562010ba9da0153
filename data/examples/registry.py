"""A simulated registry of any size: to see how ALSlope behaves with thousands of patients.

Nothing changes at day 0 in anybody: slopes before and after are two draws about the same mean. The
file is written first and the trial is built beside it without the reader, which takes seconds for
12,000 patients; that the reader makes the same trial of the file is tested.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from data.trial import (
    DAYS_PER_MONTH,
    EVENT_COLUMNS,
    MEASUREMENT_COLUMNS,
    PATIENT_COLUMNS,
    FloatArray,
    Trial,
)

SEED: Final = 12_000
MONTHS: Final = (-9.0, -6.0, -4.0, -2.0, 0.0, 2.0, 4.0, 6.0, 9.0, 12.0)
NOTES: Final = (
    "This registry is simulated: no person is behind any value or characteristic.",
    "Nothing was made to change at day 0: true slopes before and after are draws about the same "
    "mean (−1.0 points and −2.4 % predicted per month, SD 0.5 and 1.5, correlation 0.5 within a "
    "person). Visits scatter by 1.6 points and 4 %; 6 % of visits are missing; after day 0 about "
    "2 % of the patients leave each month, whatever their course. All of it is assumed. Scores end "
    "at 48: that alone makes the mean ALSFRS-R slope look about 0.04 points/month steeper after "
    "day 0.",
    "It opens without passing through the reader, so nothing of it is checked. Save its file and "
    "drop it to see the reader’s findings.",
)
_MISSED: Final = 0.06
_LEAVE_A_MONTH: Final = 0.02
_SLOPES: Final = {"alsfrs_r": (-1.0, 0.5), "fvc": (-2.4, 1.5)}
_LEVELS: Final = {"alsfrs_r": (30.0, 5.0), "fvc": (80.0, 14.0)}
_SCATTER: Final = {"alsfrs_r": 1.6, "fvc": 4.0}
_ENDS: Final = {"alsfrs_r": (0.0, 48.0), "fvc": (10.0, 140.0)}
_COLUMNS: Final = {"alsfrs_r": "alsfrs_r", "fvc": "fvc_percent"}
_SITES: Final = ("limb", "bulbar")


def registry_table(patients: int) -> pd.DataFrame:
    """Return the visits of a simulated registry, as they stand in its file.

    Parameters
    ----------
    patients
        How many, at least 1.
    """
    rng = np.random.default_rng([SEED, patients])
    months = np.asarray(MONTHS)
    # Visits are some days early or late; day 0 is day 0.
    days = np.round(months * DAYS_PER_MONTH + rng.integers(-5, 6, (patients, len(months))))
    days[:, months == 0] = 0
    there = rng.random(days.shape) >= _MISSED
    leaves = rng.exponential(1 / _LEAVE_A_MONTH, (patients, 1)) * DAYS_PER_MONTH
    there &= (days <= leaves) | (days <= 0)
    there[:, months == 0] = True
    values = {key: _values(rng, key, days / DAYS_PER_MONTH) for key in _SLOPES}
    who, at = np.nonzero(there)
    names = np.asarray([f"R{number:05d}" for number in range(1, patients + 1)])
    sex = np.where(rng.random(patients) < 0.6, "M", "F")
    site = np.asarray(_SITES)[(rng.random(patients) < 0.3).astype(int)]
    age = np.clip(np.round(rng.normal(60, 11, patients)), 20, 90)
    return pd.DataFrame(
        {
            "patient_id": names[who],
            "days_since_transplant": days[who, at].astype(int),
            "alsfrs_r": values["alsfrs_r"][who, at].astype(int),
            "fvc_percent": values["fvc"][who, at],
            "sex": sex[who],
            "age": age[who].astype(int),
            "onset_site": site[who],
            "simulated": "yes",
        }
    )


def registry_csv(patients: int) -> bytes:
    """Return the file of a simulated registry.

    Parameters
    ----------
    patients
        How many, at least 1.
    """
    return registry_table(patients).to_csv(index=False, lineterminator="\n").encode()


def registry_trial(patients: int) -> Trial:
    """Return a simulated registry as a trial.

    Parameters
    ----------
    patients
        How many, at least 1.
    """
    table = registry_table(patients)
    first = table.drop_duplicates("patient_id")
    people = pd.DataFrame(
        {
            "patient": first["patient_id"].to_numpy(),
            "transplant_days": [(0.0,)] * len(first),
            "transplant_dates": [()] * len(first),
            "onset_day": np.full(len(first), np.nan),
            "death_day": np.full(len(first), np.nan),
            "sex": first["sex"].to_numpy(),
            "age": first["age"].to_numpy(dtype=float),
            "onset_site": first["onset_site"].to_numpy(),
            "group": "",
        },
        columns=list(PATIENT_COLUMNS),
    )
    visits = pd.concat([_visits(table, key) for key in _COLUMNS], ignore_index=True)
    return Trial(
        people,
        visits,
        pd.DataFrame(columns=list(EVENT_COLUMNS)),
        title=registry_title(patients),
        simulated=True,
        origin="example",
        notes=NOTES,
        example_id=f"registry-{patients}",
    )


def registry_title(patients: int) -> str:
    """Return the title of a registry of this size."""
    return f"Simulated registry, {patients:,} patients"


def _values(rng: np.random.Generator, key: str, months: FloatArray) -> FloatArray:
    """Return scores, patients × visits: lines that meet at day 0, scatter, on the scale."""
    mean, sd = _SLOPES[key]
    shared, own = rng.standard_normal((len(months), 1)), rng.standard_normal((len(months), 2))
    slopes = mean + sd * np.sqrt(0.5) * (shared + own)
    level = _LEVELS[key][0] + _LEVELS[key][1] * rng.standard_normal((len(months), 1))
    exact = level + np.where(months <= 0, slopes[:, :1] * months, slopes[:, 1:] * months)
    exact += _SCATTER[key] * rng.standard_normal(months.shape)
    return np.asarray(np.clip(np.round(exact, 0 if key == "alsfrs_r" else 1), *_ENDS[key]))


def _visits(table: pd.DataFrame, key: str) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "patient": table["patient_id"].to_numpy(),
            "endpoint": key,
            "day": table["days_since_transplant"].to_numpy(dtype=float),
            "value": table[_COLUMNS[key]].to_numpy(dtype=float),
            "status": "ok",
            "date": pd.NaT,
            "file": "registry.csv",
            "sheet": "",
            # The header is row 1 of the file.
            "row": np.arange(len(table)) + 2,
            "column": _COLUMNS[key],
        },
        columns=list(MEASUREMENT_COLUMNS),
    )
