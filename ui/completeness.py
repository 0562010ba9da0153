"""Who has how many visits before, at and after the transplant, and who lacks what."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
import streamlit as st

from data.endpoints import ENDPOINTS
from data.trial import USABLE, Trial
from report.numbers import count
from ui import cache

_BEFORE, _DAY0, _AFTER = _SIDES = ("before", "day 0", "after")
_PATIENT: Final = ("", "patient")
_FEWEST: Final = 2
_MOST_ROWS: Final = 300
_FULL: Final = 6


def completeness(trial: Trial) -> None:
    """Draw the table of patients and visits; amber where a slope lacks visits."""
    if not trial.endpoints:
        st.caption("No value could be read.")
        return
    key_of_table = ("completeness", trial.instance)
    counts, shown = cache.once(key_of_table, lambda: _counts_and_table(trial))
    words = []
    for key in trial.endpoints:
        label = ENDPOINTS[key].label
        enough = (_pre(counts, key) >= _FEWEST) & (counts[(key, _AFTER)] >= _FEWEST)
        words.append(f"{label} {int(enough.sum()):,} of {len(counts):,}")
    st.caption(
        f"Patients with at least {_FEWEST} visits on each side (day 0 counted as before): "
        f"{'; '.join(words)}. Numbers are usable values; amber means that a side has fewer than "
        f"{_FEWEST}."
    )
    if len(counts) > _MOST_ROWS:
        st.caption(f"The first {_MOST_ROWS} of {len(counts):,} patients.")
    # Styled cells are drawn one by one: a small table only.
    shaded = shown.style.apply(_shades, axis=None)
    st.dataframe(
        shaded,
        hide_index=True,
        key="w.completeness",
        height=min(420, 72 + 35 * len(shown)),
        alt="Usable values of each patient before, at and after the transplant",
    )


def _counts_and_table(trial: Trial) -> tuple[pd.DataFrame, pd.DataFrame]:
    counts = visit_counts(trial)
    return counts, _table(trial, counts).head(_MOST_ROWS)


def visit_counts(trial: Trial) -> pd.DataFrame:
    """Return how many usable values each patient has by endpoint and side of the transplant."""
    columns = {}
    n = len(trial.patient_ids)
    for key in trial.endpoints:
        series = trial.series(key)
        day = np.round(series.day)
        for side, chosen in zip(_SIDES, (day < 0, day == 0, day > 0), strict=True):
            at = series.patient[chosen & series.usable]
            columns[(key, side)] = np.bincount(at, minlength=n)
    return pd.DataFrame(columns)


def _pre(counts: pd.DataFrame, key: str) -> pd.Series:
    return counts[(key, _BEFORE)] + counts[(key, _DAY0)]


def _table(trial: Trial, counts: pd.DataFrame) -> pd.DataFrame:
    columns: dict[tuple[str, str], list[str] | list[int]] = {_PATIENT: list(trial.patient_ids)}
    lacks = _lacks(trial, counts)
    if any(lacks):
        columns["", "too few or set aside"] = lacks
    for key in trial.endpoints:
        endpoint = ENDPOINTS[key]
        unit = "" if f"({endpoint.unit})" in endpoint.label else f", {endpoint.unit}"
        for side in _SIDES:
            columns[f"{endpoint.label}{unit}", side] = counts[(key, side)].tolist()
    return pd.DataFrame(columns)


def _lacks(trial: Trial, counts: pd.DataFrame) -> list[str]:
    """Say in words what keeps each patient out of the comparison."""
    known = np.asarray([bool(days) for days in trial.patients_frame["transplant_days"]])
    frame = trial.measurements_frame
    aside = frame.loc[frame["status"] != USABLE, "patient"].value_counts()
    texts: list[list[str]] = [[] for _ in range(len(counts))]
    for at in np.flatnonzero(~known):
        texts[at].append("transplant date")
    for key in trial.endpoints:
        label = ENDPOINTS[key].label
        sides = ((_BEFORE, _pre(counts, key)), (_AFTER, counts[(key, _AFTER)]))
        for side, numbers in sides:
            few = (numbers < _FEWEST).to_numpy() & known
            for at in np.flatnonzero(few):
                texts[at].append(f"{label} {side}")
    for texts_of, patient in zip(texts, trial.patient_ids, strict=True):
        if n := int(aside.get(patient, 0)):
            texts_of.append(f"{count(n, 'value')} set aside")
    return [", ".join(parts) for parts in texts]


def _shades(cells: pd.DataFrame) -> pd.DataFrame:
    """Shade counts: amber where a side is too short for a slope, deeper blue for more visits."""
    shades = pd.DataFrame("", index=cells.index, columns=cells.columns)
    for name in cells.columns.tolist():
        endpoint, side = tuple(name)
        if side not in (_BEFORE, _AFTER):
            continue
        numbers = cells[name].to_numpy(dtype=np.float64)
        if side == _BEFORE:
            numbers = numbers + cells[endpoint, _DAY0].to_numpy(dtype=np.float64)
        shades[name] = [
            "background-color: rgba(180, 83, 9, 0.22)"
            if n < _FEWEST
            else f"background-color: rgba(15, 95, 179, {0.05 + 0.2 * min(n, _FULL) / _FULL:.2f})"
            for n in numbers
        ]
    return shades
