"""Profiled deviance of a linear mixed model, and its gradient."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from analysis.mixed_model.statistics import Statistics
from data.trial import FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Point:
    """The parameters that are searched over.

    Parameters
    ----------
    factor
        Lower triangle Λ: the random effects have the covariance σ² Λ Λ'.
    log_ratio
        Logarithm of the residual variance of stratum 1 over that of stratum 0.
    """

    factor: FloatArray
    log_ratio: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """The deviance at one point, and what it is made of; all in orthonormal columns.

    V is the covariance of y over σ².

    Parameters
    ----------
    deviance
        −2 log-likelihood without the terms that depend on the columns only.
    slope
        S: the change of the deviance with Λ is 2 S Λ, shape (q, q).
    ratio_slope
        Change of the deviance with the log ratio; 0 with one stratum.
    sum_of_squares
        r² = y'Py, the weighted residual sum of squares.
    spread
        Sum over patients of w w' with w = Z'Py, shape (q, q).
    ratio_spread
        Change of −r² with the log ratio.
    beta
        Generalised least-squares coefficients, shape (p,).
    information
        X'V⁻¹X, shape (p, p).
    weighted
        Z'V⁻¹[X y] of every patient, shape (q, p + 1, G).
    residual
        w = Z'Py of every patient, shape (q, G).
    """

    deviance: float
    slope: FloatArray
    ratio_slope: float
    sum_of_squares: float
    spread: FloatArray
    ratio_spread: float
    beta: FloatArray
    information: FloatArray
    weighted: FloatArray
    residual: FloatArray


def error_df(statistics: Statistics, *, reml: bool) -> int:
    """Return the divisor of the residual sum of squares: N − p for REML, N for ML."""
    return statistics.n_rows - (statistics.p if reml else 0)


def evaluate(
    statistics: Statistics, point: Point, *, reml: bool, sigma2: float | None = None
) -> Evaluation:
    """Return the deviance and its gradient.

    Parameters
    ----------
    statistics
        Sums of the rows.
    point
        Where.
    reml
        Restricted or full likelihood.
    sigma2
        Residual variance of stratum 0; ``None`` takes the best one (profiled deviance).

    Notes
    -----
    Bates, Mächler, Bolker & Walker 2015 (doi 10.18637/jss.v067.i01), eq. 30-41, for the relative
    covariance factor and the profiled deviance. With M = I + Λ'Z'R⁻¹ZΛ = LL' a patient, |V| = |M|
    |R| and V⁻¹ = R⁻¹ − R⁻¹ZΛM⁻¹Λ'Z'R⁻¹, so only q × q systems are solved. Gradient: with
    P = V⁻¹ − V⁻¹X(X'V⁻¹X)⁻¹X'V⁻¹, the deviance changes by tr(P dV) − y'P dV P y / σ² (Harville
    1977, doi 10.1080/01621459.1977.10480998), and dV = Z(dΛ Λ' + Λ dΛ')Z'.
    """
    q, p = statistics.q, statistics.p
    weight = weights(statistics, point)
    products = _weighted_sum(statistics.products, weight)
    totals = _weighted_sum(statistics.totals, weight)
    two = len(weight) > 1
    log_det, solved, half = _eliminate(point.factor, products, with_half=two)
    flat = solved.transpose(1, 0, 2).reshape(q + p + 1, -1)
    gram = flat @ flat.T
    cross = totals - gram[q:, q:]
    root = np.linalg.cholesky(cross[:p, :p])
    inverse_root = np.linalg.inv(root)
    projected = inverse_root @ cross[:p, p]
    beta = inverse_root.T @ projected
    r2 = float(cross[p, p] - projected @ projected)
    df = error_df(statistics, reml=reml)
    scale = df / r2 if sigma2 is None else 1 / sigma2
    deviance = log_det - float(statistics.rows @ np.log(weight)) + _scale_part(df, r2, sigma2)
    if reml:
        deviance += 2 * float(np.log(np.diag(root)).sum())

    weighted = products[:, q:] - np.einsum("kag,kbg->abg", solved[:, :q], solved[:, q:])
    turned = weighted.transpose(1, 0, 2).reshape(p + 1, -1)
    residual = (turned[p] - beta @ turned[:p]).reshape(q, -1)
    spread = residual @ residual.T
    slope = products[:, :q].sum(axis=2) - gram[:q, :q] - scale * spread
    if reml:
        fixed = (inverse_root @ turned[:p]).reshape(p, q, -1).transpose(1, 0, 2).reshape(q, -1)
        slope -= fixed @ fixed.T
    ratio_trace, ratio_spread = 0.0, 0.0
    if two:
        inverse = inverse_root if reml else None
        ratio_trace, ratio_spread = _ratio_terms(statistics, weight, half, solved, beta, inverse)
    return Evaluation(
        deviance=deviance,
        slope=slope,
        ratio_slope=ratio_trace - scale * ratio_spread,
        sum_of_squares=r2,
        spread=spread,
        ratio_spread=ratio_spread,
        beta=beta,
        information=cross[:p, :p],
        weighted=weighted,
        residual=residual,
    )


def half_inverse(statistics: Statistics, point: Point) -> FloatArray:
    """Return L⁻¹ Λ' of every patient, shape (q, q, G).

    Its Gram matrix J a patient has V⁻¹ = R⁻¹ − R⁻¹ZJZ'R⁻¹.
    """
    products = _weighted_sum(statistics.products, weights(statistics, point))
    return _eliminate(point.factor, products, with_half=True)[2]


def residual_products(
    statistics: Statistics, stratum: int, projected: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return sums of the residuals E = [X y] − ZK in one stratum.

    Parameters
    ----------
    statistics
        Sums of the rows.
    stratum
        Which.
    projected
        K = JZ'R⁻¹[X y] of every patient, shape (q, p + 1, G).

    Returns
    -------
    tuple
        Z'E of every patient, shape (q, p + 1, G), and E'E over all, shape (p + 1, p + 1).
    """
    q = statistics.q
    products = statistics.products[stratum]
    zz, zxy = products[:, :q], products[:, q:]
    inner = zxy - np.einsum("abg,bmg->amg", zz, projected)
    cross = np.einsum("amg,akg->mk", projected, zxy)
    return inner, statistics.totals[stratum] - cross - np.einsum("amg,akg->mk", inner, projected)


