"""Holm's correction of P values."""

from __future__ import annotations


def holm(p_values: list[float]) -> list[float]:
    """Return P values after Holm's correction for several endpoints.

    Notes
    -----
    Holm 1979, *Scandinavian Journal of Statistics* 6:65-70. statsmodels has the same formula, but
    collects garbage on every call, which alone takes longer than the whole comparison.
    """
    corrected = [0.0] * len(p_values)
    largest = 0.0
    for rank, at in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[at]))
        corrected[at] = largest
    return corrected
