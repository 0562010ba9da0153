"""What holds above the sizes up to which distributions are counted exactly."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.signed_rank import hodges_lehmann

# R 4.2.2: k = qsignrank(tail, n) and 1 - 2 * psignrank(k - 1, n), exact.
QSIGNRANK = [
    (201, 0.99, 8029, 0.9900332),
    (201, 0.95, 8533, 0.9500971),
    (201, 0.90, 8792, 0.9001378),
    (250, 0.95, 13445, 0.9500957),
    (400, 0.99, 34148, 0.9900109),
    (400, 0.95, 35567, 0.9500052),
    (900, 0.90, 189893, 0.9000217),
]


@pytest.mark.parametrize(("n", "level", "k", "attained"), QSIGNRANK)
def test_interval_of_many_patients_takes_the_walsh_averages_that_r_counts(n, level, k, attained):
    values = np.random.default_rng(n).standard_normal(n)
    i, j = np.triu_indices(n)
    walsh = np.sort((values[i] + values[j]) / 2)
    estimate, low, high, level_of_ours = hodges_lehmann(values, level)
    assert estimate == pytest.approx(np.median(walsh), abs=1e-9)
    assert abs(np.searchsorted(walsh, low - 1e-9) + 1 - k) <= 10
    assert abs(len(walsh) - np.searchsorted(walsh, high - 1e-9) - k) <= 10
    assert level_of_ours == pytest.approx(attained, abs=2e-4)
