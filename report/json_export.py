"""A comparison as JSON: every number of the Slopes page with its n.

The schema is described in docs/compare-json.md.
"""

from __future__ import annotations

import platform
from typing import Any, Final

import numpy as np
import pandas as pd
import scipy

from analysis.comparison import Comparison, EndpointComparison
from analysis.details import Details, EndpointDetails
from analysis.hinge_course import course_by_month
from analysis.results import finite
from analysis.slopes import SideSlopes
from analysis.untreated.outcome import UntreatedEndpoint
from data.recipe import TrialRecipe
from report import words
from report.caveats import caveats
from report.frames import VERSION
from report.methods_text import methods_paragraph
from report.untreated_words import untreated_sentence

SCHEMA: Final = "alslope-compare-2"


def comparison_json(comparison: Comparison, more: Details) -> dict[str, Any]:
    """Return everything in a comparison as JSON values; what is not finite becomes null.

    Parameters
    ----------
    comparison, more
        The comparison, and its details.
    """
    rate = comparison.rate
    return {
        **heads(SCHEMA, comparison),
        "rate": {
            "unit": rate.unit,
            "months_before": rate.months_before,
            "months_after": rate.months_after,
            "unavailable": rate.unavailable,
        },
        "endpoints": {
            e.endpoint.key: _endpoint(comparison, e, more.endpoints[e.endpoint.key])
            | {"untreated": endpoint_untreated(against, more.untreated.control)}
            for e, against in zip(comparison.endpoints, more.untreated.endpoints, strict=True)
        },
        "untreated": more.untreated.to_json(),
        "arms": list(comparison.arms),
        "control": comparison.control or None,
        "joint": None if comparison.joint is None else comparison.joint.to_json(),
        "baseline": more.baseline.to_json(),
        "fvc_from_litres": None
        if comparison.from_litres is None
        else comparison.from_litres.to_json(),
        "absent_endpoints": [endpoint.key for endpoint in comparison.absent],
        "caveats": list(caveats(comparison)),
        "methods": methods_paragraph(comparison, more.untreated),
    }


def heads(schema: str, comparison: Comparison) -> dict[str, Any]:
    """Return what every JSON of a comparison begins with: versions, trial, reading, settings."""
    return {
        "schema": schema,
        "versions": versions(),
        "trial": {
            "title": comparison.trial_title,
            "simulated": comparison.simulated,
            "data_sha256": comparison.trial_hash,
            "patients": len(comparison.patient_ids),
            "analysed": comparison.n_analysed,
        },
        "reading": _reading(comparison.recipe),
        "settings": comparison.settings.to_json(),
        "differs_from_default": list(comparison.settings.differences().values()),
    }


def _reading(recipe: TrialRecipe) -> dict[str, Any]:
    """Return what the user decided about the files; names of files and sheets stay out."""
    return {
        "answers": dict(recipe.answers),
        "columns": [
            {"column": header, "role": role}
            for columns in recipe.mapping.values()
            for header, role in columns.items()
        ],
        "corrections": [
            {
                "row": fix.row,
                "column": fix.column,
                "found": fix.found,
                "read_as": fix.read_as,
                "check": fix.code,
            }
            for fix in recipe.fixes
        ],
    }


def versions() -> dict[str, str]:
    """Return the versions of what computed a result."""
    return {
        "alslope": VERSION,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "pandas": pd.__version__,
    }


def _endpoint(
    comparison: Comparison, result: EndpointComparison, more: EndpointDetails
) -> dict[str, Any]:
    ids = comparison.patient_ids
    compared = [patient for patient, used in zip(ids, result.paired, strict=True) if used]
    return {
        "label": result.endpoint.label,
        "unit": result.unit,
        "heading": words.heading(result),
        "sentence": words.results_sentence(result),
        "n": result.n,
        "before": result.before_summary.to_json(),
        "after": result.after_summary.to_json(),
        "change": result.change_summary.to_json(),
        "correlation": finite(result.correlation),
        "estimator": result.slopes.estimator,
        "run_in_used": result.slopes.run_in_used,
        "residual": {
            "sd": finite(result.slopes.residual_sd),
            "df": result.slopes.residual_df,
            "unit": result.endpoint.unit,
        },
        "tests": {test.key: test.to_json() for test in result.tests},
        "holm": {"p": finite(result.holm_p), "over": result.holm_over},
        "effect_sizes": {effect.key: effect.to_json() for effect in result.effects},
        "weighted_mean": result.weighted_mean.to_json(),
        "bayes_factor": result.bayes_factor.to_json(),
        "equivalence": None if result.equivalence is None else result.equivalence.to_json(),
        "responders": {one.rule.key: one.to_json() for one in result.responders},
        "checks": {
            check.key: check.to_json() | {"patients": [compared[i] for i in check.patients]}
            for check in result.checks
        },
        "groups": None if result.groups is None else result.groups.to_json(),
        "group_model": None
        if more.group_model is None
        else {"unit": more.model.unit, **more.group_model.to_json()},
        "model": more.model.to_json() | {"course": course_by_month(more.model).to_json()},
        "population_model": more.population.to_json(),
        "diagnostics": more.diagnosis.to_json(ids),
        "from_day0": more.from_day0.to_json(),
        "flow": [step.to_json() for step in result.flow],
        "patients": [_patient(comparison, result, i) for i in range(len(comparison.patient_ids))],
    }


def endpoint_untreated(found: UntreatedEndpoint, control: str) -> dict[str, Any]:
    """Return one endpoint against simulated untreated trials: the sentence, and its numbers."""
    return {"sentence": untreated_sentence(found, control), **found.to_json()}


def _patient(comparison: Comparison, result: EndpointComparison, i: int) -> dict[str, Any]:
    level = comparison.settings.confidence
    change = result.change_interval(i, level)
    return {
        "patient": comparison.patient_ids[i],
        "in_the_test": bool(result.paired[i]),
        "before": _side(result, "before", i, level),
        "after": _side(result, "after", i, level),
        "change": finite(float(result.change[i])),
        "jump": finite(float(result.slopes.jump[i])),
        "jump_se": finite(float(result.slopes.jump_se[i])),
        "change_interval": None if change is None else change.to_json(),
    }


def _side(result: EndpointComparison, name: str, i: int, level: float) -> dict[str, Any]:
    line: SideSlopes = result.slopes.before if name == "before" else result.slopes.after
    values = result.before if name == "before" else result.after
    factor = result.rate.months_before if name == "before" else result.rate.months_after
    interval = result.slope_interval(name, i, level)
    return {
        "slope": finite(float(values[i])),
        "own_se": finite(factor * float(line.se[i])),
        "interval": None if interval is None else interval.to_json(),
        "visits": int(line.n[i]),
        "span_days": finite(float(line.span_days[i])),
    }
