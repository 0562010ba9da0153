"""Which test holds which key of ``compare --json`` and ``whatif --json``: a list, and its script.

``python -m tests.json_keys`` prints every key with its test. Keys that stand for many are written
with ``*``: names of endpoints, settings, rules. ``tests/test_json_keys.py`` fails where a key has
no test, a line has no key, or a test does not exist.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from analysis.compare import compare
from analysis.details import details
from analysis.settings import PatientExclusion, PointDecision, Settings
from data.examples import EXAMPLE_IDS, load_example
from report.json_export import comparison_json, heads
from report.whatif_report import report_json
from tests.conftest import ROOT
from tests.exported import exported_from_litres
from tests.report.test_whatif_json import reports

LIST = Path(__file__).with_name("json_keys.tsv")


def paths(value: Any, at: str = "") -> Iterator[str]:
    """Yield the path of every value; entries of lists share one path."""
    if isinstance(value, Mapping):
        for key, below in value.items():
            yield from paths(below, f"{at}.{key}" if at else str(key))
        if not value:
            yield at
    elif isinstance(value, list) and any(isinstance(item, Mapping | list) for item in value):
        for item in value:
            yield from paths(item, f"{at}[]")
    else:
        yield at


def all_paths() -> list[str]:
    """Return every path of the JSON of the bundled trials, with decisions and all settings."""
    found: set[str] = set()
    for name in EXAMPLE_IDS:
        trial = load_example(name).trial
        first = trial.measurements.iloc[0]
        settings = Settings(
            excluded_patients=(PatientExclusion(trial.patient_ids[-1], "other"),),
            points=(
                PointDecision(
                    first["patient"],
                    first["endpoint"],
                    float(first["day"]),
                    float(first["value"]),
                    keep=False,
                    reason="other",
                ),
            ),
            group_by="group" if name == "after-oh-2018" else "sex",
            two_variances=True,
            model_covariates=("age",),
        )
        comparison = compare(trial, settings)
        found |= set(paths(comparison_json(comparison, details(trial, comparison))))
    # The rest of this small trial is empty where the bundled ones have numbers.
    derived = paths(exported_from_litres())
    found |= {path for path in derived if path.startswith("fvc_from_litres")}
    return sorted(found | whatif_paths())


_WHOLE = ({"p_floor", "estimate_name"}, {"low", "high", "attained"}, {"mean", "sd", "median"})
"""Keys of tests, intervals and summaries: their own keys are listed under ``compare``."""

_AS_THERE = ("leave_one_out", "tipping_point", "settings")
"""Objects of ``whatif`` that are those of ``compare``."""


def whatif_paths() -> set[str]:
    """Return every path of the JSON of ``whatif`` that is not one of ``compare`` too."""
    found: set[str] = set()
    for report in reports():
        head = heads("", report.comparison)
        document = {k: v for k, v in report_json(report).items() if k not in head}
        found |= {f"whatif.{path}" for path in paths(_shortened(document))}
    return found


def _shortened(value: Any) -> Any:
    """Return a value with those objects as leaves that have the keys of ``compare``."""
    if isinstance(value, list):
        return [_shortened(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    if any(keys <= value.keys() for keys in _WHOLE):
        return None
    return {k: None if k in _AS_THERE else _shortened(below) for k, below in value.items()}


def listed() -> dict[str, str]:
    """Return the pattern of each line with its test."""
    lines = LIST.read_text("utf-8").splitlines()
    return {pattern: test for pattern, _, test in (line.partition("\t") for line in lines if line)}


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Return a pattern ready for use; the module ``re`` keeps too few of them."""
    return re.compile(re.escape(pattern).replace(r"\*", r"[^.]+"))


def pattern_of(path: str, patterns: Mapping[str, str]) -> str | None:
    """Return the most exact pattern that covers a path, or nothing; a star is one name."""
    fitting = [pattern for pattern in patterns if _compiled(pattern).fullmatch(path)]
    return max(fitting, key=lambda p: (len(p) - 2 * p.count("*"), p), default=None)


def exists(test: str) -> bool:
    """Whether ``folder/file.py::function`` is a test of the project."""
    module, _, name = test.partition("::")
    path = ROOT / "tests" / module
    if not path.exists():
        return False
    tree = ast.parse(path.read_text("utf-8"))
    return any(isinstance(node, ast.FunctionDef) and node.name == name for node in tree.body)


if __name__ == "__main__":
    patterns = listed()
    for path in all_paths():
        pattern = pattern_of(path, patterns)
        print(path, "no test" if pattern is None else patterns[pattern], sep="\t")
