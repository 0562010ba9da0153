"""The small-sample covariance and degrees of freedom of Kenward and Roger."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from analysis.mixed_model.deviance import half_inverse
from analysis.mixed_model.search import Optimum
from analysis.mixed_model.statistics import Statistics
from analysis.mixed_model.strata import StratumSums, stratum_sums, total_products
from data.trial import FloatArray

_FLAT: Final = 1e-10


@dataclass(frozen=True, slots=True, eq=False)
class KenwardRoger:
    """Kenward and Roger's quantities for orthonormal columns and a residual variance of 1.

    Parameters
    ----------
    phi
        Covariance Φ of the coefficients, shape (p, p).
    adjusted
        Φ_A, which allows for the estimated covariance parameters, shape (p, p).
    slopes
        P of every covariance parameter, shape (k, p, p).
    covariance
        W, the covariance of the covariance parameters, shape (k, k).
    determined
        Smallest eigenvalue of the expected information of the covariance parameters, in units in
        which its diagonal is 1; 0 where the data do not tell some of them apart.
    """

    phi: FloatArray
    adjusted: FloatArray
    slopes: FloatArray
    covariance: FloatArray
    determined: float

    def df(self, contrast: FloatArray) -> float:
        """Return the degrees of freedom of one contrast, shape (p,).

        Notes
        -----
        With one contrast the paper's A₁ and A₂ are equal, its scale factor is 1 and its degrees of
        freedom are 2 / A.
        """
        weights = self.phi @ contrast
        gradient = np.einsum("x,kxy,y->k", weights, self.slopes, weights) / (contrast @ weights)
        a = float(gradient @ self.covariance @ gradient)
        return 2 / a if a > 0 else math.inf


def kenward_roger(statistics: Statistics, optimum: Optimum, phi: FloatArray) -> KenwardRoger:
    """Return the adjusted covariance and what the degrees of freedom need.

    Parameters
    ----------
    statistics, optimum
        The sums and the fit by REML.
    phi
        Covariance of the coefficients over σ².

    Notes
    -----
    Kenward & Roger 1997 (doi 10.2307/2533558). The covariance of y is linear in its parameters:
    the entries of Ψ and one residual variance a stratum, so that the paper's R is zero. With
    Gᵢ = dV/dσᵢ: Pᵢ = −X'V⁻¹GᵢV⁻¹X, Qᵢⱼ = X'V⁻¹GᵢV⁻¹GⱼV⁻¹X, W⁻¹ = ½ [tr(V⁻¹GᵢV⁻¹Gⱼ) − tr(2ΦQᵢⱼ −
    ΦPᵢΦPⱼ)], Φ_A = Φ + 2Φ [Σ Wᵢⱼ (Qᵢⱼ − PᵢΦPⱼ)] Φ. All of it comes from q × q sums a patient; no
    N × N matrix is formed.
    """
    slopes, products, traces = _parts(statistics, optimum)
    spread = np.einsum("ixy,yz,jzw->ijxw", slopes, phi, slopes)
    information = traces - np.einsum("xy,ijyx->ij", phi, 2 * products - spread)
    inverse, determined = _inverse((information + information.T) / 2)
    covariance = 2 * inverse
    correction = np.einsum("ij,ijxy->xy", covariance, products - spread)
    adjusted = phi + 2 * phi @ correction @ phi
    return KenwardRoger(phi, (adjusted + adjusted.T) / 2, slopes, covariance, determined)


def _parts(statistics: Statistics, optimum: Optimum) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return P (k, p, p), Q (k, k, p, p) and tr(V⁻¹GᵢV⁻¹Gⱼ) (k, k); Ψ first, then residuals."""
    q, p = statistics.q, statistics.p
    basis = _symmetric_basis(q)
    strata = [stratum_sums(statistics, optimum, s) for s in range(len(statistics.rows))]
    random, k = len(basis), len(basis) + len(strata)
    zvx = optimum.evaluation.weighted[:, :p]
    zz = total_products(statistics, optimum)[:, :q]
    half = half_inverse(statistics, optimum.point)
    half_zz = np.einsum("abg,bcg->acg", half, zz)
    zvz = zz - np.einsum("kag,kbg->abg", half_zz, half_zz)
    slopes, traces = np.empty((k, p, p)), np.empty((k, k))
    products = np.empty((k, k, p, p))
    slopes[:random] = -np.einsum("kab,axby->kxy", basis, _pairs(zvx, zvx))
    squares = np.einsum("kda,abcd,lbc->kl", basis, _pairs(zvz, zvz), basis, optimize=True)
    traces[:random, :random] = squares
    triples = _triples(zvx, zvz)
    products[:random, :random] = np.einsum(
        "kca,abcxdy,lbd->klxy", basis, triples, basis, optimize=True
    )
    for s, part in enumerate(strata):
        at = random + s
        slopes[at] = -part.xx
        traces[at, :random] = np.einsum("kab,ba->k", basis, part.zz.sum(axis=2))
        traces[:random, at] = traces[at, :random]
        products[:random, at] = np.einsum("kab,axby->kxy", basis, _pairs(zvx, part.zx))
        products[at, :random] = products[:random, at].swapaxes(1, 2)
        for other, second in enumerate(strata):
            mixed, trace = _between(half, part, second, same=s == other)
            products[at, random + other], traces[at, random + other] = mixed, trace
    return slopes, products, traces


