"""Reads upload cases as their files are uploaded and scores them with the script of the cases."""

from __future__ import annotations

import csv
import importlib.util
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from data.files import UploadedFile
from data.reading import Reading, read_files
from report.values_csv import values_csv

UPLOADS = Path(__file__).resolve().parents[1] / "uploads"


@dataclass(frozen=True, slots=True)
class Scored:
    """What the script says of one reading."""

    status: str
    silently_wrong: bool
    why: str


def expectations(folder: Path) -> dict[str, dict[str, Any]]:
    """Return what each case of a folder expects."""
    paths = sorted(folder.glob("*.expect.json"))
    found = [json.loads(path.read_text("utf-8")) for path in paths]
    return {expect["name"]: expect for expect in found}


def scorer(folder: Path) -> ModuleType:
    """Import ``score.py`` of a folder; it compares with the tables beside it."""
    spec = importlib.util.spec_from_file_location(f"score_{abs(hash(folder))}", folder / "score.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def uploaded(folder: Path, expect: Mapping[str, Any]) -> list[UploadedFile]:
    """Return the files of a case as they are uploaded."""
    return [UploadedFile(name, (folder / name).read_bytes()) for name in expect["files"]]


def stated_answers(expect: Mapping[str, Any]) -> dict[str, str]:
    """Return the answers that a case states to its questions."""
    return {q["code"]: q["answer"] for q in expect.get("questions", [])}


def scored_reading(folder: Path, expect: Mapping[str, Any], reading: Reading) -> Scored:
    """Score what was read in this process."""
    table = values_csv(reading.trial) if reading.trial is not None else ""
    return scored(folder, expect, reading.to_json(), table)


def scored(
    folder: Path, expect: Mapping[str, Any], report: Mapping[str, Any], table: str
) -> Scored:
    """Score a report and the text of a table."""
    rows = list(csv.DictReader(io.StringIO(table)))
    result = scorer(folder).score_case(dict(expect), rows, dict(report))
    return Scored(result["status"], bool(result.get("silent_wrong")), result["why"])


def table_after_answers(folder: Path, expect: Mapping[str, Any]) -> Mapping[str, Any]:
    """Answer the stated questions and compare the table with the expected one."""
    reading = read_files(uploaded(folder, expect), stated_answers(expect))
    assert reading.trial is not None, [q.code for q in reading.questions]
    rows: Sequence[dict] = list(csv.DictReader(io.StringIO(values_csv(reading.trial))))
    compared: Mapping[str, Any] = scorer(folder).compare(dict(expect), rows)
    return compared
