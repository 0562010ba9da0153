"""The Patients page for everybody: one tab a question, and only the open one is computed."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from analysis.comparison import Comparison, EndpointComparison
from data.trial import Trial
from ui import state
from ui.all_patients_changes import changes_tab
from ui.all_patients_courses import courses_tab, multiples_tab
from ui.all_patients_followed import followed_tab
from ui.page_body import lazy_tabs
from ui.stage_section import stage_section
from ui.survival_section import survival_section

Results = tuple[EndpointComparison, ...]


def all_patients(trial: Trial, comparison: Comparison, results: Results) -> None:
    """Draw everybody's courses, changes, follow-up, stages and survival; a click opens a patient.

    Parameters
    ----------
    trial, comparison
        The open trial and its comparison.
    results
        Endpoints that the switch shows.
    """
    tabs: dict[str, Callable[[], None]] = {
        "Courses": lambda: _open(courses_tab(trial, comparison, results)),
        "Small multiples": lambda: _open(multiples_tab(trial, comparison, results)),
        "Slope changes": lambda: _open(changes_tab(trial, comparison, results)),
        "Follow-up": lambda: _open(followed_tab(trial, comparison)),
        "Stages": lambda: stage_section(trial, comparison),
        "Survival": lambda: survival_section(trial, comparison, results),
    }
    lazy_tabs(tabs, key="w.everyone_tab")


def _open(clicks: Iterable[int | None]) -> None:
    """Open the patient that was clicked."""
    for position in clicks:
        if position is not None:
            state.open_patient(position)
