"""The table of the validation in the docs is what the script gives, and says what it shows."""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from benchmarks.untreated_validation import (
    BEGIN,
    END,
    FALSE,
    MEAN,
    READINGS,
    SD,
    SHARE,
    TOLERANCES,
    R,
    Row,
    lines,
    rows,
    sampling_interval,
)

DOC = Path(__file__).resolve().parents[2] / "docs" / "untreated-validation.md"
PEOPLE, TRIALS = 30_000, 1_500


def noise(row: Row) -> float:
    """Return five standard errors of the smaller run, and half of the last printed digit."""
    # Subgroups hold at least a tenth of the people; heavy tails widen the error of an SD.
    some = {
        SD: 0.005 + 5 * 1.5 * row.ours / math.sqrt(2 * PEOPLE),
        R: 0.005 + 5 / math.sqrt(PEOPLE),
        SHARE: 0.5 + 5 * 50 / math.sqrt(PEOPLE / 10),
        MEAN: 0.005 + 5 * 1.0 / math.sqrt(PEOPLE / 10),
        FALSE: 0.5 + 5 * 50 / math.sqrt(TRIALS),
    }
    return some[row.kind]


def table() -> list[list[str]]:
    text = DOC.read_text("utf-8").split(BEGIN)[1].split(END)[0]
    found = [line for line in text.splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in found]
    return [row for row in cells if row[0] not in ("source", "---")]


def number(text: str) -> float:
    return float(text.split(" (")[0].replace("−", "-"))


@cache
def computed() -> tuple[Row, ...]:
    return tuple(rows(PEOPLE, TRIALS))


def test_every_row_of_the_script_stands_in_the_docs_in_its_order():
    assert [(row.source, row.what.replace("-", "−")) for row in computed()] == [
        (source, what) for source, what, *_ in table()
    ]
    assert len(table()) == 111
    head, rule, *body = lines(list(computed()[:1]))
    assert f"{BEGIN}\n\n{head}\n{rule}\n{body[0].split(' | ')[0]}" in DOC.read_text("utf-8")


def test_the_numbers_in_the_docs_are_those_of_the_script():
    for row, (_, what, published, ours, deviation, _) in zip(computed(), table(), strict=True):
        assert number(published) == pytest.approx(row.published, abs=0.5), what
        assert number(ours) == pytest.approx(row.ours, abs=noise(row)), what
        assert number(deviation) == pytest.approx(
            number(ours) - row.published, abs=1.01 if row.kind in (SHARE, FALSE) else 0.0101
        ), what


def test_met_is_said_where_the_printed_deviation_is_within_the_tolerance():
    near = 0
    for row, (_, what, _, _, deviation, said) in zip(computed(), table(), strict=True):
        allowed = TOLERANCES[row.kind] * (row.published if row.kind == SD else 1)
        printed, unit = abs(number(deviation)), 0.5 if row.kind in (SHARE, FALSE) else 0.005
        if abs(printed - allowed) <= unit:
            near += 1
            continue
        assert (said == "met") == (printed < allowed), what
        if said == "met":
            # What is called met is met by the smaller run too, but for its own error.
            assert abs(row.deviation) <= allowed + noise(row), what
    assert near < 12
    met = sum(row[-1] == "met" for row in table())
    assert f"{met} of {len(table())} rows are met" in DOC.read_text("utf-8")


def test_intervals_in_the_docs_are_those_of_the_published_numbers():
    for row, (_, what, published, ours, _, said) in zip(computed(), table(), strict=True):
        assert ("(" in published) == bool(row.n), what
        assert (row.kind in (SD, R, SHARE)) == bool(row.n), what
        if row.n:
            low, high = (number(end) for end in published.split("(")[1].strip(")").split(" to "))
            assert low < row.published < high
            inside = low <= number(ours) <= high
            if min(abs(number(ours) - low), abs(number(ours) - high)) > 0.5:
                assert ("within" in said) == (inside and "not met" in said), what


def test_intervals_follow_the_textbook():
    """Against Wilson 1927 by its quadratic, Fisher's z, and an SD's χ² by simulation."""
    z = 1.959964
    low, high = (end / 100 for end in sampling_interval(SHARE, 20, 50))
    for end in (low, high):
        assert abs(0.2 - end) == pytest.approx(z * math.sqrt(end * (1 - end) / 50), rel=1e-6)
    low, high = sampling_interval(R, 0.2, 103)
    assert np.arctanh([low, high]) == pytest.approx(np.arctanh(0.2) + np.array([-0.1, 0.1]) * z)
    low, high = sampling_interval(SD, 2.0, 27)
    sds = np.random.default_rng(1).standard_normal((40_000, 27)).std(axis=1, ddof=1)
    # The interval is what holds the published SD in 95 of 100 samples: its ends are true SDs of
    # which 2.5 % of the samples lie beyond the published one.
    assert np.mean(sds * low >= 2.0) == pytest.approx(0.025, abs=0.004)
    assert np.mean(sds * high <= 2.0) == pytest.approx(0.025, abs=0.004)
    with pytest.raises(ValueError, match="no interval"):
        sampling_interval(MEAN, 1.0, 10)


def test_readings_of_the_early_visits_hold_everybody_and_end_by_month_3():
    for parts in READINGS.values():
        assert sum(share for share, _ in parts) == pytest.approx(1)
        assert all(months[0] == 0 and 2 <= months[-1] <= 3 for _, months in parts)


def test_tolerances_are_those_that_the_docs_name():
    text = " ".join(DOC.read_text("utf-8").split())
    assert TOLERANCES == {SD: 0.10, R: 0.05, SHARE: 5.0, MEAN: 0.15, FALSE: 10.0}
    for words in (
        "an SD within 10 % of",
        "correlation within 0.05",
        "share of people within 5 percentage",
        "mean slope within 0.15 points/month",
        "share of false successes within 10 percentage",
    ):
        assert words in text


def test_a_row_is_judged_by_its_own_kind():
    assert Row("", "", SD, 2.0, 2.2).met
    assert not Row("", "", SD, 2.0, 2.21).met
    assert Row("", "", SHARE, 20, 25).met
    assert not Row("", "", SHARE, 20, 25.1).met
    assert not Row("", "", FALSE, 90, 79).met
    assert np.isclose(Row("", "", MEAN, -1.0, -0.8).deviation, 0.2)
