"""The table of the validation in the docs is what the script gives, and says what it shows."""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from benchmarks.untreated_validation import FALSE, MEAN, SD, SHARE, TOLERANCES, R, Row, rows

DOC = Path(__file__).resolve().parents[2] / "docs" / "untreated-validation.md"
PEOPLE, TRIALS = 30_000, 1_500
# By kind: five standard errors of the smaller run, and half of the last printed digit.
NOISE = {
    SD: 0.005 + 5 * 1.1 / math.sqrt(2 * PEOPLE),
    R: 0.005 + 5 / math.sqrt(PEOPLE),
    # Subgroups hold at least a tenth of the people.
    SHARE: 0.5 + 5 * 50 / math.sqrt(PEOPLE / 10),
    MEAN: 0.005 + 5 * 0.5 / math.sqrt(PEOPLE / 10),
    FALSE: 0.5 + 5 * 50 / math.sqrt(TRIALS),
}


def table() -> list[list[str]]:
    lines = [line for line in DOC.read_text("utf-8").splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in lines]
    return [row for row in cells if row[0] not in ("source", "---")]


def number(text: str) -> float:
    return float(text.replace("−", "-"))


@cache
def computed() -> tuple[Row, ...]:
    return tuple(rows(PEOPLE, TRIALS))


def test_every_row_of_the_script_stands_in_the_docs_in_its_order():
    assert [(row.source, row.what.replace("-", "−")) for row in computed()] == [
        (source, what) for source, what, *_ in table()
    ]
    assert len(table()) == 65


def test_the_numbers_in_the_docs_are_those_of_the_script():
    for row, (_, what, published, ours, deviation, _) in zip(computed(), table(), strict=True):
        assert number(published) == pytest.approx(row.published, abs=0.5), what
        assert number(ours) == pytest.approx(row.ours, abs=NOISE[row.kind]), what
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
    assert near < 12
    assert sum(row[-1] == "met" for row in table()) == 34
    assert "34 of 65 rows" in DOC.read_text("utf-8")


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
