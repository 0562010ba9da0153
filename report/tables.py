"""Results as tables: for the screen, and as text that is safe to open in a spreadsheet."""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
import pandas as pd

from analysis.comparison import Comparison, EndpointComparison
from analysis.slopes import day0_offsets, months_from_day0
from data.endpoints import ENDPOINTS
from data.trial import DAYS_PER_MONTH, Trial
from report.numbers import DASH, bare_p, decimals_for, plain, signed, span
from report.numbers import level as level_text
from report.value_rows import DERIVED, USE, quality, shows_derived, value_rows

_FULL_WIDTH: Final = ("\uff1d", "\uff0b", "\uff0d", "\uff20")
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\x00", *_FULL_WIDTH)

RATE_COLUMNS: Final = (
    *(
        f"{name}{end}"
        for name in ("before", "after", "change")
        for end in ("", "_ci_low", "_ci_high")
    ),
    "before_months",
    "after_months",
)
"""Columns of the per-patient table that hold slopes, changes and lengths."""


def export_names(trial: Trial) -> tuple[str, ...]:
    """Return what patients are called in exports: P01, P02 …, or their own names if simulated."""
    if trial.simulated:
        return trial.patient_ids
    width = max(2, len(str(len(trial.patient_ids))))
    return tuple(f"P{i:0{width}d}" for i in range(1, len(trial.patient_ids) + 1))


def per_patient(
    comparison: Comparison,
    result: EndpointComparison,
    names: tuple[str, ...],
    patients: Iterable[int] | None = None,
) -> pd.DataFrame:
    """Return one row a patient: slopes, change, intervals, visits, and why somebody is missing.

    ``patients`` are the positions that are wanted, in their order; all of them by default.
    """
    level = comparison.settings.confidence
    reasons = {patient: reason for step in result.flow for patient, reason in step.left}
    rows = []
    for i in range(len(names)) if patients is None else patients:
        patient = comparison.patient_ids[i]
        before, after = result.slopes.before, result.slopes.after
        intervals = {
            "before": result.slope_interval("before", i, level),
            "after": result.slope_interval("after", i, level),
            "change": result.change_interval(i, level),
        }
        row: dict[str, object] = {
            "patient": names[i],
            "endpoint": result.endpoint.label,
            "unit": result.unit,
            "before": result.before[i],
            "after": result.after[i],
            "change": result.change[i],
        }
        for name, interval in intervals.items():
            row[f"{name}_ci_low"] = interval.low if interval else np.nan
            row[f"{name}_ci_high"] = interval.high if interval else np.nan
        for name, side in (("before", before), ("after", after)):
            row[f"{name}_visits"] = int(side.n[i])
            row[f"{name}_months"] = side.span_days[i] / DAYS_PER_MONTH
        row["in_the_test"] = "yes" if result.paired[i] else "no"
        row["reason"] = reasons.get(patient, "")
        rows.append(row)
    return pd.DataFrame(rows)


def per_patient_on_paper(
    comparison: Comparison, result: EndpointComparison, names: tuple[str, ...]
) -> pd.DataFrame:
    """Return slopes and change of each patient as text, with the interval of the change."""
    table = per_patient(comparison, result, names)
    shown = []
    for row in table.to_dict("records"):
        numbers = {
            name: signed(float(row[name])) if np.isfinite(row[name]) else DASH
            for name in ("before", "after", "change")
        }
        low, high = float(row["change_ci_low"]), float(row["change_ci_high"])
        ends = f"{plain(low)} to {plain(high)}" if math.isfinite(high - low) else DASH
        rest = {
            f"{level_text(comparison.settings.confidence)} CI of the change": ends,
            "visits": f"{row['before_visits']} + {row['after_visits']}",
            "not in the analysis because": row["reason"] or "",
        }
        shown.append({"patient": row["patient"]} | numbers | rest)
    return pd.DataFrame(shown)


def tests(comparison: Comparison) -> pd.DataFrame:
    """Return every test and effect size as text, one row each, as the page shows them."""
    interval = f"{level_text(comparison.settings.confidence)} CI"
    rows = []
    side = comparison.settings.alternative
    for result in comparison.endpoints:
        for test in result.tests:
            decimals = decimals_for(test.interval)
            value = f"{signed(test.estimate, decimals)} {result.unit}"
            rows.append(
                {
                    "endpoint": result.endpoint.label,
                    "test": f"{test.name} ({test.role})",
                    "estimate": f"{test.estimate_name}: {value}" if test.estimate_name else DASH,
                    interval: span(test.interval, decimals),
                    "P": bare_p(test.p, side),
                    "n": test.n,
                    "notes": "; ".join(test.notes) or DASH,
                }
            )
        for effect in result.effects:
            rows.append(
                {
                    "endpoint": result.endpoint.label,
                    "test": "standardised change (exploratory)",
                    "estimate": f"{effect.name}: {signed(effect.value)}",
                    interval: span(effect.interval),
                    "P": DASH,
                    "n": effect.n,
                    "notes": "; ".join(effect.notes) or DASH,
                }
            )
    return pd.DataFrame(rows)


