"""King's and MiToS stages: every rule by hand, missing items, and the order of the stages."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.settings import Settings
from analysis.staging import kings_stages, mitos_stages, stage_visits
from data.trial import EVENT_COLUMNS, Trial
from tests.conftest import made

NAN = float("nan")


def visits(*changes, tube=False):
    """Return one visit for each change ``{item: score}`` of a full score."""
    rows = [{f"item_{n}": 4.0 for n in range(1, 13)} for _ in changes]
    for row, change in zip(rows, changes, strict=True):
        row.update({f"item_{n}": score for n, score in change.items()})
    return pd.DataFrame(rows).assign(gastrostomy=tube)


def king(change, tube=False):
    stages = kings_stages(visits(change, tube=tube))
    return stages.label(0), stages.reason(0)


def mitos(change):
    stages = mitos_stages(visits(change))
    return stages.label(0), stages.reason(0)


@pytest.mark.parametrize(
    ("change", "label", "why"),
    [
        ({}, "0/1", "no region by the items"),
        ({6: 0, 7: 0, 9: 0, 10: 1, 11: 0}, "0/1", "no region by the items"),
        ({1: 3}, "1", "bulbar region"),
        ({2: 3}, "1", "bulbar region"),
        ({3: 3}, "1", "bulbar region"),
        ({1: 0, 2: 0, 3: 0}, "1", "bulbar region"),
        ({4: 3}, "1", "upper limb"),
        ({5: 3}, "1", "upper limb"),
        ({8: 3}, "1", "lower limb"),
        ({7: 0, 9: 0, 8: 3}, "1", "lower limb"),
        ({1: 3, 4: 3}, "2", "bulbar region, upper limb"),
        ({5: 0, 8: 0}, "2", "upper limb, lower limb"),
        ({3: 1, 4: 0, 8: 0}, "3", "bulbar region, upper limb, lower limb"),
        ({10: 1}, "0/1", "no region by the items"),
        ({10: 0}, "4B", "4B: respiratory failure"),
        ({12: 3}, "4B", "4B: respiratory failure"),
        ({12: 0, 1: 0, 4: 0, 8: 0}, "4B", "4B: respiratory failure"),
        ({11: 0}, "0/1", "no region by the items"),
    ],
)
def test_kings_stage_without_a_tube(change, label, why):
    assert king(change) == (label, why)


def test_a_gastrostomy_is_4a_whatever_the_regions():
    assert king({}, tube=True) == ("4A", "4A: gastrostomy")
    assert king({1: 0, 4: 0, 8: 0}, tube=True) == ("4A", "4A: gastrostomy")


def test_both_failures_are_named():
    label, why = king({12: 2}, tube=True)
    assert label == "4A+4B"
    assert why == "4A: gastrostomy, 4B: respiratory failure"


@pytest.mark.parametrize(
    ("change", "label", "why"),
    [
        ({}, "0", "no domain lost"),
        ({8: 2, 6: 2, 3: 2, 1: 1, 4: 2, 10: 2, 12: 3}, "0", "no domain lost"),
        ({1: 2, 4: 0}, "0", "no domain lost"),
        ({8: 1}, "1", "movement"),
        ({6: 1}, "1", "movement"),
        ({6: 0, 8: 0}, "1", "movement"),
        ({3: 1}, "1", "swallowing"),
        ({1: 1, 4: 1}, "1", "communication"),
        ({10: 1}, "1", "breathing"),
        ({12: 2}, "1", "breathing"),
        ({12: 0, 10: 0}, "1", "breathing"),
        ({2: 0, 5: 0, 7: 0, 9: 0, 11: 0}, "0", "no domain lost"),
        ({8: 0, 3: 0}, "2", "movement, swallowing"),
        ({8: 0, 3: 0, 12: 0}, "3", "movement, swallowing, breathing"),
        (
            dict.fromkeys(range(1, 13), 0),
            "4",
            "movement, swallowing, communication, breathing",
        ),
    ],
)
def test_mitos_stage(change, label, why):
    assert mitos(change) == (label, why)


def test_communication_needs_both_items():
    """Table 1 of Chiò 2015 says AND; published code with OR would give another stage."""
    for speech, writing in itertools.product(range(5), repeat=2):
        lost = speech <= 1 and writing <= 1
        assert mitos({1: speech, 4: writing})[0] == str(int(lost))


@pytest.mark.parametrize(
    ("change", "label", "low", "high", "why"),
    [
        ({1: NAN}, "0/1–1", 0, 1, "item 1 missing, so not known: bulbar region"),
        ({8: NAN, 4: 2}, "1–2", 1, 2, "item 8 missing, so not known: lower limb"),
        ({12: NAN, 1: 1}, "1–4", 1, 4, "item 12 missing, so not known: 4B: respiratory failure"),
        (
            {5: NAN},
            "0/1–4",
            0,
            4,
            "item 5 missing, so not known: upper limb, 4A: gastrostomy",
        ),
        ({5: NAN, 4: 1}, "1–4", 1, 4, "item 5 missing, so not known: 4A: gastrostomy"),
    ],
)
def test_a_missing_item_leaves_kings_stage_open(change, label, low, high, why):
    stages = kings_stages(visits(change))
    assert (stages.label(0), stages.low[0], stages.high[0]) == (label, low, high)
    assert stages.reason(0).endswith(why)
    assert stages.stage[0] == -1


@pytest.mark.parametrize(
    ("change", "label"),
    [
        ({6: NAN, 7: NAN, 9: NAN, 11: NAN}, "0/1"),
        ({1: NAN, 2: 3}, "1"),
        ({4: NAN, 5: 2}, "1"),
        ({10: NAN, 12: 3, 1: NAN, 5: NAN}, "4B"),
        ({12: NAN, 10: 0}, "4B"),
    ],
)
def test_a_missing_item_that_cannot_matter_leaves_kings_stage_certain(change, label):
    stages = kings_stages(visits(change))
    assert stages.label(0) == label
    assert stages.stage[0] == stages.low[0] == stages.high[0]


def test_4a_is_certain_and_4b_is_said_to_be_open():
    label, why = king({12: NAN, 7: NAN}, tube=True)
    assert label == "4A"
    assert why == ("4A: gastrostomy; item 12 missing, so not known: 4B: respiratory failure")


@pytest.mark.parametrize(
    ("change", "low", "high", "why"),
    [
        ({8: NAN}, 0, 1, "no domain lost; item 8 missing, so not known: movement"),
        ({8: NAN, 6: 1}, 1, 1, "movement"),
        ({1: NAN, 4: 2}, 0, 0, "no domain lost"),
        ({1: NAN, 4: 1}, 0, 1, "no domain lost; item 1 missing, so not known: communication"),
        (
            {12: NAN, 10: NAN, 3: 0},
            1,
            2,
            "swallowing; items 10, 12 missing, so not known: breathing",
        ),
        ({2: NAN, 5: NAN, 7: NAN, 9: NAN, 11: NAN}, 0, 0, "no domain lost"),
    ],
)
def test_missing_items_in_mitos(change, low, high, why):
    stages = mitos_stages(visits(change))
    assert (stages.low[0], stages.high[0], stages.reason(0)) == (low, high, why)


@pytest.mark.parametrize("wrong", [-1, 5, 2.5])
def test_an_impossible_item_is_an_error(wrong):
    for stages in (kings_stages, mitos_stages):
        with pytest.raises(ValueError, match="0, 1, 2, 3, 4"):
            stages(visits({7: wrong}))


def by_hand(q, tube):
    """Both stages of one complete visit, in plain words of the rules."""
    if tube or q[10] == 0 or q[12] < 4:
        kings = 4
    else:
        bulbar = q[1] < 4 or q[2] < 4 or q[3] < 4
        kings = bulbar + (q[4] < 4 or q[5] < 4) + (q[8] < 4)
    movement = q[8] <= 1 or q[6] <= 1
    mitos = movement + (q[3] <= 1) + (q[1] <= 1 and q[4] <= 1) + (q[10] <= 1 or q[12] <= 2)
    return int(kings), int(mitos)


scores = st.lists(st.integers(0, 4), min_size=12, max_size=12)


@given(scores, st.booleans(), st.sets(st.integers(1, 12)))
def test_bounds_hold_for_every_completion_and_are_reached(q, tube, gaps):
    """The bounds are the smallest and largest stage over all ways to fill in what is missing."""
    known = dict(enumerate(q, start=1))
    gaps = sorted(gaps)[:3]
    shown = visits({**known, **dict.fromkeys(gaps, NAN)}, tube=tube)
    found = [
        by_hand({**known, **dict(zip(gaps, filled, strict=True))}, other)
        for filled in itertools.product(range(5), repeat=len(gaps))
        for other in ((True, False) if 5 in gaps else (tube,))
    ]
    of_systems = zip(*found, strict=True)
    for stages, own in zip((kings_stages(shown), mitos_stages(shown)), of_systems, strict=True):
        assert stages.low[0] == min(own)
        assert stages.high[0] == max(own)


def trial_with_items(items, events=()):
    trial = made({"A": {-30: 40, 0: 39, 60: 38}, "B": {0: 30}})
    return Trial(
        trial.patients,
        trial.measurements,
        pd.DataFrame(list(events), columns=list(EVENT_COLUMNS)),
        items_frame=items,
    )


def test_visits_of_a_trial_are_staged_in_its_order():
    items = visits({8: 3}, {8: 3}, {1: 3, 8: 3}, {12: 0}).assign(
        patient=["A", "A", "A", "B"], day=[-30.0, 0.0, 60.0, 0.0], row=[2, 3, 4, 5]
    )
    events = [("A", "gastrostomy", 30.0, ""), ("B", "niv", 0.0, "")]
    table = stage_visits(trial_with_items(items, events), Settings(shift_days=30))
    assert table is not None
    assert table.patient.tolist() == [0, 0, 0, 1]
    np.testing.assert_allclose(table.month, np.array([-60, -30, 30, -30]) / 30.4375)
    assert [table.kings.label(i) for i in range(4)] == ["1", "1", "4A", "4B"]
    assert table.mitos.stage.tolist() == [0, 0, 0, 1]
    (first, *_, last) = table.to_json(("A", "B"))
    assert first["patient"] == "A"
    assert last["kings"] == {
        "label": "4B",
        "low": 4,
        "high": 4,
        "why": "4B: respiratory failure",
    }


def test_a_recorded_gastrostomy_counts_from_its_own_day():
    items = visits({}, {5: NAN}).assign(patient="A", day=[0.0, 60.0], row=[2, 3])
    trial = trial_with_items(items, [("A", "gastrostomy", 0.0, "")])
    table = stage_visits(trial, Settings())
    assert table is not None
    assert [table.kings.label(i) for i in range(2)] == ["4A", "4A"]


def test_a_trial_without_items_has_no_stages():
    assert stage_visits(made({"A": {0: 40}}), Settings()) is None
