"""Per-patient sums that the likelihood of a linear mixed model depends on.

Every row is read once. All later work is on arrays whose last axis is the patient, so that it is
vectorised over patients and small in the other axes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from analysis.mixed_model.data import MixedData, NotEstimable
from data.trial import FloatArray

_PERFECT: Final = 1e-11
"""Share of the sum of squares below which what is left is rounding error, not residuals."""

_RANK: Final = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Statistics:
    """Sums of products in orthonormal columns; the first axis is the residual stratum.

    Parameters
    ----------
    products
        Z'[Z X y] of every patient, shape (s, q, q + p + 1, G).
    totals
        [X y]'[X y] over all patients, shape (s, p + 1, p + 1).
    rows
        Rows of each stratum, shape (s,).
    x_triangle, z_triangle
        Upper triangles: the original columns are the orthonormal ones times these.
    beta_offset
        Ordinary least-squares coefficients that were taken out of y, for the orthonormal columns.
    """

    products: FloatArray
    totals: FloatArray
    rows: FloatArray
    x_triangle: FloatArray
    z_triangle: FloatArray
    beta_offset: FloatArray

    @property
    def q(self) -> int:
        """Random effects a patient."""
        return int(self.products.shape[1])

    @property
    def p(self) -> int:
        """Fixed effects."""
        return int(self.totals.shape[1]) - 1

    @property
    def n_patients(self) -> int:
        """Patients."""
        return int(self.products.shape[3])

    @property
    def n_rows(self) -> int:
        """Rows."""
        return int(self.rows.sum())


def summarise_rows(data: MixedData, *, two_variances: bool) -> Statistics:
    """Return the sums of ``data``.

    Parameters
    ----------
    data
        The rows.
    two_variances
        Whether sums are kept apart by ``data.stratum``.

    Raises
    ------
    NotEstimable
        If nothing is left over for the residual variance.

    Notes
    -----
    The model does not depend on the basis of its columns, because the covariance of the random
    effects is unstructured. X and Z are therefore replaced by orthonormal columns (times √N for
    Z, so that a relative covariance of 1 means as much spread as the residuals have), and y by its
    least-squares residuals. Shifts and units of time and score then change nothing but the last
    bits.
    """
    x, x_triangle = np.linalg.qr(data.x)
    z, z_triangle = np.linalg.qr(data.z)
    unit = np.sqrt(data.n_rows)
    z, z_triangle = z * unit, z_triangle / unit
    offset = x.T @ data.y
    y = data.y - x @ offset
    # The second pass removes what rounding left of a large mean.
    again = x.T @ y
    y, offset = y - x @ again, offset + again
    raw = float(data.y @ data.y)
    if float(y @ y) <= _PERFECT**2 * raw or float(y @ y) == 0:
        raise NotEstimable("the fixed effects fit every value exactly: no residual is left")
    if two_variances and data.stratum is not None:
        strata = [data.stratum == 0, data.stratum == 1]
    else:
        strata = [np.ones(data.n_rows, dtype=np.bool_)]
    columns = np.column_stack([z, x, y])
    result = Statistics(
        products=np.stack([_products(data, columns, chosen) for chosen in strata]),
        totals=np.stack([_gram(columns[chosen, z.shape[1] :]) for chosen in strata]),
        rows=np.asarray([chosen.sum() for chosen in strata], dtype=np.float64),
        x_triangle=x_triangle,
        z_triangle=z_triangle,
        beta_offset=offset,
    )
    _require_residuals(result)
    return result


def _products(data: MixedData, columns: FloatArray, chosen: FloatArray) -> FloatArray:
    q, m = data.z.shape[1], columns.shape[1]
    who = data.patient[chosen]
    # One column after the other in memory, or every sum would stride over all of them.
    series = np.ascontiguousarray(columns[chosen].T)
    sums = np.empty((q, m, data.n_patients))
    for a in range(q):
        for b in range(m):
            if b < a:
                sums[a, b] = sums[b, a]
            else:
                sums[a, b] = np.bincount(who, series[a] * series[b], data.n_patients)
    return sums


def _gram(columns: FloatArray) -> FloatArray:
    return np.asarray(columns.T @ columns)


def _require_residuals(statistics: Statistics) -> None:
    """Raise unless rows are left over when every patient has random effects of their own.

    The regression of y on X and on Z within each patient leaves the residuals that the residual
    variance is told apart by.
    """
    q = statistics.q
    products = statistics.products.sum(axis=0)
    totals = statistics.totals.sum(axis=0)
    values, vectors = np.linalg.eigh(np.moveaxis(products[:, :q], 2, 0))
    kept = values > _RANK * values[:, -1:]
    if statistics.n_rows - int(kept.sum()) < 1:
        raise NotEstimable(
            "no patient has more visits than random effects, so that the spread between patients "
            "cannot be told from the residual spread"
        )
    rotated = np.einsum("gab,amg->gbm", vectors, products[:, q:])
    scaled = rotated * np.sqrt(np.where(kept, 1 / np.where(kept, values, 1), 0))[:, :, None]
    flat = scaled.reshape(-1, scaled.shape[2])
    within = totals - flat.T @ flat
    within_x, directions = np.linalg.eigh(within[:-1, :-1])
    # Columns of X have length 1: what is below lies in the patients' own random effects.
    apart = within_x > _RANK
    along = directions[:, apart].T @ within[:-1, -1]
    left = within[-1, -1] - along @ (along / within_x[apart])
    if left <= _PERFECT * totals[-1, -1]:
        raise NotEstimable(
            "every patient's values lie exactly on their own line, so that the residual variance "
            "is zero"
        )