def tests_on_screen(comparison: Comparison, *, exploratory: bool) -> pd.DataFrame:
    """Return the tests with their notes under their names, so that a narrow screen shows all.

    Parameters
    ----------
    comparison
        Whose tests.
    exploratory
        Whether the exploratory ones and the effect sizes are wanted, or the primary and supporting.
    """
    table = tests(comparison)
    table = table[table["test"].str.endswith("(exploratory)") == exploratory]
    named = [
        test if note == DASH else f"{test}; {note}"
        for test, note in zip(table["test"], table["notes"], strict=True)
    ]
    return table.assign(test=named).drop(columns="notes")


def flow(
    comparison: Comparison, result: EndpointComparison, names: tuple[str, ...]
) -> pd.DataFrame:
    """Return the flow of patients: each step, its n, and who left before it and why."""
    called = dict(zip(comparison.patient_ids, names, strict=True))
    return pd.DataFrame(
        [
            {
                "step": step.name,
                "n": step.n,
                "dropped at this step": "; ".join(f"{called[p]}: {why}" for p, why in step.left)
                or DASH,
            }
            for step in result.flow
        ]
    )


def visits(trial: Trial, comparison: Comparison, patient: int) -> pd.DataFrame:
    """Return every value of one patient, with where it stands in the file and how it is used.

    A value that was derived from litres is a row of its own, with the row of its litres.
    """
    mine = value_rows(trial, comparison, [patient])
    month = months_from_day0(
        trial, comparison.settings, patient, mine["day"].to_numpy(dtype=np.float64)
    )
    table = pd.DataFrame(
        {
            "endpoint": [endpoint_name(key) for key in mine["endpoint"]],
            "month": month,
            "value": mine["value"].to_numpy(),
            "counts": [use or "not compared" for use in mine[USE]],
            "quality": [quality(status) for status in mine["status"]],
            "date": [None if pd.isna(d) else d.date().isoformat() for d in mine["date"]],
            "row in file": mine["row"].to_numpy(),
        }
    )
    return table.assign(derived=mine[DERIVED]) if shows_derived(comparison) else table


def course_numbers(
    trial: Trial, comparison: Comparison, patients: Sequence[int], names: tuple[str, ...]
) -> pd.DataFrame:
    """Return the values in a figure of courses: patient, endpoint, month, value, use.

    Calendar dates stay out: exports carry months from the transplant.
    """
    rows = value_rows(trial, comparison, patients)
    rows = rows[rows[USE] != ""]
    who = rows["who"].to_numpy(dtype=np.int64)
    zero = np.nan_to_num(day0_offsets(trial, comparison.settings)[0], nan=0.0)
    table = pd.DataFrame(
        {
            "endpoint": rows["endpoint"].map(endpoint_name).to_numpy(),
            "month": (rows["day"].to_numpy(dtype=np.float64) - zero[who]) / DAYS_PER_MONTH,
            "value": rows["value"].to_numpy(),
            "counts": rows[USE].to_numpy(),
            "quality": rows["status"].map(quality).to_numpy(),
            "patient": np.asarray(names, dtype=object)[who],
        }
    )
    return table.assign(derived=rows[DERIVED].to_numpy()) if shows_derived(comparison) else table


def endpoint_name(key: str) -> str:
    """Return what an endpoint is called in tables of values, such as "FVC, % predicted"."""
    endpoint = ENDPOINTS[key]
    return f"{endpoint.label}, {endpoint.unit}"


def csv_text(table: pd.DataFrame, trial: Trial | None, note: str = "", untreated: str = "") -> str:
    """Return a table as CSV that no spreadsheet takes for formulas.

    Text that could start a formula gets an apostrophe in front; numbers stay numbers. The last two
    columns say which trial it is and whether it is simulated, if it is of a trial; where FVC was
    derived from litres, one more holds the ``note`` on that, and beside results one more says what
    ``untreated`` trials with this run-in look like.
    """
    stamped = table
    if trial is not None:
        stamped = table.assign(trial=trial.title, simulated="yes" if trial.simulated else "no")
    if note:
        stamped = stamped.assign(**{"FVC from litres": note})
    if untreated:
        stamped = stamped.assign(**{"untreated trials": untreated})
    safe = stamped.rename(columns=lambda name: cell_text(str(name)))
    for name in safe.columns:
        if not pd.api.types.is_numeric_dtype(safe[name].dtype):
            safe[name] = [cell_text(v) if isinstance(v, str) else v for v in safe[name]]
    buffer = io.StringIO()
    safe.to_csv(buffer, index=False, float_format="%.10g", lineterminator="\n")
    return buffer.getvalue()


def cell_text(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.lstrip(" \"';,").startswith(_FORMULA_STARTS) else text