def _between(
    half: FloatArray, first: StratumSums, second: StratumSums, *, same: bool
) -> tuple[FloatArray, float]:
    """Return Q and the trace for the residual variances of two strata."""
    weight = first.weight * second.weight
    left = np.einsum("kag,axg->kxg", half, first.own_zx)
    right = np.einsum("kag,axg->kxg", half, second.own_zx)
    mixed = -weight * np.einsum("kxg,kyg->xy", left, right)
    trace = weight**2 * float(np.einsum("abg,bag->", first.leverage, second.leverage))
    if same:
        mixed = mixed + first.weight * first.xx
        leverage = float(np.einsum("aag->", first.leverage))
        trace += first.weight**2 * (first.rows - 2 * first.weight * leverage)
    return mixed, trace


def _symmetric_basis(q: int) -> FloatArray:
    """Return one symmetric 0-1 matrix for each entry of the lower triangle, shape (k, q, q)."""
    rows, columns = np.tril_indices(q)
    basis = np.zeros((len(rows), q, q))
    at = np.arange(len(rows))
    basis[at, rows, columns] = basis[at, columns, rows] = 1
    return basis


def _pairs(left: FloatArray, right: FloatArray) -> FloatArray:
    """Return the sum over patients of all products of two entries, shape (a, b, c, d)."""
    n = left.shape[2]
    flat = left.reshape(-1, n) @ right.reshape(-1, n).T
    return np.asarray(flat.reshape(*left.shape[:2], *right.shape[:2]))


def _triples(zvx: FloatArray, zvz: FloatArray) -> FloatArray:
    """Return sums of Z'V⁻¹Z (a, b) times two entries of Z'V⁻¹X, shape (a, b, c, x, d, y)."""
    q, p, n = zvx.shape
    flat = zvx.reshape(-1, n)
    twice = (flat[:, None] * flat[None]).reshape(-1, n)
    return np.asarray((zvz.reshape(-1, n) @ twice.T).reshape(q, q, q, p, q, p))


def _inverse(information: FloatArray) -> tuple[FloatArray, float]:
    """Return the inverse without flat directions, and the smallest eigenvalue in units of 1."""
    scale = np.sqrt(np.maximum(np.diag(information), np.finfo(np.float64).tiny))
    values, directions = np.linalg.eigh(information / np.outer(scale, scale))
    kept = values > _FLAT
    inverse = (directions[:, kept] / values[kept]) @ directions[:, kept].T
    return np.asarray(inverse / np.outer(scale, scale)), float(values[0])
