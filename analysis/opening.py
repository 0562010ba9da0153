"""The settings with which a trial opens."""

from __future__ import annotations

from typing import Any

from analysis.grouping import grouping_of, is_concurrent_control
from analysis.settings import opening_endpoints
from data.trial import Trial


def opening_settings(trial: Trial) -> dict[str, Any]:
    """Return what a trial needs beside the defaults: its endpoints, and its arms if one controls.

    Parameters
    ----------
    trial
        The trial. Where one of its arms is recognised as a concurrent control, the difference
        between the arms leads.
    """
    opening: dict[str, Any] = {"endpoints": opening_endpoints(trial.endpoints)}
    if is_concurrent_control(trial, grouping_of(trial, "group")).label:
        opening["group_by"] = "group"
    return opening
