"""What tests of ``compare --json`` share: the document of a trial, and how blocks are compared."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.compare import compare
from analysis.details import details
from analysis.settings import Settings
from data.trial import Trial
from report.json_export import comparison_json
from tests.conftest import r_trial, trial_from


def exported(trial: Trial, **settings: Any) -> dict[str, Any]:
    """Return the JSON of a trial after a trip through text; all its endpoints are compared."""
    chosen = Settings(**{"endpoints": trial.endpoints, **settings})
    comparison = compare(trial, chosen)
    document = comparison_json(comparison, details(trial, comparison))
    text = json.dumps(document, allow_nan=False)
    result: dict[str, Any] = json.loads(text)
    return result


def exported_r(name: str, **settings: Any) -> dict[str, Any]:
    """Return the JSON of one of R's trials, once for all tests of these settings."""
    return _exported_r(name, Settings(**{"endpoints": r_trial(name).endpoints, **settings}))


@cache
def _exported_r(name: str, settings: Settings) -> dict[str, Any]:
    chosen = {field.name: getattr(settings, field.name) for field in fields(settings)}
    return exported(r_trial(name), **chosen)


def only_endpoint(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the endpoint of a document that has one."""
    (result,) = document["endpoints"].values()
    return dict(result)


def same(found: Any, expected: Any, rel: float = 1e-7, at: str = "") -> None:
    """Check a block of JSON: the same keys, lengths, texts and numbers; NaN stands for null."""
    if isinstance(expected, Mapping):
        assert isinstance(found, dict), at
        assert set(found) == set(expected), at
        for key, value in expected.items():
            same(found[key], value, rel, f"{at}.{key}")
    elif isinstance(expected, list | tuple | np.ndarray):
        assert isinstance(found, list), at
        assert len(found) == len(expected), at
        for i, value in enumerate(expected):
            same(found[i], value, rel, f"{at}[{i}]")
    elif isinstance(expected, float | np.floating) and math.isnan(expected):
        assert found is None, at
    elif isinstance(expected, bool | np.bool_):
        assert found is bool(expected), at
    elif isinstance(expected, int | float | np.number):
        assert isinstance(found, int | float), at
        assert not isinstance(found, bool), at
        assert found == pytest.approx(expected, rel=rel, abs=1e-9), at
    else:
        assert found == expected, at


def interval(
    low: float, high: float, level: float = 0.95, attained: float | None = None
) -> dict[str, float]:
    """Return an interval as it stands in the JSON."""
    attained = level if attained is None else attained
    return {"low": low, "high": high, "level": level, "attained": attained}


def around(centre: float, se: float, df: float, level: float = 0.95) -> dict[str, float]:
    """Return the interval of t with these degrees of freedom."""
    half = stats.t.isf((1 - level) / 2, df) * se
    return interval(centre - half, centre + half, level)


def summary(values: Sequence[float] | np.ndarray) -> dict[str, Any]:
    """Return n, mean, SD, median and t interval from their definitions."""
    values = np.asarray(values, dtype=float)
    n = len(values)
    mean = values.mean() if n else math.nan
    sd = values.std(ddof=1) if n > 1 else math.nan
    return {
        "n": n,
        "mean": mean,
        "sd": sd,
        "median": np.median(values) if n else math.nan,
        "interval": around(mean, sd / math.sqrt(n), n - 1) if n > 1 else None,
    }


def plain_t(values: Sequence[float] | np.ndarray) -> dict[str, Any]:
    """Return the numbers of the two-sided paired t test from scipy."""
    values = np.asarray(values, dtype=float)
    test = stats.ttest_1samp(values, 0)
    se = values.std(ddof=1) / math.sqrt(len(values))
    return {
        "p": test.pvalue,
        "n": len(values),
        "statistic": test.statistic,
        "df": len(values) - 1,
        "estimate": values.mean(),
        "interval": around(values.mean(), se, len(values) - 1),
        "p_floor": 0,
    }


PAIRED_T = {
    "key": "paired_t",
    "name": "paired t test",
    "role": "primary",
    "statistic_name": "t",
    "estimate_name": "mean change",
    "notes": [],
}
"""What the paired t test is called."""


@cache
def exported_from_litres() -> dict[str, Any]:
    """Return the JSON of a trial of which FVC % was derived from litres, with every kind of note.

    A is derived, B is short for the equation, C lacks a height, and litres and % of D disagree.
    """
    rows = [
        (name, endpoint, day, value)
        for name in "ABCD"
        for endpoint, value in (("fvc_litres", 3.0), ("fvc", 99.0))
        if endpoint == "fvc_litres" or name == "D"
        for day in (-180.0, 0.0, 180.0)
    ]
    made_up = trial_from(pd.DataFrame(rows, columns=["patient", "endpoint", "day", "value"]))
    people = made_up.patients.assign(sex="M", age=55.0, height_cm=[175.0, 150.0, np.nan, 175.0])
    trial = replace(made_up, patients_frame=people)
    return exported(trial, endpoints=("fvc",), fvc_equation="nhanes_iii")
