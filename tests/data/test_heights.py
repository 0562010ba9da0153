"""Heights: from headers of several languages and units, plausible, without contradictions."""

from __future__ import annotations

import numpy as np
import pytest

from data.files import UploadedFile
from data.headers import meaning_of
from data.reading import read_files
from tests.conftest import read_text

ROWS = (("P1", -90), ("P1", 90), ("P2", -90), ("P2", 90))


def table(header, heights, extra=""):
    """Return a file with one height a row."""
    lines = [f"patient_id,day from transplant,ALSFRS_R,{header}{extra}"]
    for (name, day), cell in zip(ROWS, heights, strict=True):
        lines.append(f'{name},{day},40,"{cell}"')
    return "\n".join(lines) + "\n"


def heights_in(text):
    reading = read_text(text)
    assert reading.trial is not None, reading.findings
    found = reading.trial.patients["height_cm"].to_numpy(dtype=float)
    return found, {f.code: f.text for f in reading.findings}


@pytest.mark.parametrize(
    "header",
    [
        "height",
        "Height (cm)",
        "height_cm",
        "HEIGHT",
        "Body height",
        "Height at baseline",
        "Größe",
        "Körpergröße [cm]",
        "taille",
        "altezza",
        "Estatura (cm)",
        "Altura",
        "Boy uzunluğu",
        "wzrost",
        "قد",
        "قد (سانتی‌متر)",
        "Ht (cm)",
        "Height in cm",
    ],
)
def test_headers_of_heights(header):
    found, codes = heights_in(table(header, ["175", "175", "160.5", ""]))
    assert found.tolist() == [175.0, 160.5]
    assert "OUT_OF_RANGE" not in codes


@pytest.mark.parametrize("header", ["Height", "Height (m)", "Größe in m", "height_cm"])
def test_metres_are_told_by_the_values(header):
    found, _ = heights_in(table(header, ["1.75", "1.75", "1.20", "1.20"]))
    assert found.tolist() == [175.0, 120.0]


def test_decimal_commas_and_units_in_cells():
    found, _ = heights_in(table("Größe", ["1,75 m", "1,75 m", "1,605", "160,5 cm"]))
    assert found.tolist() == [175.0, 160.5]


@pytest.mark.parametrize("header", ["Height (in)", "height_in", "Height inches", "Größe (Zoll)"])
def test_inches_where_the_header_says_so(header):
    found, _ = heights_in(table(header, ["70", "70", "62.5", "62.5"]))
    np.testing.assert_allclose(found, [70 * 2.54, 62.5 * 2.54])


def test_inches_that_nothing_names_are_missing_and_named():
    found, codes = heights_in(table("Height", ["70", "70", "165", "165"]))
    assert np.isnan(found[0])
    assert found[1] == 165
    assert "P1" in codes["OUT_OF_RANGE"]
    assert "P2" not in codes["OUT_OF_RANGE"]


@pytest.mark.parametrize(
    ("cell", "kept"),
    [("120", True), ("119.9", False), ("220", True), ("221", False), ("2.21", False)],
)
def test_only_plausible_heights(cell, kept):
    found, codes = heights_in(table("height", [cell, cell, "165", "165"]))
    assert np.isfinite(found[0]) == kept
    assert ("OUT_OF_RANGE" in codes) != kept


@pytest.mark.parametrize("cell", ["0", "999", "5 ft 10", "tall"])
def test_what_is_no_height_is_missing_and_named(cell):
    found, codes = heights_in(table("height_cm", [cell, cell, "165", "165"]))
    assert np.isnan(found[0])
    assert "P1" in codes["OUT_OF_RANGE"]


def test_heights_that_contradict_each_other_are_missing_and_named():
    found, codes = heights_in(table("height", ["165", "169", "160", "162"]))
    assert np.isnan(found[0])
    # The median of what differs by no more than measuring does.
    assert found[1] == 161
    assert "P1" in codes["CONTRADICTORY_FACTS"]
    assert "P2" not in codes["CONTRADICTORY_FACTS"]


def test_without_heights_all_are_missing():
    reading = read_text("patient_id,day from transplant,ALSFRS_R\nP1,-90,40\nP1,90,38\n")
    assert reading.trial.patients["height_cm"].isna().all()
    assert "OUT_OF_RANGE" not in {f.code for f in reading.findings}


def test_the_vital_signs_of_pro_act():
    visits = "subject_id,ALSFRS_Delta,ALSFRS_R_Total,Treatment_Group_Delta\n"
    visits += "329,0,40,30\n329,91,38,30\n348,0,44,20\n348,80,43,20\n"
    signs = "subject_id,Height,Height_Units,Weight,Weight_Units,Vital_Signs_Delta\n"
    signs += "329,66,Inches,70,Kilograms,0\n329,,,71,Kilograms,30\n"
    signs += "348,180,Centimeters,80,Kilograms,0\n"
    files = [
        UploadedFile("alsfrs.csv", visits.encode()),
        UploadedFile("vitals.csv", signs.encode()),
    ]
    trial = read_files(files).trial
    assert trial is not None
    found = dict(zip(trial.patients["patient"], trial.patients["height_cm"], strict=True))
    assert found["329"] == pytest.approx(167.64)
    assert found["348"] == 180


@pytest.mark.parametrize(
    "header",
    ["Ht", "height z-score", "donor height", "weight", "bed height adjusted", "size", "age"],
)
def test_other_headers_are_no_heights(header):
    meaning = meaning_of(header)
    assert meaning is None or not meaning.role.startswith("height")


def test_a_height_changes_the_hash_and_its_absence_does_not():
    plain = "patient_id,day from transplant,ALSFRS_R\n" + "".join(
        f"{name},{day},40\n" for name, day in ROWS
    )
    without = read_text(plain).trial.hash
    empty = read_text(table("height", ["", "", "", ""])).trial.hash
    given = read_text(table("height", ["170", "", "", ""])).trial.hash
    assert without == empty != given


def test_heights_are_no_personal_detail_and_no_unused_column():
    _, codes = heights_in(table("height_cm", ["175", "175", "160", "160"]))
    said = " ".join(codes.values())
    assert "height" not in said
