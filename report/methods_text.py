"""The methods paragraph: what was computed, in words that a paper can carry."""

from __future__ import annotations

import math
import platform
from collections.abc import Sequence
from typing import Final

import numpy as np
import scipy

from analysis.comparison import Comparison, EndpointComparison
from analysis.setting_lists import filter_words
from analysis.slopes import day0_used
from analysis.untreated.outcome import Untreated
from report.frames import VERSION
from report.numbers import count, level, plain
from report.untreated_words import methods_sentences

_ESTIMATORS: Final = {
    "ols": "separate least-squares lines before and after day 0",
    "theil_sen": "Theil–Sen lines (median of all pairwise slopes) before and after day 0",
    "end_to_end": "the difference between the last and the first visit of each period, over the "
    "time between them",
    "broken_stick": "one least-squares line that may bend at day 0 (broken stick)",
    "broken_stick_jump": "one least-squares line that may bend and step at day 0",
}
_DAY0: Final = {
    "before": "counted as before",
    "after": "counted as after",
    "both": "counted in both periods",
    "neither": "was left out",
}
_DIRECTION: Final = {
    "two-sided": "All tests are two-sided",
    "less steep": "Tests of the change are one-sided, towards a less steep decline after day 0; "
    "models and checks are two-sided",
    "steeper": "Tests of the change are one-sided, towards a steeper decline after day 0; models "
    "and checks are two-sided",
}


def methods_paragraph(comparison: Comparison, untreated: Untreated | None = None) -> str:
    """Return the methods of a comparison: data, slopes, tests, corrections, software and seed.

    Parameters
    ----------
    comparison
        The comparison.
    untreated
        The simulated untreated trials beside it, where there are some.
    """
    settings = comparison.settings
    sentences = [
        _slopes(comparison),
        _rules(comparison),
        *_left_out(comparison),
        _from_litres(comparison),
        _tests(comparison),
        _correction(comparison),
        _direction(comparison),
        "There was no imputation.",
        "" if untreated is None else methods_sentences(untreated),
        f"Computed with ALSlope {VERSION} (Python {platform.python_version()}, NumPy "
        f"{np.__version__}, SciPy {scipy.__version__}), seed {settings.seed}, data "
        f"{comparison.trial_hash[:12]}.",
    ]
    if comparison.simulated:
        sentences.insert(0, "The data are simulated; no person is behind them.")
    return " ".join(sentence for sentence in sentences if sentence)


def _slopes(comparison: Comparison) -> str:
    settings = comparison.settings
    labels = " and ".join(e.endpoint.label for e in comparison.endpoints) or "No endpoint"
    unit = {
        "month": "month (30.4375 days)",
        "year": "year",
        "period": f"period of {comparison.rate.months_before:g} months",
    }[comparison.rate.unit]
    which = "the transplant" if settings.transplant == 0 else "the chosen transplant"
    if comparison.control:
        which += f" (in “{comparison.control}” the reference date)"
    shift = (
        f", moved by {plain(settings.shift_days, 0)} days for this analysis"
        if settings.shift_days
        else ""
    )
    from_onset = [e.endpoint.label for e in comparison.endpoints if e.slopes.run_in_used == "onset"]
    onset = (
        f" The slope before of {' and '.join(from_onset)} is instead the decline from the maximal "
        "score at onset to the last visit on or before day 0 (ΔFS)."
        if from_onset
        else ""
    )
    return (
        f"For {labels}, each patient’s slope per {unit} was estimated by "
        f"{_ESTIMATORS[settings.estimator]}; day 0 is the day of {which}{shift}.{onset} The change "
        "is the slope after minus the slope before: above 0, the decline is less steep after day 0."
    )


