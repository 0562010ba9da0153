"""What tests share: trials made by hand, the numbers from R, and how hypothesis searches."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import HealthCheck
from hypothesis import settings as search

from analysis.compare import compare
from analysis.comparison import Comparison, EndpointComparison
from analysis.results import Interval
from analysis.settings import Settings
from data.files import UploadedFile
from data.reading import Reading, read_files
from data.trial import EVENT_COLUMNS, MEASUREMENT_COLUMNS, PATIENT_COLUMNS, Trial

ROOT = Path(__file__).resolve().parents[1]
REFERENCE = ROOT / "tests" / "reference"
R_TRIALS = tuple(sorted(path.stem for path in REFERENCE.glob("trial_*.json")))
DAY0_RULES = ("before", "after", "both", "neither")

_QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
# The usual run is the same every time; to look for new failures:
# pytest --hypothesis-profile=search
search.register_profile(
    "usual", deadline=None, derandomize=True, max_examples=40, suppress_health_check=_QUIET
)
search.register_profile("search", deadline=None, max_examples=1000, suppress_health_check=_QUIET)
search.load_profile("usual")

Visits = Mapping[str, Mapping[Any, Any]]


def frame_from(visits: Visits, endpoint: str = "alsfrs_r") -> pd.DataFrame:
    """Return a long table from ``{patient: {day: value}}``."""
    rows = [(p, d, v, endpoint) for p, course in visits.items() for d, v in course.items()]
    return pd.DataFrame(rows, columns=["patient", "day", "value", "endpoint"])


def trial_from(
    frame: pd.DataFrame,
    *,
    transplants: Mapping[str, tuple[float, ...]] | None = None,
    patients: Iterable[str] = (),
    **about: Any,
) -> Trial:
    """Build a trial without the reader from ``patient``, ``day``, ``value``.

    ``endpoint`` and ``status`` may stand in further columns; an empty value is no visit. Every
    patient has one transplant on day 0 unless ``transplants`` says otherwise; ``patients`` adds
    and orders those of whom there may be no visit.
    """
    visits = frame.dropna(subset=["value"])
    names = list(dict.fromkeys([*patients, *frame["patient"]]))
    given = dict(transplants or {})
    people = pd.DataFrame(
        {
            "patient": names,
            "transplant_days": [given.get(name, (0.0,)) for name in names],
            "transplant_dates": [()] * len(names),
            "onset_day": np.nan,
            "death_day": np.nan,
            "sex": "",
            "age": np.nan,
            "onset_site": "",
            "group": "",
        },
        columns=list(PATIENT_COLUMNS),
    )
    measurements = pd.DataFrame(
        {
            "patient": visits["patient"],
            "endpoint": visits.get("endpoint", "alsfrs_r"),
            "day": visits["day"].astype("float64"),
            "value": visits["value"].astype("float64"),
            "status": visits.get("status", "ok"),
            "date": pd.NaT,
            "file": "made.csv",
            "sheet": "",
            "row": np.arange(2, len(visits) + 2),
            "column": "value",
        },
        columns=list(MEASUREMENT_COLUMNS),
    )
    return Trial(people, measurements, pd.DataFrame(columns=list(EVENT_COLUMNS)), **about)


def made(visits: Visits, **more: Any) -> Trial:
    """Build a trial from ``{patient: {day: value}}``."""
    return trial_from(frame_from(visits), **more)


def compared(trial: Trial, **settings: Any) -> EndpointComparison:
    """Return the ALSFRS-R comparison of a trial."""
    result = compare(trial, Settings(**{"endpoints": ("alsfrs_r",), **settings}))
    return result.endpoints[0]


def reasons(result: EndpointComparison) -> dict[str, str]:
    """Return why each patient who is not tested is not."""
    return {patient: reason for step in result.flow for patient, reason in step.left}


def read_text(text: str, answers: Mapping[str, str] | None = None, name: str = "t.csv") -> Reading:
    """Read the text of one CSV file."""
    return read_files([UploadedFile(name, text.encode("utf-8"))], answers)


@cache
def r_numbers(name: str) -> dict[str, Any]:
    """Return R's numbers of one trial."""
    numbers: dict[str, Any] = json.loads((REFERENCE / f"{name}.json").read_text("utf-8"))
    return numbers


@cache
def r_trial(name: str) -> Trial:
    """Return one of R's trials; patients are in R's order."""
    endpoint = "fvc" if "fvc" in name else "alsfrs_r"
    frame = pd.read_csv(REFERENCE / f"{name}.csv").assign(endpoint=endpoint)
    return trial_from(frame, patients=r_numbers(name)["patient"])


@cache
def r_compared(name: str, rule: str, alternative: str = "two-sided") -> EndpointComparison:
    """Return our comparison of one of R's trials."""
    trial = r_trial(name)
    settings = Settings(
        day0=rule,  # type: ignore[arg-type]
        alternative=alternative,  # type: ignore[arg-type]
        endpoints=trial.endpoints,
    )
    comparison: Comparison = compare(trial, settings)
    return comparison.endpoints[0]


def ends(interval: Interval | None) -> tuple[float, float]:
    """Return the ends of an interval that must be there."""
    assert interval is not None
    return interval.low, interval.high


def floats(values: Iterable[float | None]) -> np.ndarray:
    """Return R's array with NaN for null."""
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
