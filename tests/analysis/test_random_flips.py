"""Random subsets: who is in them, and that the test and its interval rest on the same ones."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from analysis.random_flips import by_size, random_subset_sums, subset_sums
from analysis.sign_flip_interval import sign_flip_interval
from analysis.signed_rank import sign_flip


def test_sums_of_all_subsets_by_hand():
    assert_array_equal(
        subset_sums(np.array([1.0, 10.0, 100.0])), [0, 1, 10, 11, 100, 101, 110, 111]
    )
    assert_array_equal(subset_sums(np.empty(0)), [0])


@pytest.mark.parametrize("n", [1, 12, 25, 30])
def test_every_patient_is_in_half_of_the_subsets_and_independent_of_the_others(n):
    flips = 40_000
    # A row that is 1 for one patient tells whether that patient is in the subset.
    inside = random_subset_sums(np.eye(n), flips=flips, seed=5)
    assert set(np.unique(inside)) == {0.0, 1.0}
    products = (2 * inside - 1) @ (2 * inside - 1).T / flips
    off = products - np.eye(n)
    # 5 standard errors of a mean of independent signs.
    assert np.abs(off).max() < 5 / np.sqrt(flips)
    assert np.abs(inside.mean(axis=1) - 0.5).max() < 2.5 / np.sqrt(flips)


def test_rows_share_their_subsets_whatever_their_values():
    values = np.random.default_rng(1).normal(size=(2, 27))
    inside = random_subset_sums(np.eye(27), flips=2_000, seed=5)
    assert_allclose(random_subset_sums(values, flips=2_000, seed=5), values @ inside, atol=1e-12)
    assert not np.allclose(random_subset_sums(values, flips=2_000, seed=6), values @ inside)


def test_neither_the_order_of_patients_nor_a_mirror_image_matters():
    values = np.random.default_rng(2).normal(0.2, 1, 70)
    tails = sign_flip(values, flips=3_000, seed=9)
    assert sign_flip(values[::-1], flips=3_000, seed=9) == tails
    mirrored = sign_flip(-values, flips=3_000, seed=9)
    assert mirrored.two_sided == tails.two_sided
    assert (mirrored.greater, mirrored.less) == (tails.less, tails.greater)
    assert_array_equal(by_size(np.array([3.0, -1.0, 1.0, -2.0])), [-1, 1, -2, 3])


def test_interval_excludes_0_where_the_one_sided_test_rejects_it():
    rng = np.random.default_rng(3)
    found = []
    for seed in range(200):
        values = rng.normal(size=50)
        # All near the border, where other flips would decide otherwise.
        values += rng.uniform(1.8, 2.2) * values.std() / np.sqrt(50) - values.mean()
        interval, _ = sign_flip_interval(values, 0.95, flips=999, seed=seed)
        assert interval is not None
        rejected = sign_flip(values, flips=999, seed=seed).greater <= 0.025
        assert (interval.low > 0) == rejected
        found.append(rejected)
    assert 20 < sum(found) < 180


def test_other_flips_would_disagree_with_the_interval():
    # The test before has nothing to show unless the flips matter near the border.
    values = np.random.default_rng(4).normal(size=50)
    values += 2.0 * values.std() / np.sqrt(50) - values.mean()
    rejected = {sign_flip(values, flips=999, seed=seed).greater <= 0.025 for seed in range(40)}
    assert rejected == {True, False}
