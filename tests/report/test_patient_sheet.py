"""One patient on one page: what stands on it, what never does, and that it comes out the same."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from analysis.compare import compare
from analysis.settings import PatientExclusion, PointDecision, Settings
from data.trial import ITEM_COLUMNS, Trial
from report.look import LIGHT
from report.patient_sheet import MOST_ENDPOINTS, patient_sheet, sheet_page, stage_segments
from report.print_figures import flat, text_width, wrapped
from tests.conftest import frame_from, made, trial_from

DAY = date(2026, 3, 9)
MONTH = 30.4375
NAME = "Marie Secret-Name"
SECRETS = (NAME, "Secret", "Dr. Hidden", "1957", "2021-0", "ward nine")


def visits(start: float, months=(-9, -6, -3, 0, 3, 6, 9)):
    return {m * MONTH: round(start - m + (0.7 if m % 2 else 0)) for m in months}


def both_endpoints(**about) -> Trial:
    people = {NAME: visits(30), "B": visits(36), "C": visits(33)}
    frame = pd.concat(
        [frame_from(people), frame_from(people, "fvc").assign(value=lambda f: 2 * f.value)]
    )
    return trial_from(frame, **about)


def with_everything() -> Trial:
    plain = both_endpoints(title="Trial of the north")
    patients, events = plain.patients, plain.events
    patients["sex"], patients["age"], patients["onset_site"] = "f", 91.0, "told by Dr. Hidden"
    patients["onset_day"], patients["group"] = -600.0, "ward nine"
    measurements = plain.measurements.assign(date=pd.Timestamp("2021-05-04"), file="1957.csv")
    events = pd.DataFrame(
        {
            "patient": [NAME, NAME],
            "kind": ["niv", "other"],
            "day": [150.0, 200.0],
            "text": ["NIV set by Dr. Hidden", "seen at ward nine"],
        }
    )
    items = pd.DataFrame({"patient": [NAME] * 3, "day": [-90.0, 0.0, 90.0]})
    for k, column in enumerate(ITEM_COLUMNS):
        items[column] = [4.0, 3.0 if k == 7 else 4.0, 1.0 if k in (2, 7) else 3.0]
    items[ITEM_COLUMNS[9]] = items[ITEM_COLUMNS[11]] = 4.0
    items["gastrostomy"], items["row"] = False, [2, 3, 4]
    return Trial(patients, measurements, events, title=plain.title, items_frame=items)


def sheet(trial: Trial, patient: int = 0, **settings):
    chosen = Settings(**settings)
    comparison = compare(trial, chosen)
    return sheet_page(trial, comparison, comparison.endpoints, patient, DAY)


def said(fig) -> str:
    return "\n".join(t.get_text() for t in fig.findobj(Text) if t.get_text()).replace("\u00a0", " ")


def test_page_holds_numbers_stages_visits_and_where_they_come_from():
    trial = with_everything()
    text = said(sheet(trial, post_months=6))
    for part in (
        "Patient P01", "woman", "over 89 years", "ALSFRS-R: ", "FVC: ", "95 % CI",
        "Observed − projected", "since day 0", "transplant", "months from the transplant",
        "King’s", "MiToS", "ΔFS at day 0", "non-invasive ventilation +4.9", "other event +6.6",
        "after: 6 months", trial.hash[:8], "ALSlope", "2026-03-09", "of 3 patients", "Visits",
    ):  # fmt: skip
        assert part in text, part
    # Every visit: 7 months of each endpoint.
    for month in ("−9.0", "−6.0", "−3.0", "0", "+3.0", "+6.0", "+9.0"):
        assert text.split("\n").count(month) >= 2, month


def test_nothing_on_the_page_or_in_the_file_names_the_person():
    trial = with_everything()
    point = PointDecision(NAME, "alsfrs_r", 0.0, 30.0, False, "other", "ward nine")
    settings = Settings(
        points=(point,), excluded_patients=(PatientExclusion("B", "Dr. Hidden said so"),)
    )
    comparison = compare(trial, settings)
    for patient in (0, 1):
        text = said(sheet_page(trial, comparison, comparison.endpoints, patient, DAY))
        raw = patient_sheet(trial, comparison, comparison.endpoints, patient, DAY)
        for secret in SECRETS:
            assert secret not in text, secret
        assert NAME.encode() not in raw
        assert "left out" in text


def test_same_page_same_bytes_another_day_other_bytes():
    trial = both_endpoints()
    comparison = compare(trial, Settings())
    make = lambda day: patient_sheet(trial, comparison, comparison.endpoints, 0, day)  # noqa: E731
    assert make(DAY) == make(DAY)
    assert make(DAY) != make(date(2026, 3, 10))


def test_file_is_one_a4_page_with_its_fonts_and_readable_text(tmp_path):
    trial = both_endpoints()
    comparison = compare(trial, Settings())
    raw = patient_sheet(trial, comparison, comparison.endpoints, 0, DAY)
    assert len(re.findall(rb"/Type /Page\b", raw)) == 1
    box = [float(v) for v in re.findall(rb"/MediaBox \[ *([\d. ]+) *\]", raw)[0].split()]
    np.testing.assert_allclose(box, [0, 0, 595.28, 841.89], atol=0.01)
    fonts = set(re.findall(rb"/FontName /[A-Z]{6}\+([\w-]+)", raw))
    assert fonts == {b"SourceSansPro-Regular", b"SourceSansPro-Semibold"}
    if shutil.which("pdftotext"):
        (tmp_path / "sheet.pdf").write_bytes(raw)
        done = subprocess.run(
            ["pdftotext", "-layout", tmp_path / "sheet.pdf", "-"], capture_output=True, check=True
        )
        assert "Patient P01" in (text := done.stdout.decode())
        assert "−9.0" in text


def test_simulated_data_are_called_that_twice():
    text = said(sheet(both_endpoints(simulated=True, title="Made")))
    assert "simulated data" in text
    assert "Made (simulated)" in text
    assert f"Patient {NAME}" in text
    assert "simulated" not in said(sheet(both_endpoints()))


ODD = {
    "no transplant": ({"A": visits(30)}, {"A": ()}, "not compared"),
    "no visit after": ({"A": visits(30, (-6, -3, 0))}, {}, "not compared"),
    "one visit": ({"A": visits(30, (-3,))}, {}, "not compared"),
    "two before": ({"A": visits(30, (-3, 0, 3, 6))}, {}, "no verdict"),
    "many": ({"A": visits(30, tuple(k / 4 for k in range(-60, 60)))}, {}, "more, in the table"),
}  # fmt: skip


@pytest.mark.parametrize("case", ODD)
def test_odd_patients_have_a_page_too(case):
    people, transplants, expected = ODD[case]
    trial = trial_from(frame_from(people | {"B": visits(33)}), transplants=transplants)
    text = said(sheet(trial))
    assert expected in text
    if case == "no transplant":
        assert "no transplant date" in text
        assert "transplant" not in text.split("\n")
        assert "months from the first visit" in text


def test_all_values_left_out():
    trial = made({"A": visits(30), "B": visits(33)})
    points = tuple(
        PointDecision("A", "alsfrs_r", day, float(value), False, "measurement error")
        for day, value in visits(30).items()
    )
    text = said(sheet(trial, points=points))
    assert "ALSFRS-R: not compared" in text
    assert text.split("\n").count("left out") == 7


def test_markup_stays_letters():
    trial = replace(both_endpoints(simulated=True), title="Costs $5 and $6 \\alpha <b>x</b>")
    text = said(sheet(trial))
    assert "$5 and $6 \\alpha <b>x</b>" in text
    comparison = compare(trial, Settings())
    assert patient_sheet(trial, comparison, comparison.endpoints, 0, DAY).startswith(b"%PDF")


def test_more_endpoints_than_fit_are_counted():
    people = {"A": visits(30), "B": visits(33)}
    keys = ("alsfrs_r", "fvc", "svc", "alsfrs_40")
    trial = trial_from(pd.concat([frame_from(people, key) for key in keys]))
    text = said(sheet(trial, endpoints=keys))
    assert MOST_ENDPOINTS == 3
    assert "1 more endpoint not on this page" in text


def test_nothing_leaves_the_page_or_lies_over_another_text():
    fig = sheet(with_everything())
    fig.draw_without_rendering()
    boxes = [(t.get_text(), t.get_window_extent()) for t in fig.texts if t.get_text().strip()]
    right, top = fig.bbox.width, fig.bbox.height
    for text, box in boxes:
        assert box.x0 >= 0, text
        assert box.x1 <= right, text
        assert box.y0 >= 0, text
        assert box.y1 <= top, text
    for k, (one, a) in enumerate(boxes):
        for other, b in boxes[k + 1 :]:
            wide = min(a.x1, b.x1) - max(a.x0, b.x0)
            high = min(a.y1, b.y1) - max(a.y0, b.y0)
            assert wide <= 0.5 or high <= 2.5, (one, other)


def test_segments_join_equal_stages_until_the_next_visit():
    found = stage_segments([-3.0, 0.0, 4.0, 9.0], [(1, "1"), (1, "1"), (2, "2"), (-1, "2–3")])
    assert [(a, b, s, t) for a, b, s, t in found[:2]] == [(-3.0, 4.0, 1, "1"), (4.0, 9.0, 2, "2")]
    assert found[2][0] == 9.0
    assert found[2][2:] == (-1, "2–3")


def test_tints_are_mixed_with_white_and_lines_are_broken():
    assert flat("rgba(0,0,0,0.5)") == "#808080"
    assert flat("rgba(255,255,255,0.3)") == "#FFFFFF"
    # 255 − 0.16 (255 − 15), 255 − 0.16 (255 − 95), 255 − 0.16 (255 − 179)
    assert flat(LIGHT.after_band) == f"#{round(216.6):02X}{round(229.4):02X}{round(242.84):02X}"
    lines = wrapped("one two three four five six seven", 20, 8)
    assert " ".join(lines) == "one two three four five six seven"
    assert len(lines) > 1
    assert all(text_width(line, 8) <= 20 for line in lines)
