"""Tables of a planned trial, and its assumptions as a file."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import fields
from typing import Any, Final

import pandas as pd

from analysis.setting_untreated import HISTORY_FIELDS, entry_words
from analysis.untreated.history import BETWEEN_ENDPOINTS, LEAVING
from analysis.untreated.plan_entry import rules_of
from analysis.untreated.plan_presets import PlanPreset
from analysis.untreated.plan_visits import VisitDesign
from analysis.untreated.planning import Planning, Simulated
from data.endpoints import ENDPOINTS
from report.charts.planning import visits_name
from report.frames import VERSION
from report.numbers import DASH, plain
from report.planning_words import (
    NO_PROMISE,
    answer,
    error_text,
    exact_text,
    share_text,
    visits_sentence,
)

SCHEMA: Final = "alslope-plan-1"

_READER: Final = "chosen in this plan"
_DROPOUT: Final = "chosen in this plan: the same share every month, whatever the course"
_LOST: Final = "lost to follow-up"
_LEAVING: Final = {
    "yearly_mortality": ("yearly mortality", "share"),
    "at_score": ("ALSFRS-R at which it holds", "points"),
    "per_point": ("ratio of the hazard for each point higher", ""),
    "bulbar_share": ("share with bulbar onset", ""),
    "bulbar_ratio": ("ratio of the hazard with bulbar onset", ""),
    "monthly_dropout": ("monthly dropout", "share"),
}
_ESTIMATORS: Final = {
    "ols": "least squares, separate lines",
    "theil_sen": "Theil–Sen",
    "end_to_end": "first and last visit",
    "broken_stick": "broken stick",
    "broken_stick_jump": "broken stick with a step at day 0",
}


def curve_table(found: Planning) -> pd.DataFrame:
    """Return the numbers of the figure, one row a number of patients."""
    unit = f"{found.plan.measured.change_unit}/month"
    rows = [
        {
            "patients": one.n,
            "planned": "yes" if one.n == found.plan.n else "",
            "simulated trials": one.power.trials,
            "power, P < 0.05 in favour (%)": 100 * one.power.share,
            "its Monte Carlo SE": 100 * one.power.error,
            "false success, P < 0.05 in favour (%)": 100 * one.false_success.share,
            "Monte Carlo SE of false success": 100 * one.false_success.error,
            f"change that 2.5 % of untreated trials exceed ({unit})": one.critical.value,
            "stands out from untreated trials (%)": 100 * one.calibrated.share,
            "Monte Carlo SE of standing out": 100 * one.calibrated_error,
            f"smallest change that stands out ({unit})": one.smallest.value,
            "Monte Carlo SE of that change": one.smallest.error,
            f"smallest change for P < 0.05 ({unit})": one.smallest_tested.value,
            "Monte Carlo SE of the change for P < 0.05": one.smallest_tested.error,
        }
        for one in found.points
    ]
    return pd.DataFrame(rows)


def visits_numbers(found: Planning, designs: Sequence[VisitDesign]) -> pd.DataFrame:
    """Return the numbers of the figure of visits, one row a point."""
    unit = f"{found.plan.measured.change_unit}/month"
    return pd.DataFrame(
        [
            {
                "visits before": design.before,
                "visits after": design.after,
                "planned": "yes" if design.planned else "",
                "patients": one.n,
                f"smallest change that stands out ({unit})": one.smallest.value,
                "Monte Carlo SE": one.smallest.error,
                "stands out from untreated trials (%)": 100 * one.calibrated.share,
                "false success, P < 0.05 in favour (%)": 100 * one.false_success.share,
            }
            for design in designs
            for one in design.points
        ]
    )


def visits_table(found: Planning, designs: Sequence[VisitDesign]) -> pd.DataFrame:
    """Return what each number of visits gives with the planned patients, as text."""
    unit = f"{found.plan.measured.change_unit}/month"
    rows = []
    for design in designs:
        one = design.at(found.plan.n)
        name = visits_name(design)
        name = f"{name} (plan)" if design.planned else name
        row = {"visits": name, f"smallest change, {unit}": DASH, "stands out": DASH}
        row |= {"P < 0.05 with no effect": DASH, "patients for the same": DASH, "note": ""}
        if one is None:
            row["note"] = design.reason or "too few people were simulated"
        else:
            row[f"smallest change, {unit}"] = _pm(one.smallest)
            row["stands out"] = share_text(one.calibrated)
            row["P < 0.05 with no effect"] = share_text(one.false_success)
            row["patients for the same"] = str(design.as_exact or DASH)
        rows.append(row)
    table = pd.DataFrame(rows)
    return table if table["note"].any() else table.drop(columns="note")


def presets_table(rows: Sequence[PlanPreset]) -> pd.DataFrame:
    """Return how trials without an effect look under every natural history, as text."""
    return pd.DataFrame(
        [
            {
                "natural history": f"{one.preset.label}{' (plan)' if one.assumed else ''}",
                "of 100, stand out with no effect": exact_text(one.standing_out),
                "of 100, P < 0.05 with no effect": exact_text(one.false_success),
                "what it stands for": one.reason or one.preset.note,
            }
            for one in rows
        ]
    )


def _pm(number: Simulated) -> str:
    return f"{plain(number.value)} ± {error_text(number)}"


def assumptions(found: Planning) -> pd.DataFrame:
    """Return every parameter of a plan with its unit and source, one row each."""
    rows = [*_plan_rows(found), *_history_rows(found)]
    about = f"ALSlope {VERSION}"
    rows.append({"part": "software", "parameter": "version", "value": about, "unit": ""})
    table = pd.DataFrame(rows, columns=["part", "parameter", "value", "unit", "source"])
    return table.fillna("")


def _plan_rows(found: Planning) -> list[dict[str, Any]]:
    plan = found.plan
    chosen = (
        ("endpoint", plan.measured.label, ""),
        ("patients who start", plan.n, ""),
        ("length of the run-in", plan.run_in_months, "months"),
        ("visits up to day 0", plan.visits_before, "evenly spaced, day 0 included"),
        ("length of the follow-up", plan.post_months, "months"),
        ("visits after day 0", plan.visits_after, "evenly spaced"),
        ("entry rule", entry_words(plan.entry), ""),
        ("less steep decline after day 0", 100 * plan.reduction, "% of the true decline"),
        _lost(plan.dropout_per_month),
        ("slopes by", _ESTIMATORS[plan.estimator], ""),
        ("visit on day 0 counts", plan.day0, ""),
        ("visits needed on each side", plan.min_visits, ""),
        ("days needed on each side", plan.min_span_days, "first to last visit"),
        ("test", "paired t, two-sided 0.05, in favour", ""),
        ("simulated trials of the largest size", plan.trials, ""),
        ("seed", plan.seed, ""),
    )
    return [
        {
            "part": "plan",
            "parameter": name,
            "value": value,
            "unit": unit,
            "source": _DROPOUT if name == _LOST and isinstance(value, float) else _READER,
        }
        for name, value, unit in chosen
    ]


def _lost(share: float | None) -> tuple[str, float | str, str]:
    if share is None:
        return _LOST, "deaths and dropout of the natural history", ""
    return _LOST, 100 * share, "% a month"


def _leaving_rows() -> list[dict[str, Any]]:
    return [
        {
            "part": "natural history, deaths and dropout",
            "parameter": label,
            "value": getattr(LEAVING, name),
            "unit": unit,
            "source": LEAVING.sources.get(name, "a default of ALSlope"),
        }
        for name, (label, unit) in _LEAVING.items()
    ]


def _history_rows(found: Planning) -> list[dict[str, Any]]:
    assumed = found.assumed
    rows: list[dict[str, Any]] = [
        {
            "part": "natural history",
            "parameter": "preset",
            "value": assumed.preset.label,
            "unit": "",
            "source": assumed.preset.note,
        }
    ]
    needed = {found.plan.endpoint, *(rule.endpoint for rule in rules_of(found.plan.entry))}
    if found.plan.dropout_per_month is None:
        needed.add("alsfrs_r")
        rows += _leaving_rows()
    for key in (key for key in assumed.histories if key in needed):
        history = assumed.histories[key]
        for field in fields(history):
            value = getattr(history, field.name)
            if field.name == "sources" or not isinstance(value, int | float):
                continue
            known = HISTORY_FIELDS.get(field.name)
            rows.append(
                {
                    "part": f"natural history, {ENDPOINTS[key].label}",
                    "parameter": known.label if known else field.name.replace("_", " "),
                    "value": value if math.isfinite(value) else "infinite (normal)",
                    "unit": _unit(known.unit if known else ""),
                    "source": history.sources.get(field.name, "a default of ALSlope"),
                }
            )
    if len(needed) < 2:
        return rows
    edited = assumed.between != BETWEEN_ENDPOINTS
    rows.append(
        {
            "part": "natural history",
            "parameter": "correlation of the slopes of both endpoints",
            "value": assumed.between,
            "unit": "",
            "source": "edited by the reader" if edited else "a rough value from public summaries",
        }
    )
    return rows


def _unit(kind: str) -> str:
    return {"slope": "per month", "score": "units of the endpoint", "bend": "per month²"}.get(
        kind, ""
    )


def plan_json(
    found: Planning, designs: Sequence[VisitDesign], presets: Sequence[PlanPreset]
) -> dict[str, Any]:
    """Return a plan, its assumptions and what was simulated, as JSON values."""
    return {
        "schema": SCHEMA,
        "version": VERSION,
        "note": NO_PROMISE,
        **found.to_json(),
        "sentences": [*answer(found), visits_sentence(found, designs)],
        "by_visits": [one.to_json() for one in designs],
        "by_natural_history": [one.to_json() for one in presets],
        "assumptions": assumptions(found).to_dict(orient="records"),
    }
