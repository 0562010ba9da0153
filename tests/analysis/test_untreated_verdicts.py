"""The table of verdicts in the docs: its main lines are seen again in a few seeds."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from analysis.untreated.history import HISTORIES
from benchmarks.untreated_verdicts import DESIGNS, EFFECT, KEY, made, verdicts

DOC = Path(__file__).resolve().parents[2] / "docs" / "untreated-verdicts.md"
HISTORY = replace(HISTORIES[KEY], level_mean=36.0, level_sd=4.0)
SEEDS = 16


def printed() -> dict[tuple[str, str], list[float]]:
    lines = [line for line in DOC.read_text("utf-8").splitlines() if line.startswith("| ")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {
        (row[0], row[1]): [float(cell) for cell in row[2:] if cell]
        for row in rows
        if row[1] in ("0", f"+{EFFECT:g}")
    }


def counted(at: int, effect: float) -> Counter[str]:
    found = (
        verdicts(made(DESIGNS[at], HISTORY, seed, effect), presets=False) for seed in range(SEEDS)
    )
    return Counter(key for key, _ in found)


def test_every_design_of_the_script_stands_in_the_docs():
    assert set(printed()) == {(d.name, e) for d in DESIGNS for e in ("0", "+0.5")}
    for shares in printed().values():
        assert sum(shares[:3]) == pytest.approx(100)


def test_in_20_patients_an_effect_changes_the_verdict_in_most_seeds():
    without, with_effect = counted(1, 0.0), counted(1, EFFECT)
    table = printed()
    name = DESIGNS[1].name
    # Binomial with the printed share: 16 seeds differ from it by four standard errors at most.
    assert without["rare"] <= 1
    assert without["inconclusive"] == 0
    share = table[name, "+0.5"][0] / 100
    assert with_effect["rare"] / SEEDS == pytest.approx(share, abs=4 * (0.25 / SEEDS) ** 0.5)
    assert with_effect["rare"] >= 9
    assert table[name, "+0.5"][3] >= 80


def test_with_two_visits_before_and_six_patients_nothing_is_decided():
    assert counted(len(DESIGNS) - 1, EFFECT) == {"inconclusive": SEEDS}
