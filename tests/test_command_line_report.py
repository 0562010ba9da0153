"""``report``: the files of the Present page from the command line, and from a saved analysis."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from openpyxl import load_workbook
from pptx import Presentation

import alslope
from analysis.opening import opening_settings
from analysis.settings import Settings
from data.examples import load_example
from report.analysis_file import AnalysisFile
from report.exhibits.chart import Spot
from report.presentation.basket import Item
from tests.report.presented import texts_of

pytestmark = pytest.mark.slow

EXAMPLE = "after-shamsaei-2023"
QUICK = ("--set", "flips=1000", "--set", "resamples=1000", "--set", "untreated_trials=100")


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    code = alslope.main(["report", *(str(word) for word in words)])
    said = capsys.readouterr()
    return code, said.out, said.err


def saved(folder: Path, *spots: Spot, hash_: str = "") -> Path:
    trial = load_example(EXAMPLE).trial
    settings = Settings.from_json(dict(opening_settings(trial)))[0]
    settings = settings.with_(untreated_trials=100, flips=1_000, resamples=1_000)
    items = tuple(Item(spot, settings, hash_ or trial.hash, "as seen") for spot in spots)
    path = folder / "analysis.json"
    path.write_text(AnalysisFile.of(trial, settings, (), items).to_text(), "utf-8")
    return path


def test_every_file_is_written_and_named(capsys, tmp_path):
    code, out, err = run(capsys, EXAMPLE, "--out", tmp_path / "a" / "b", *QUICK)
    assert (code, err) == (0, "")
    names = ["presentation.pptx", "presentation.html", "presentation.xlsx"]
    names += ["tables.html", "results.json"]
    for name in names:
        assert (tmp_path / "a" / "b" / name).stat().st_size > 1_000
        assert name in out
    plain = json.loads((tmp_path / "a" / "b" / "results.json").read_text("utf-8"))
    assert plain["schema"].startswith("alslope-compare")
    assert not (tmp_path / "a" / "b" / "figures").exists()


def test_figures_are_written_in_three_formats_where_asked(capsys, tmp_path):
    analysis = saved(tmp_path, Spot("slopes", "fvc"))
    options = ("--analysis", analysis, "--figures", "single", "--grey")
    code, _, err = run(capsys, EXAMPLE, "--out", tmp_path, *options)
    assert (code, err) == (0, "")
    names = sorted(path.name for path in (tmp_path / "figures").iterdir())
    assert names == ["01-slopes-fvc.pdf", "01-slopes-fvc.png", "01-slopes-fvc.svg"]


def test_a_saved_presentation_comes_back_in_its_order_with_captions(capsys, tmp_path):
    analysis = saved(tmp_path, Spot("tests"), Spot("slopes", "fvc"))
    code, _, err = run(capsys, EXAMPLE, "--out", tmp_path, "--analysis", analysis)
    assert (code, err) == (0, "")
    slides = Presentation(str(tmp_path / "presentation.pptx")).slides
    titles = [texts_of(slide)[0] for slide in slides]
    assert titles[2] == "Tests of the change"
    assert titles[3].startswith("FVC: inconclusive")
    assert "as seen" in " ".join(texts_of(slides[3]))
    sheets = load_workbook(tmp_path / "presentation.xlsx").sheetnames
    assert sheets == ["Read me", "Who is analysed", "tests", "slopes-fvc", "Settings"]


def test_other_data_and_what_cannot_be_shown_are_said(capsys, tmp_path):
    analysis = saved(tmp_path, Spot("slopes", "fvc"), Spot("survival"), hash_="0" * 64)
    code, out, _ = run(capsys, EXAMPLE, "--out", tmp_path, "--analysis", analysis)
    assert code == 0
    assert "note: FVC: inconclusive, +0.78 % predicted/month: other data since added" in out
    assert "left out: Survival from day 0" in out


def test_a_slide_a_patient_follows_where_asked(capsys, tmp_path):
    analysis = saved(tmp_path, Spot("tests"))
    options = ("--analysis", analysis, "--each-patient")
    assert run(capsys, EXAMPLE, "--out", tmp_path, *options)[0] == 0
    titles = [texts_of(s)[0] for s in Presentation(str(tmp_path / "presentation.pptx")).slides]
    assert sum(title.startswith("Patient P") for title in titles) == 10


def test_a_folder_that_cannot_be_written_is_said(capsys, tmp_path):
    (tmp_path / "file").write_text("here")
    code, out, err = run(capsys, EXAMPLE, "--out", tmp_path / "file", *QUICK)
    assert code == 2
    assert out == ""
    assert "file" in err
    assert "Traceback" not in err


def test_a_folder_must_be_named(capsys):
    with pytest.raises(SystemExit) as end:
        run(capsys, EXAMPLE)
    assert end.value.code == 2
    assert "--out" in capsys.readouterr().err


def test_an_option_that_would_do_nothing_is_refused(capsys, tmp_path):
    with pytest.raises(SystemExit) as end:
        run(capsys, EXAMPLE, "--out", tmp_path, "--json")
    assert end.value.code == 2
    assert "--json" in capsys.readouterr().err
