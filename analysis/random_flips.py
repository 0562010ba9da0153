"""Random subsets of patients, the ones whose signs a random flip changes."""

from __future__ import annotations

from typing import Final

import numpy as np

from data.trial import FloatArray

_BITS: Final = 12


def by_size(changes: FloatArray) -> FloatArray:
    """Return changes by absolute size, of two alike the negative one first.

    What is drawn for the patients one after another then depends neither on their order nor on
    whether all changes are mirrored at 0, unless changes of one size differ in sign.
    """
    return np.asarray(changes[np.lexsort((changes, np.abs(changes)))])


def subset_sums(values: FloatArray) -> FloatArray:
    """Return the sum of every subset; bit i of its place says whether value i is in it.

    Parameters
    ----------
    values
        Shape (n,).

    Returns
    -------
    array
        Shape (2ⁿ,); the empty subset comes first.
    """
    sums = np.zeros(1 << len(values))
    for bit, value in enumerate(values):
        known = 1 << bit
        np.add(sums[:known], value, out=sums[known : 2 * known])
    return sums


def random_subset_sums(rows: FloatArray, *, flips: int, seed: int) -> FloatArray:
    """Return the sums of random subsets, every patient in or out with probability ½.

    Parameters
    ----------
    rows
        Values of the patients, shape (k, n); one subset serves all rows. A row of ones gives the
        size of the subsets.
    flips, seed
        Number and start of the subsets. With as many patients they are the same in every call,
        whatever the values.

    Returns
    -------
    array
        Shape (k, flips).

    Notes
    -----
    12 patients at a time take 12 of the 16 bits of one random number, which are the place of their
    sum in the table of all 4,096: no sign is ever multiplied.
    """
    rng = np.random.default_rng(seed)
    sums, step = np.zeros((len(rows), flips)), np.empty(flips)
    for start in range(0, rows.shape[1], _BITS):
        drawn = rng.integers(0, 1 << 16, flips, dtype=np.uint16)
        block = rows[:, start : start + _BITS]
        place = (drawn & np.uint16((1 << block.shape[1]) - 1)).astype(np.intp)
        for of_row, total in zip(block, sums, strict=True):
            # "clip" spares a copy; no place is outside the table.
            np.take(subset_sums(of_row), place, out=step, mode="clip")
            total += step
    return sums
