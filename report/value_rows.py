"""Every value of some patients with its use: those of the files, and those derived from litres.

The measurements of a trial hold what the files hold. A derived value points at the row of its
litres, and is a row of its own here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.comparison import Comparison, EndpointComparison
from analysis.slopes import Points
from data.endpoints import ENDPOINTS, Endpoint
from data.trial import USABLE, BoolArray, IntArray, Trial
from report.numbers import plain

DERIVED: Final = "derived"
"""Column that says from how many litres a value was derived; empty for values of the files."""

USE: Final = "use"
"""Column that says into which slope a value enters; empty for endpoints not compared."""

_ENDED: Final = {
    "all": "",
    "niv": "after NIV or tracheostomy",
    "tracheostomy": "after tracheostomy",
}


def is_derived(trial: Trial, result: EndpointComparison) -> BoolArray:
    """Return which values of an endpoint stand in the file as another one, such as litres.

    Parameters
    ----------
    trial, result
        The trial, and the comparison of the endpoint.

    Returns
    -------
    BoolArray
        One entry a value, as ``result.slopes.points``.
    """
    position = result.slopes.points.position
    if not result.endpoint.equation:
        return np.zeros(len(position), dtype=np.bool_)
    stands_as = trial.measurements_frame["endpoint"].to_numpy(dtype=object)
    return np.asarray(stands_as[position] != result.endpoint.key, dtype=np.bool_)


def derived_text(litres: float) -> str:
    """Return from how much a value was derived: "derived from 3.00 L"."""
    return f"derived from {plain(litres, ENDPOINTS['fvc_litres'].decimals)} L"


def derived_words(trial: Trial, result: EndpointComparison, position: int) -> str:
    """Return " (derived from 3.00 L)" for a derived value at a row of the measurements, or ""."""
    frame = trial.measurements_frame
    if not result.endpoint.equation or frame["endpoint"].iloc[position] == result.endpoint.key:
        return ""
    return f" ({derived_text(float(frame['value'].iloc[position]))})"


def shows_derived(comparison: Comparison) -> bool:
    """Return whether a table of values needs the column ``DERIVED``."""
    return any(result.endpoint.equation for result in comparison.endpoints)


def value_rows(trial: Trial, comparison: Comparison, patients: Sequence[int]) -> pd.DataFrame:
    """Return the values of some patients, patient by patient in the order given.

    Parameters
    ----------
    trial, comparison
        The trial, and its comparison.
    patients
        Positions in ``Trial.patient_ids``.

    Returns
    -------
    pandas.DataFrame
        Columns of the measurements, ``who`` (position of the patient), ``USE`` and ``DERIVED``.
    """
    frame = trial.measurements
    wanted = frame["patient"].isin([trial.patient_ids[p] for p in patients]).to_numpy()
    place = np.full(len(trial.patient_ids), -1)
    place[np.asarray(patients, dtype=np.int64)] = np.arange(len(patients))
    use = np.full(len(frame), "", dtype=object)
    parts: list[pd.DataFrame] = []
    for result in comparison.endpoints:
        points = result.slopes.points
        at = np.flatnonzero(place[points.patient] >= 0)
        words, derived = _uses(points, at, comparison), is_derived(trial, result)[at]
        use[points.position[at[~derived]]] = words[~derived]
        at = at[derived]
        if at.size:
            rows = _derived(frame.iloc[points.position[at]], points, at, result.endpoint)
            parts.append(rows.assign(who=points.patient[at], use=words[derived]))
    rows = frame[wanted]
    order = {trial.patient_ids[p]: p for p in patients}
    who = [order[name] for name in rows["patient"]]
    rows = rows.assign(who=np.asarray(who, dtype=np.int64), use=use[wanted], derived="")
    result_rows = pd.concat([rows, *parts], ignore_index=True)
    keys: tuple[Any, ...] = (place[result_rows["who"].to_numpy(dtype=np.int64)],)
    if parts:
        names = result_rows["endpoint"].to_numpy(dtype=object)
        keys = (np.unique(names.astype(str), return_inverse=True)[1], *keys)
    return result_rows.iloc[np.lexsort(keys)].reset_index(drop=True)


def _derived(
    litres: pd.DataFrame, points: Points, at: IntArray, endpoint: Endpoint
) -> pd.DataFrame:
    """Return rows of litres as rows of the endpoint that was derived from them."""
    value = points.value[at]
    inside = [endpoint.within(one) for one in value.tolist()]
    status = np.where(inside, litres["status"], "OUT_OF_RANGE")
    texts = [derived_text(one) for one in litres["value"].tolist()]
    return litres.assign(endpoint=endpoint.key, value=value, status=status, derived=texts)


def _uses(points: Points, at: IntArray, comparison: Comparison) -> npt.NDArray[np.object_]:
    """Return in words which slope each of the values ``at`` enters."""
    before, after = points.before[at], points.after[at]
    conditions = [
        ~np.isfinite(points.month[at]),
        before & after,
        before,
        after,
        points.ended[at],
        points.analysable[at],
    ]
    ended = _ENDED[comparison.settings.fvc_until]
    words = ["no day 0", "before and after", "before", "after", ended, "outside the windows"]
    return np.select(conditions, words, "left out").astype(object)


def quality(status: str) -> str:
    """Return in words why a value was set aside; empty where it was not."""
    return "" if status == USABLE else status.replace("_", " ").lower()
