"""What a t test can give for printed means and SDs: by samples that have just these numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from analysis.published.attainable import (
    Box,
    TTest,
    attainable_n,
    one_sample_range,
    p_range,
    paired_correlations,
    paired_range,
    t_range,
    unpaired_range,
)

POINT = Box((-5.4, -5.4), (2.3, 2.3), (-2.0, -2.0), (3.08, 3.08))
ROUNDED = Box((-5.45, -5.35), (2.25, 2.35), (-2.05, -1.95), (3.075, 3.085))
SLACK = 1e-9

means = st.floats(-20, 20)
sds = st.floats(0.1, 15)
widths = st.floats(0, 0.5)


@st.composite
def boxes(draw) -> Box:
    ends = []
    for centre in (draw(means), draw(sds), draw(means), draw(sds)):
        half = draw(widths)
        ends.append((centre - half, centre + half))
    first, sd1, second, sd2 = ends
    return Box(first, (max(0.01, sd1[0]), sd1[1]), second, (max(0.01, sd2[0]), sd2[1]))


def samples(inside: tuple[float, float, float, float], n: int, r: float) -> np.ndarray:
    """Return n pairs with just these means and SDs and this correlation, shape (n, 2)."""
    m1, s1, m2, s2 = inside
    z = np.random.default_rng(n).standard_normal((n, 2))
    z = np.linalg.qr(z - z.mean(axis=0))[0] * math.sqrt(n - 1)
    x = z[:, 0]
    y = r * z[:, 0] + math.sqrt(1 - r**2) * z[:, 1]
    return np.column_stack([m1 + s1 * x, m2 + s2 * y])


def somewhere(box: Box, at: tuple[float, ...]) -> tuple[float, float, float, float]:
    sides = (box.before_mean, box.before_sd, box.after_mean, box.after_sd)
    a, b, c, d = (low + share * (high - low) for (low, high), share in zip(sides, at, strict=True))
    return a, b, c, d


@settings(max_examples=150)
@given(boxes(), st.tuples(*[st.floats(0, 1)] * 4), st.integers(3, 30), st.floats(-0.999, 0.999))
def test_data_inside_the_box_have_a_p_inside_the_range(box, at, n, r):
    data = samples(somewhere(box, at), n, r)
    before, after = data.T
    assume(np.std(after - before) > 1e-6)
    assume(abs(np.mean(after - before)) > 1e-6)
    found: dict[TTest, float] = {
        "paired": stats.ttest_rel(after, before).pvalue,
        "student": stats.ttest_ind(after, before).pvalue,
        "before": float(stats.ttest_1samp(before, 0).pvalue),
        "after": float(stats.ttest_1samp(after, 0).pvalue),
    }
    for test, p in found.items():
        low, high = t_range(box, n, test)
        assert low * (1 - 1e-6) - SLACK <= p <= high * (1 + 1e-6) + SLACK, test
    low, high = p_range(box, n, r)
    assert low * (1 - 1e-6) - SLACK <= found["paired"] <= high * (1 + 1e-6) + SLACK
    ends = paired_correlations(box, n, (found["paired"], found["paired"]))
    assert ends is not None
    assert ends[0] - 1e-6 <= r <= ends[1] + 1e-6


@settings(max_examples=60)
@given(boxes(), st.tuples(*[st.floats(0, 1)] * 4), st.integers(3, 30))
def test_welch_of_data_inside_the_box_is_inside_the_range(box, at, n):
    before, after = samples(somewhere(box, at), n, 0.0).T
    p = stats.ttest_ind(after, before, equal_var=False).pvalue
    low, high = unpaired_range(box, n, True)
    assert low * (1 - 1e-3) - SLACK <= p <= high * (1 + 1e-3) + SLACK


@pytest.mark.parametrize("box", [POINT, ROUNDED])
@pytest.mark.parametrize("n", [4, 10, 18])
def test_the_ends_are_reached_by_a_fine_search_and_not_passed(box, n):
    grid = np.linspace(0, 1, 6)
    r = np.linspace(-1, 1, 81)
    m1, s1, m2, s2, rr = np.meshgrid(
        np.interp(grid, [0, 1], box.before_mean),
        np.interp(grid, [0, 1], box.before_sd),
        np.interp(grid, [0, 1], box.after_mean),
        np.interp(grid, [0, 1], box.after_sd),
        r,
    )
    sd = np.sqrt(s1**2 + s2**2 - 2 * rr * s1 * s2)
    p = 2 * stats.t.sf(np.abs(m2 - m1) * math.sqrt(n) / sd, n - 1)
    assert paired_range(box, n) == (
        pytest.approx(p.min(), rel=1e-9),
        pytest.approx(p.max(), rel=1e-9),
    )
    # Which r can print P = 0.014: the search finds no other, and comes as near as its steps.
    found = paired_correlations(box, n, (0.0135, 0.0145))
    hit = rr[(p >= 0.0135) & (p <= 0.0145)]
    assert found is not None
    # One correlation may fall between two steps, if no mean or SD is open.
    step = 0.05 if hit.size else 0.0
    ends = (hit.min(), hit.max()) if hit.size else found
    assert found[0] - SLACK <= ends[0] <= found[0] + step
    assert found[1] - step <= ends[1] <= found[1] + SLACK
    for r_end in found:
        low, high = p_range(box, n, r_end)
        assert low <= 0.0145 * (1 + SLACK)
        assert high >= 0.0135 * (1 - SLACK)


def test_the_hand_computed_case():
    # Change 3.4; SDs 3 and 4 with r = 0 give an SD of 5; n = 25 gives t = 3.4 with 24 df.
    box = Box((-5.4, -5.4), (3.0, 3.0), (-2.0, -2.0), (4.0, 4.0))
    p = 2 * stats.t.sf(3.4, 24)
    assert p_range(box, 25, 0.0) == (pytest.approx(p), pytest.approx(p))
    assert paired_correlations(box, 25, (p, p)) == (
        pytest.approx(0, abs=1e-9),
        pytest.approx(0, abs=1e-9),
    )
    # r = 1 leaves an SD of 1, r = −1 one of 7.
    assert paired_range(box, 25) == (
        pytest.approx(2 * stats.t.sf(17, 24)),
        pytest.approx(2 * stats.t.sf(17 / 7, 24)),
    )


def test_a_mean_that_may_be_zero_allows_p_of_one():
    box = Box((-1, 1), (1, 2), (-1, 1), (1, 2))
    assert paired_range(box, 8)[1] == 1
    assert paired_correlations(box, 8, (1.0, 1.0)) == (-1, 1)
    assert one_sample_range((-0.5, 0.5), (1, 2), 8)[1] == 1


def test_no_spread_means_a_p_of_zero_or_one():
    flat = Box((-2, -2), (0, 0), (-1, -1), (0, 0))
    assert paired_range(flat, 5) == (0, 0)
    level = Box((-2, -2), (0, 0), (-2, -2), (0, 0))
    assert paired_range(level, 5) == (1, 1)
    assert paired_correlations(flat, 5, (0.01, 0.02)) is None
    assert paired_correlations(flat, 1, (0.01, 0.02)) is None


def test_attainable_n_are_those_whose_range_holds_the_p():
    assert attainable_n(POINT, (0.0135, 0.0145), "paired", range(2, 41)) == tuple(range(4, 19))
    for n in (3, 19):
        low, high = paired_range(POINT, n)
        assert low > 0.0145 or high < 0.0135


def test_a_standard_error_times_the_root_of_n_is_an_sd():
    assert POINT.times(2.0) == Box((-5.4, -5.4), (4.6, 4.6), (-2.0, -2.0), (6.16, 6.16))
