"""alslope batch: many trials, the same numbers as one by one, wherever they are computed."""

from __future__ import annotations

import csv
import io
import json
import sys

import pytest

import alslope
from data.examples import FOLDER
from tests.app.driver import trial_csv

pytestmark = pytest.mark.slow

FILES = [str(FOLDER / name) for name in ("after_shamsaei_2023.csv", "untreated_60.csv")]
FEW = ("--set", "untreated_trials=100")


def run(capsys, *arguments):
    code = alslope.main([str(argument) for argument in arguments])
    said = capsys.readouterr()
    return code, said.out, said.err


def table(text):
    return list(csv.DictReader(io.StringIO(text.lstrip("\ufeff"))))


def test_every_row_is_that_of_the_command_for_one_trial(capsys):
    code, out, _ = run(capsys, "batch", *FILES, *FEW)
    assert code == 0
    rows = table(out)
    assert [(row["file"], row["endpoint"]) for row in rows] == [
        (file, endpoint) for file in FILES for endpoint in ("ALSFRS-R", "FVC")
    ]
    for file in FILES:
        one = json.loads(run(capsys, "compare", file, "--json", *FEW)[1])
        mine = [row for row in rows if row["file"] == file]
        for row, endpoint in zip(mine, one["endpoints"].values(), strict=True):
            primary = endpoint["tests"]["paired_t"]
            assert float(row["change"]) == pytest.approx(primary["estimate"])
            assert float(row["p"]) == pytest.approx(primary["p"])
            assert int(row["analysed"]) == primary["n"]
            against = endpoint["untreated"]
            share = against["p_below_0_05_in_favour"]["share"]
            assert float(row["untreated_in_favour_percent"]) == pytest.approx(100 * share)
            mean = against["untreated_change"]["mean"]
            assert float(row["untreated_mean_change"]) == pytest.approx(mean)


def test_several_processes_give_the_same_table(capsys):
    alone = run(capsys, "batch", *FILES, *FEW)[1]
    assert run(capsys, "batch", *FILES, *FEW, "--jobs", 2)[1] == alone


def test_a_dask_cluster_gives_the_same_table(capsys):
    from dask.distributed import LocalCluster

    alone = run(capsys, "batch", *FILES, *FEW)[1]
    with LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, protocol="tcp", dashboard_address=None
    ) as cluster:
        code, out, _ = run(capsys, "batch", *FILES, *FEW, "--dask", cluster.scheduler_address)
    assert code == 0
    assert out == alone


def test_what_cannot_be_read_has_a_row_that_says_why_and_the_others_go_on(capsys, tmp_path):
    bad, out = tmp_path / "bad.csv", tmp_path / "table.csv"
    bad.write_text("name,height\nx,180\n")
    code, _, _ = run(capsys, "batch", bad, FILES[0], *FEW, "--out", out)
    assert code == 0
    first, *others = table(out.read_text("utf-8"))
    assert first["problem"].startswith("reject: ")
    assert first["change"] == ""
    assert [row["problem"] for row in others] == ["", ""]


def test_warnings_of_the_reader_stand_in_the_table(capsys, tmp_path):
    jumping = tmp_path / "jumping.csv"
    lines = trial_csv(3).splitlines()
    cells = lines[2].split(",")
    cells[lines[0].split(",").index("alsfrs_r")] = "4"
    jumping.write_text("\n".join([*lines[:2], ",".join(cells), *lines[3:]]) + "\n")
    rows = table(run(capsys, "batch", jumping, *FEW)[1])
    assert "SCORE_JUMP" in rows[0]["warnings"]


def test_what_is_missing_is_said(capsys, monkeypatch, tmp_path):
    code, _, err = run(capsys, "batch", tmp_path / "none.csv")
    assert code == 2
    assert "none.csv: No such file" in err
    monkeypatch.setitem(sys.modules, "joblib", None)
    code, _, err = run(capsys, "batch", FILES[0], *FEW, "--jobs", 2)
    assert code == 2
    assert "--jobs needs the package joblib, which is not installed" in err


@pytest.mark.fault
def test_a_scheduler_that_does_not_answer_is_said(capsys):
    code, _, err = run(capsys, "batch", FILES[0], *FEW, "--dask", "tcp://127.0.0.1:9")
    assert code == 2
    assert "no scheduler answers" in err