def _rules(comparison: Comparison) -> str:
    settings = comparison.settings

    def window(months: float | None) -> str:
        return "all visits" if months is None else f"visits within {months:g} months"

    skipped = (
        f", visits up to day {settings.skip_days} after it were left out"
        if settings.skip_days
        else ""
    )
    day0 = day0_used(settings)
    if settings.skip_days and day0 in ("after", "both"):
        day0 = "neither" if day0 == "after" else "before"
    onset = any(e.slopes.run_in_used == "onset" for e in comparison.endpoints)
    period = "The period after day 0" if onset else "A period"
    return (
        f"Before day 0 {window(settings.pre_months)} and after it {window(settings.post_months)} "
        f"were used; the visit on day 0 itself {_DAY0[day0]}{skipped}. {period} needed at "
        f"least {settings.min_visits} visits over at least {settings.min_span_days} days."
    )


def _left_out(comparison: Comparison) -> list[str]:
    settings = comparison.settings
    texts = [f"Patients were chosen: {filter_words(settings.filters)}."] if settings.filters else []
    if settings.fvc_until != "all":
        event = {"niv": "NIV or tracheostomy", "tracheostomy": "tracheostomy"}[settings.fvc_until]
        texts.append(f"Vital capacity after a patient’s first {event} did not count.")
    n = sum(e.patient in comparison.patient_ids for e in settings.excluded_patients)
    if n:
        texts.append(
            f"{count(n, 'patient')} {'was' if n == 1 else 'were'} left out by hand, with reasons."
        )
    if settings.points:
        texts.append(f"{count(len(settings.points), 'value')} left out or kept by hand.")
    return texts


def _from_litres(comparison: Comparison) -> str:
    found = comparison.from_litres
    if found is None or not comparison.equation_note:
        return ""
    if not found.derived:
        return found.note
    return (
        f"{found.note} The equation (doi {found.doi}) needs sex, height and the age at the visit. "
        "Patients of whom any FVC % was reported keep the reported values only, so no slope mixes "
        "the two."
    )


def _tests(comparison: Comparison) -> str:
    """Return the primary test and those beside it, for each kind of question that was tested."""
    tested = [one for one in comparison.endpoints if math.isfinite(one.lead.p)]
    against = [one for one in tested if one.against_control is not None]
    within = [one for one in tested if one.against_control is None]
    without = [one.endpoint.label for one in comparison.endpoints if one not in tested]
    texts = []
    for group, sentence in ((against, _test_of_groups), (within, _test_of_change)):
        if group:
            labels = f"{_listed(group)}: " if against and within else ""
            texts.append(f"{labels}{sentence(group[0])}")
    if without:
        texts.append(
            f"{' and '.join(without)} could not be tested: a test needs 2 patients with a change, "
            "and changes that differ."
        )
    return " ".join(texts)


def _listed(results: Sequence[EndpointComparison]) -> str:
    return " and ".join(one.endpoint.label for one in results)


def _test_of_groups(result: EndpointComparison) -> str:
    arms = result.against_control
    assert arms is not None
    return (
        f"The primary test compares the change of slope between {arms.other} and "
        f"{arms.reference}: {arms.primary.name}; beside it stand "
        f"{' and '.join(test.name for test in arms.tests[1:])} and the group difference in a "
        "linear mixed model of all visits (REML, Kenward–Roger degrees of freedom)."
    )


def _test_of_change(result: EndpointComparison) -> str:
    primary, *others = result.tests
    supporting = [test.name for test in others if test.role == "supporting"]
    supporting.append(
        "linear mixed model of all visits with a bend at day 0 and random level, slope and change "
        "(REML, Kenward–Roger degrees of freedom)"
    )
    return (
        f"The primary test of no change is the {primary.name}; beside it stand the "
        f"{', the '.join(supporting)}."
    )


def _direction(comparison: Comparison) -> str:
    if not any(math.isfinite(one.lead.p) for one in comparison.endpoints):
        return ""
    settings = comparison.settings
    return (
        f"{_DIRECTION[settings.alternative]}; intervals are {level(settings.confidence)} "
        "confidence intervals."
    )


def _correction(comparison: Comparison) -> str:
    family = [e.endpoint.label for e in comparison.endpoints if e.holm_over]
    if len(family) < 2:
        return ""
    return f"P values of {' and '.join(family)} are also given after Holm’s correction."
