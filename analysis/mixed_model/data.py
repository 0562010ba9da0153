"""What a linear mixed model is fitted to, and what cannot be fitted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from data.trial import FloatArray, IntArray

_DEPENDENT: Final = 1e-9
"""Columns of length 1 whose smallest singular value is below this count as dependent."""


class NotEstimable(ValueError):
    """The data are well formed, yet do not determine the model; the message says why, in words."""


@dataclass(frozen=True, slots=True, eq=False)
class MixedData:
    """Rows of a linear mixed model, one a visit, in any order.

    Parameters
    ----------
    patient
        Codes 0 … G − 1, shape (N,); every code has a row.
    y
        Scores, shape (N,).
    x
        Columns of the fixed effects, shape (N, p), of full rank.
    z
        Columns of the random effects, shape (N, q), of full rank. Each patient has effects of
        their own, with one unstructured q × q covariance.
    names
        Names of the fixed effects.
    stratum
        0 or 1 for each row: rows with 1 may have a residual variance of their own.

    Raises
    ------
    ValueError
        If shapes do not fit, a number is not finite, columns are linearly dependent, there are
        fewer than p + 1 rows or than two patients, a code has no row, or no patient has more than
        one row.
    """

    patient: IntArray
    y: FloatArray
    x: FloatArray
    z: FloatArray
    names: tuple[str, ...]
    stratum: IntArray | None = None

    def __post_init__(self) -> None:
        for name in ("y", "x", "z"):
            object.__setattr__(self, name, np.asarray(getattr(self, name), dtype=np.float64))
        self._check_shapes()
        for name in ("y", "x", "z"):
            if not np.all(np.isfinite(getattr(self, name))):
                raise ValueError(f"{name} holds numbers that are missing or not finite")
        rows, columns = self.x.shape
        if rows < columns + 1:
            raise ValueError(
                f"{rows} rows are too few for {columns} fixed effects: at least {columns + 1} "
                "are needed"
            )
        self._check_codes()
        for name, what in (("x", "fixed"), ("z", "random")):
            if _dependent(getattr(self, name)):
                raise ValueError(f"the columns of the {what} effects are linearly dependent")

    def _check_shapes(self) -> None:
        rows = len(self.y)
        if self.y.ndim != 1 or self.x.ndim != 2 or self.z.ndim != 2:
            raise ValueError("y must have one dimension, x and z two")
        lengths = {len(self.x), len(self.z), len(self.patient)}
        if self.stratum is not None:
            lengths.add(len(self.stratum))
        if lengths != {rows}:
            raise ValueError("patient, y, x, z and stratum must have one entry a row")
        if self.x.shape[1] != len(self.names) or not self.names:
            raise ValueError("names must have one entry for each column of x, and at least one")
        if self.z.shape[1] == 0:
            raise ValueError("at least one random effect is needed")

    def _check_codes(self) -> None:
        codes = np.asarray(self.patient)
        if not np.issubdtype(codes.dtype, np.integer) or np.any(codes < 0):
            raise ValueError("patient must hold the codes 0, 1, 2 …")
        counts = np.bincount(codes)
        if np.any(counts == 0):
            raise ValueError("a patient code below the largest one has no row")
        if len(counts) < 2:
            raise ValueError("at least two patients are needed")
        if counts.max() < 2:
            raise ValueError("no patient has more than one row")
        if self.stratum is not None and not np.all(np.isin(self.stratum, (0, 1))):
            raise ValueError("stratum must hold 0 or 1")

    @property
    def n_rows(self) -> int:
        """Rows N."""
        return len(self.y)

    @property
    def n_patients(self) -> int:
        """Patients G."""
        return int(np.max(self.patient)) + 1


def _dependent(columns: FloatArray) -> bool:
    """Whether columns are linearly dependent, whatever their units."""
    if columns.shape[0] < columns.shape[1]:
        return True
    lengths = np.linalg.norm(columns, axis=0)
    if np.any(lengths == 0):
        return True
    triangle = np.linalg.qr(columns / lengths, mode="r")
    return bool(np.linalg.svd(triangle, compute_uv=False)[-1] < _DEPENDENT)
