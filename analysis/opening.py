"""The settings with which a trial opens."""

from __future__ import annotations

from typing import Any, Final

from analysis.grouping import grouping_of, is_concurrent_control
from analysis.settings import opening_endpoints
from data.trial import Trial

MANY_PATIENTS: Final = 500
"""Patients above which a trial opens with fewer simulated untreated trials than the default."""

_SIMULATED_PATIENTS: Final = 1_000_000
_FEWEST_TRIALS: Final = 100


def opening_settings(trial: Trial) -> dict[str, Any]:
    """Return what a trial needs beside the defaults: endpoints, arms, simulated trials.

    Parameters
    ----------
    trial
        The trial. Where one of its arms is recognised as a concurrent control, the difference
        between the arms leads. The more patients it has, the fewer untreated trials are simulated,
        so that a million patients are drawn at most; the mean change of many patients scatters
        little. The reader can ask for more.
    """
    opening: dict[str, Any] = {"endpoints": opening_endpoints(trial.endpoints)}
    if is_concurrent_control(trial, grouping_of(trial, "group")).label:
        opening["group_by"] = "group"
    n = len(trial.patient_ids)
    if n > MANY_PATIENTS:
        trials = _SIMULATED_PATIENTS // n // _FEWEST_TRIALS * _FEWEST_TRIALS
        opening["untreated_trials"] = max(_FEWEST_TRIALS, trials)
    return opening
