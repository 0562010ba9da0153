"""The unit of FVC: stated by a column, a row or a cell, told by the values, or asked."""

from __future__ import annotations

import pytest

from data.reading import Reading
from tests.conftest import read_text

HEADER = "patient_id,days from transplant,"


def table(header: str, *cells: object) -> str:
    """Return one value a visit of patient A, on days 0, 30, 60 …"""
    rows = (f"A,{30 * at},{cell}\n" for at, cell in enumerate(cells))
    return f"{HEADER}{header}\n" + "".join(rows)


def values(reading: Reading) -> dict[str, list[float]]:
    assert reading.trial is not None, [q.code for q in reading.questions]
    frame = reading.trial.measurements
    result: dict[str, list[float]] = {}
    for endpoint, value in zip(frame["endpoint"], frame["value"], strict=True):
        result.setdefault(endpoint, []).append(value)
    return result


def codes(reading: Reading) -> set[str]:
    return {finding.code for finding in reading.findings}


def questions(reading: Reading) -> list[str]:
    assert (reading.verdict == "ask") == bool(reading.questions)
    return [question.code for question in reading.questions]


@pytest.mark.parametrize("header", ["FVC_percent", "FVC %", "FVC (% predicted)", "FVC_pct"])
def test_a_header_says_per_cent(header):
    reading = read_text(table(header, 80.5, 79, 9))
    assert values(reading) == {"fvc": [80.5, 79, 9]}
    assert "FVC_UNIT_INFERRED" not in codes(reading)


@pytest.mark.parametrize("header", ["FVC_L", "FVC (L)", "FVC_litres", "FVC [l]"])
def test_a_header_says_litres(header):
    reading = read_text(table(header, 3.5, 3.25, 0.9))
    assert values(reading) == {"fvc_litres": [3.5, 3.25, 0.9]}
    assert "FVC_UNIT_INFERRED" not in codes(reading)


@pytest.mark.parametrize("header", ["FVC_ml", "FVC (mL)"])
def test_millilitres_become_litres(header):
    assert values(read_text(table(header, 3500, 3250))) == {"fvc_litres": [3.5, 3.25]}


@pytest.mark.parametrize("cell", ["80.5%", "80.5 %", "80.5 % pred"])
def test_a_cell_says_per_cent(cell):
    assert values(read_text(table("FVC", cell, "7 %"))) == {"fvc": [80.5, 7]}


def test_cells_say_litres_and_per_cent_in_one_column():
    reading = read_text(table("FVC", "3.5 L", "79 %", "3250 ml"))
    assert values(reading) == {"fvc_litres": [3.5, 3.25], "fvc": [79]}


def test_a_column_of_units_says_it_row_by_row():
    reading = read_text(table("FVC,unit", "3.5,L", "79,%", "3250,mL"))
    assert values(reading) == {"fvc_litres": [3.5, 3.25], "fvc": [79]}


@pytest.mark.parametrize(
    ("cells", "endpoint"),
    [((80.5, 77, 64), "fvc"), ((12, 13), "fvc"), ((3.45, 3.2, 2.9), "fvc_litres")],
)
def test_values_that_leave_no_doubt_tell_the_unit_with_a_word(cells, endpoint):
    reading = read_text(table("FVC", *cells))
    assert values(reading) == {endpoint: list(cells)}
    assert reading.verdict == "load_flagged"
    assert "FVC_UNIT_INFERRED" in codes(reading)


@pytest.mark.parametrize("cells", [(9.5, 10, 11), (9.5,), (9.5, 8, 4), (11, 60, 70)])
def test_values_between_litres_and_per_cent_are_asked_about(cells):
    asked = read_text(table("FVC", *cells))
    assert questions(asked) == ["FVC_UNIT"]
    answered = read_text(table("FVC", *cells), {"FVC_UNIT": "percent"})
    assert values(answered) == {"fvc": list(cells)}


def test_fractions_are_asked_about_and_become_per_cent():
    asked = read_text(table("FVC", 0.805, 0.79, 1.02))
    assert questions(asked) == ["FVC_UNIT"]
    answered = read_text(table("FVC", 0.805, 0.79, 1.02), {"FVC_UNIT": "fraction"})
    assert values(answered) == {"fvc": [80.5, 79, 102]}
    litres = read_text(table("FVC", 0.805, 0.79, 1.02), {"FVC_UNIT": "litres"})
    assert values(litres) == {"fvc_litres": [0.805, 0.79, 1.02]}


def test_a_mixture_is_asked_about_and_split_by_value():
    cells = (3.5, 3.4, 3.3, 78, 76, 74)
    asked = read_text(table("FVC", *cells))
    assert questions(asked) == ["FVC_UNIT_MIXED"]
    answered = read_text(table("FVC", *cells), {"FVC_UNIT_MIXED": "by_value"})
    assert values(answered) == {"fvc_litres": [3.5, 3.4, 3.3], "fvc": [78, 76, 74]}


def test_one_slip_among_litres_does_not_make_per_cent_of_them():
    # 34 is 3.4 without its point: 1 of 21 values, at most one in twenty of which is tolerated.
    cells = [3.5] * 10 + [34] + [3.4] * 10
    asked = read_text(table("FVC", *cells))
    assert questions(asked) == ["FVC_UNIT_MIXED"] or "OUT_OF_RANGE" in codes(asked)


def test_one_great_volume_does_not_make_per_cent_of_litres():
    # 10.5 cannot be litres; the other twenty are no per cent.
    reading = read_text(table("FVC", *[3.5] * 10, 10.5, *[3.4] * 10))
    if not reading.questions:
        assert values(reading).get("fvc", []) in ([], [10.5])
        assert values(reading)["fvc_litres"].count(3.5) == 10


def test_predicted_litres_are_no_measurement():
    text = table("FVC_L,FVC_predicted_L", "3.5,4.2", "3.25,4.2")
    assert values(read_text(text)) == {"fvc_litres": [3.5, 3.25]}


def test_litres_that_can_only_be_per_cent_are_asked_about():
    asked = read_text(table("FVC_L", 80.5, 79))
    assert questions(asked) == ["FVC_UNIT"]
    assert values(read_text(table("FVC_L", 80.5, 79), {"FVC_UNIT": "percent"})) == {
        "fvc": [80.5, 79]
    }


@pytest.mark.parametrize(("cells", "doubted"), [((8.5, 8), True), ((8.6, 8), False)])
def test_per_cent_that_can_only_be_litres_is_asked_about(cells, doubted):
    assert bool(questions(read_text(table("FVC_percent", *cells)))) is doubted


def test_a_vital_capacity_without_a_manoeuvre_is_asked_about():
    asked = read_text(table("Vital capacity (% predicted)", 80, 79))
    assert questions(asked) == ["VC_KIND"]
    for kind in ("fvc", "svc"):
        answered = read_text(table("Vital capacity (% predicted)", 80, 79), {"VC_KIND": kind})
        assert values(answered) == {kind: [80, 79]}


def test_slow_and_forced_capacity_stay_apart():
    reading = read_text(table("FVC_percent,SVC_percent", "80,83", "79,82"))
    assert values(reading) == {"fvc": [80, 79], "svc": [83, 82]}