def _ratio_terms(
    statistics: Statistics,
    weight: FloatArray,
    half: FloatArray,
    solved: FloatArray,
    beta: FloatArray,
    inverse_root: FloatArray | None,
) -> tuple[float, float]:
    """Return tr(P dV) and y'P dV P y for the log ratio; ML where there is no ``inverse_root``."""
    w = float(weight[1])
    q, p = statistics.q, statistics.p
    zz = statistics.products[1][:, :q]
    projected = np.einsum("kag,kmg->amg", half, solved[:, q:])
    _, gram = residual_products(statistics, 1, projected)
    leverage = np.einsum("kag,abg->kbg", half, zz)
    trace = float(statistics.rows[1]) - w * float(np.einsum("kbg,kbg->", leverage, half))
    if inverse_root is not None:
        trace -= w * float(np.trace(inverse_root @ gram[:p, :p] @ inverse_root.T))
    direction = np.append(-beta, 1.0)
    return trace, w * float(direction @ gram @ direction)


def weights(statistics: Statistics, point: Point) -> FloatArray:
    """Return 1 over the relative residual variance of every stratum."""
    return np.asarray([1.0, math.exp(-point.log_ratio)][: len(statistics.rows)])


def _weighted_sum(sums: FloatArray, weight: FloatArray) -> FloatArray:
    return sums[0] if len(weight) == 1 else np.asarray(sums[0] + weight[1] * sums[1])


def _scale_part(df: int, r2: float, sigma2: float | None) -> float:
    if sigma2 is None:
        return df * (1 + math.log(2 * math.pi * r2 / df))
    return df * math.log(2 * math.pi * sigma2) + r2 / sigma2


def _eliminate(
    factor: FloatArray, products: FloatArray, *, with_half: bool
) -> tuple[float, FloatArray, FloatArray]:
    """Return Σ log |M|, L⁻¹Λ'Z'R⁻¹[Z X y] and, if asked for, L⁻¹Λ', a patient, with M = LL'.

    Notes
    -----
    Gaussian elimination of [M | right sides] with rows divided by the root of the pivot, for all
    patients at once: what is left of M is L', what is left of the right sides is solved.
    """
    q, m, n = products.shape
    work = np.empty((q, q + m + (q if with_half else 0), n))
    work[:, q : q + m] = (factor.T @ products.reshape(q, -1)).reshape(q, m, n)
    # Both sides of Λ'(Z'Z)Λ in one product.
    both = (factor.T[:, None, :, None] * factor.T[None, :, None, :]).reshape(q * q, q * q)
    work[:, :q] = (both @ products[:, :q].reshape(q * q, -1)).reshape(q, q, n)
    work[range(q), range(q)] += 1
    if with_half:
        work[:, q + m :] = factor.T[:, :, None]
    for j in range(q):
        work[j, j:] /= np.sqrt(work[j, j])
        for i in range(j + 1, q):
            work[i, i:] -= work[j, i] * work[j, i:]
    pivots = work[range(q), range(q)]
    return 2 * float(np.log(pivots).sum()), work[:, q : q + m], work[:, q + m :]
