"""FT9 stages, the rate of decline since onset (ΔFS) with its bands, and what cannot be staged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from analysis.day0 import day0_offsets
from analysis.day0_values import day0_values
from analysis.settings import Settings
from analysis.slope_points import place_points
from analysis.staging import Stages
from data.trial import DAYS_PER_MONTH, ITEM_COLUMNS, BoolArray, FloatArray, IntArray, Trial

FT9_DOMAINS: Final = ("bulbar", "fine_motor", "gross_motor", "respiratory")
"""The endpoints that hold the four domain scores, in the order of their items."""

FT9_LIMIT: Final = 9
"""A domain counts at this score or below, of 12."""

FULL_SCORE: Final = 48
BANDS: Final = ("slow", "intermediate", "fast")
BAND_LIMITS: Final = (0.5, 1.0)
"""ΔFS at which the intermediate and the fast band begin, in points a month."""

_NAMES: Final = ("bulbar", "fine motor", "gross motor", "respiratory")
_ITEMS_A_DOMAIN: Final = 3
_HIGHEST: Final = 4


@dataclass(frozen=True, slots=True)
class Ft9Table:
    """FT9 stages of every visit of which at least one domain or item is known.

    Parameters
    ----------
    patient
        Position in ``Trial.patient_ids``.
    day, month
        Days from the first transplant, and months from the day 0 of the settings; NaN without one.
    ft9
        The stages.
    """

    patient: IntArray
    day: FloatArray
    month: FloatArray
    ft9: Stages


@dataclass(frozen=True, slots=True)
class DeltaFs:
    """ΔFS of patients.

    Parameters
    ----------
    patient
        Position in ``Trial.patient_ids``.
    month
        Month of the visit from day 0; NaN without such a visit or a day 0.
    value
        Points lost a month since onset; NaN where it is not defined.
    """

    patient: IntArray
    month: FloatArray
    value: FloatArray

    @property
    def band(self) -> IntArray:
        """Position in ``BANDS``, −1 where ΔFS is not defined."""
        return delta_fs_band(self.value)

    def among(self, included: BoolArray) -> DeltaFs:
        """Return the entries of some patients, in the order of ``Trial.patient_ids``."""
        mine = included[self.patient]
        return DeltaFs(self.patient[mine], self.month[mine], self.value[mine])

    def counts(self) -> tuple[int, ...]:
        """Return how many are in each of ``BANDS``, and last how many have no ΔFS."""
        band = self.band
        return tuple(int((band == code).sum()) for code in (*range(len(BANDS)), -1))


def ft9_stages(low: FloatArray, high: FloatArray, missing: BoolArray) -> Stages:
    """Return FT9 stages from bounds of the four domain scores.

    Parameters
    ----------
    low, high
        Visits × 4: lowest and highest score that each domain (0 to 12) can have; equal where it is
        known.
    missing
        Visits × 12: which items are missing, for the reasons.

    Returns
    -------
    Stages
        The number of domains with a score of 9 or below. Stage 5 is death, which is not a visit.

    Raises
    ------
    ValueError
        If a score is not within 0 to 12.

    Notes
    -----
    Thakore et al. 2018, Amyotroph Lateral Scler Frontotemporal Degener 19:483–494.
    """
    top = _ITEMS_A_DOMAIN * _HIGHEST
    if not ((low >= 0) & (low <= high) & (high <= top)).all():
        raise ValueError("a domain score is not within 0 to 12")
    lost, possible = high <= FT9_LIMIT, low <= FT9_LIMIT
    return Stages(
        system="ft9",
        low=lost.sum(axis=1),
        high=possible.sum(axis=1),
        signs=_NAMES,
        lost=lost,
        open=possible & ~lost,
        missing=missing,
    )


def ft9_from_items(items: pd.DataFrame) -> Stages:
    """Return FT9 stages from the twelve items (columns ``item_1`` to ``item_12``).

    A missing item counts as 4 for the highest and as 0 for the lowest score of its domain.

    Raises
    ------
    ValueError
        If an item is not 0 to 4.
    """
    return ft9_stages(*_bounds_from_items(items))


def ft9_visits(trial: Trial, settings: Settings) -> Ft9Table | None:
    """Stage every visit by FT9: from its items, or from the domain scores where it has none.

    Parameters
    ----------
    trial
        Whose visits; ``None`` is returned if it holds neither items nor domain scores.
    settings
        The day 0 from which months count, and which domain scores are left out.
    """
    patient, day, low, high, missing = _from_items(trial)
    with_items = pd.MultiIndex.from_arrays([patient, day])
    # Who is looked at is for the caller to say: visits with items do not depend on it either.
    more = _from_domains(trial, settings.with_(excluded_patients=(), filters=()))
    if more is not None:
        new = ~pd.MultiIndex.from_arrays(more[:2]).isin(with_items)
        patient, day = np.r_[patient, more[0][new]], np.r_[day, more[1][new]]
        low, high = np.r_[low, more[2][new]], np.r_[high, more[3][new]]
        missing = np.r_[missing, more[4][new]]
    if not len(patient):
        return None
    order = np.lexsort((day, patient))
    patient, day = patient[order], day[order]
    month = (day - day0_offsets(trial, settings)[0][patient]) / DAYS_PER_MONTH
    return Ft9Table(patient, day, month, ft9_stages(low[order], high[order], missing[order]))


def delta_fs(total: FloatArray, months_since_onset: FloatArray) -> FloatArray:
    """Return ΔFS: (48 − ALSFRS-R total) / months since onset of symptoms.

    Parameters
    ----------
    total
        ALSFRS-R totals, 0 to 48.
    months_since_onset
        Months from onset to the visit.

    Returns
    -------
    FloatArray
        Points a month; NaN where either is not known, and on the day of onset or before it.

    Notes
    -----
    Kimura et al. 2006 (doi 10.1212/01.wnl.0000194316.91908.8a).
    """
    with np.errstate(invalid="ignore"):
        ill = np.where(months_since_onset > 0, months_since_onset, np.nan)
    return np.asarray((FULL_SCORE - total) / ill)


def delta_fs_band(value: FloatArray) -> IntArray:
    """Return the band of each ΔFS: 0 slow (below 0.5), 1 intermediate, 2 fast (1 or above).

    −1 where ΔFS is not defined. The cuts are those of Kimura et al. 2006; other publications use
    other ones.
    """
    return np.where(np.isnan(value), -1, np.digitize(value, BAND_LIMITS)).astype(np.int64)


def delta_fs_at_day0(trial: Trial, settings: Settings) -> DeltaFs:
    """Return ΔFS of every patient at the visit that stands for day 0.

    Parameters
    ----------
    trial, settings
        Whose ALSFRS-R totals; their day 0, and decisions about single values. Windows, filters and
        who is left out play no part: patients who are not compared are described like the others.

    Notes
    -----
    The visit is that of :func:`analysis.day0_values.day0_values`, as in the table of patients at
    day 0.
    """
    everybody = settings.with_(excluded_patients=(), filters=())
    n = len(trial.patient_ids)
    at = day0_values(place_points(trial, "alsfrs_r", everybody), n)
    onset = trial.patients_frame["onset_day"].to_numpy(dtype=np.float64)
    onset_month = (onset - day0_offsets(trial, everybody)[0]) / DAYS_PER_MONTH
    return DeltaFs(np.arange(n), at.month, delta_fs(at.value, at.month - onset_month))


def cannot_be_staged(trial: Trial) -> str:
    """Return a sentence about visits that have an ALSFRS-R total and no items; empty if none.

    King's and MiToS stages rest on single items and FT9 on the four domain scores: the same total
    can belong to every stage from the lowest to the highest.
    """
    totals = trial.series("alsfrs_r")
    whole = pd.MultiIndex.from_arrays([totals.patient[totals.usable], totals.day[totals.usable]])
    whole = whole.unique()
    patient, day, *_ = _from_items(trial)
    bare = whole[~whole.isin(pd.MultiIndex.from_arrays([patient, day]))]
    if not len(bare):
        return ""
    domains = _from_domains(trial, Settings())
    known = np.zeros(len(bare), dtype=np.bool_)
    if domains is not None:
        complete = (domains[2] == domains[3]).all(axis=1)
        known = bare.isin(pd.MultiIndex.from_arrays([domains[0][complete], domains[1][complete]]))
    people = len(set(bare.get_level_values(0)))
    where = (
        f"All {len(bare):,} visits have"
        if len(bare) == len(whole)
        else f"{len(bare):,} of {len(whole):,} visits ({people:,} of {len(trial.patient_ids):,} "
        "patients) have"
    )
    what = "an ALSFRS-R total without its items: King’s and MiToS stages cannot be told from it"
    ft9 = int(known.sum())
    if ft9 == len(bare):
        return f"{where} {what}. FT9 can, from the four domain scores."
    if ft9:
        return f"{where} {what}. FT9 can at {ft9:,} of them, from the four domain scores."
    return f"{where} {what}, nor can FT9, which needs the four domain scores."


_Visits = tuple[IntArray, FloatArray, FloatArray, FloatArray, BoolArray]
"""Patient, day, lowest and highest domain scores, and missing items of visits."""


def _bounds_from_items(items: pd.DataFrame) -> tuple[FloatArray, FloatArray, BoolArray]:
    q = items[list(ITEM_COLUMNS)].to_numpy(dtype=np.float64)
    missing = np.isnan(q)
    if not (missing | np.isin(q, [0, 1, 2, 3, 4])).all():
        raise ValueError("an item is not one of 0, 1, 2, 3, 4")
    by_domain = (len(q), len(FT9_DOMAINS), _ITEMS_A_DOMAIN)
    low = np.where(missing, 0, q).reshape(by_domain).sum(axis=2)
    high = np.where(missing, _HIGHEST, q).reshape(by_domain).sum(axis=2)
    return low, high, missing


def _from_items(trial: Trial) -> _Visits:
    items = trial.items
    if items is None:
        none = np.empty((0, len(FT9_DOMAINS)))
        nobody = np.empty(0, dtype=np.int64)
        return nobody, np.empty(0), none, none, np.empty((0, len(ITEM_COLUMNS)), dtype=np.bool_)
    order = {name: at for at, name in enumerate(trial.patient_ids)}
    patient = np.asarray(items["patient"].map(order), dtype=np.int64)
    return patient, items["day"].to_numpy(dtype=np.float64), *_bounds_from_items(items)


def _from_domains(trial: Trial, settings: Settings) -> _Visits | None:
    """Return visits with at least one domain score; a domain without one can be 0 to 12."""
    columns = {}
    for domain in FT9_DOMAINS:
        series = trial.series(domain)
        use = place_points(trial, domain, settings).analysable
        at = pd.MultiIndex.from_arrays([series.patient[use], series.day[use]])
        known = pd.Series(series.value[use], index=at)
        columns[domain] = known[~known.index.duplicated()]
    wide = pd.DataFrame(columns)
    if wide.empty:
        return None
    scores = wide.to_numpy(dtype=np.float64)
    unknown = np.isnan(scores)
    return (
        wide.index.get_level_values(0).to_numpy(dtype=np.int64),
        wide.index.get_level_values(1).to_numpy(dtype=np.float64),
        np.where(unknown, 0, scores),
        np.where(unknown, _ITEMS_A_DOMAIN * _HIGHEST, scores),
        np.repeat(unknown, _ITEMS_A_DOMAIN, axis=1),
    )
