"""Sums over the rows of one residual stratum that derivatives by its variance need."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.mixed_model.deviance import half_inverse, residual_products, weights
from analysis.mixed_model.search import Optimum
from analysis.mixed_model.statistics import Statistics
from data.trial import FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class StratumSums:
    """Sums of products of rows of V⁻¹X and V⁻¹Z that belong to one stratum.

    Parameters
    ----------
    weight
        1 over the relative residual variance of the stratum.
    rows
        Rows in it.
    xx
        Of V⁻¹X with itself over all patients, shape (p, p).
    own_zx
        Of Z with V⁻¹X a patient, shape (q, p, G).
    zx
        Of V⁻¹Z with V⁻¹X a patient, shape (q, p, G).
    zz
        Of V⁻¹Z with itself a patient, shape (q, q, G).
    leverage
        J Z'Z a patient, shape (q, q, G).
    """

    weight: float
    rows: float
    xx: FloatArray
    own_zx: FloatArray
    zx: FloatArray
    zz: FloatArray
    leverage: FloatArray


def total_products(statistics: Statistics, optimum: Optimum) -> FloatArray:
    """Return Z'R⁻¹[Z X y] of every patient, shape (q, q + p + 1, G)."""
    return np.asarray(np.tensordot(weights(statistics, optimum.point), statistics.products, axes=1))


def stratum_sums(statistics: Statistics, optimum: Optimum, stratum: int) -> StratumSums:
    """Return the sums of one stratum.

    Parameters
    ----------
    statistics, optimum
        The sums of all rows and the fit.
    stratum
        Which.

    Notes
    -----
    V⁻¹Z = R⁻¹Z(I − JZ'R⁻¹Z) and V⁻¹X = R⁻¹(X − ZJZ'R⁻¹X).
    """
    q, p = statistics.q, statistics.p
    half = half_inverse(statistics, optimum.point)
    inner = np.einsum("kag,kbg->abg", half, half)
    products = total_products(statistics, optimum)
    weight = float(weights(statistics, optimum.point)[stratum])
    own = statistics.products[stratum][:, :q]
    projected = np.einsum("abg,bmg->amg", inner, products[:, q:])
    residual, gram = residual_products(statistics, stratum, projected)
    shrink = np.eye(q)[:, :, None] - np.einsum("abg,bcg->acg", inner, products[:, :q])
    own_shrunk = np.einsum("abg,bcg->acg", own, shrink)
    own_zx = weight * residual[:, :p]
    return StratumSums(
        weight=weight,
        rows=float(statistics.rows[stratum]),
        xx=weight**2 * gram[:p, :p],
        own_zx=own_zx,
        zx=weight * np.einsum("bag,bxg->axg", shrink, own_zx),
        zz=weight**2 * np.einsum("bag,bcg->acg", shrink, own_shrunk),
        leverage=np.einsum("abg,bcg->acg", inner, own),
    )
