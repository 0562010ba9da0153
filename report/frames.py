"""Titles, subtitles and footers of figures that leave the screen."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Final

from analysis.comparison import Comparison
from analysis.settings import Settings
from data.trial import Trial
from report.charts.parts import Frame
from report.numbers import count

VERSION: Final = "1.0.0"


def frame_for(
    title: str,
    subtitle: str,
    comparison: Comparison,
    trial: Trial,
    endpoint: str = "",
    made: date | None = None,
    untreated: str = "",
) -> Frame:
    """Return the frame of one figure: what it shows, and everything needed to find it again.

    Parameters
    ----------
    title, subtitle
        The two lines on top.
    comparison, trial
        What the figure rests on.
    endpoint
        Key of the endpoint in the figure, where it shows one only.
    made
        Date in the footer; today by default.
    untreated
        What untreated trials with this run-in look like, where the figure shows the result.
    """
    shown = f"{comparison.n_analysed:,} of {len(trial.patient_ids):,} patients"
    differs = "; ".join(_differences(comparison.settings)) or "default settings"
    name = f"{trial.title}{' (simulated)' if trial.simulated else ''}"
    day = (made or datetime.now(UTC).date()).isoformat()
    note = comparison.equation_note if endpoint in ("", "fvc") else ""
    said = f" · {note.removesuffix('.')}" if note else ""
    stamp = f"data {trial.hash[:8]} · ALSlope {VERSION} · {day}"
    about = f"{untreated} " if untreated else ""
    footer = f"{about}{name} · {shown}{said} · {differs} · {stamp}"
    shown_title = f"{title} (simulated)" if trial.simulated else title
    return Frame(shown_title, subtitle, footer, note, untreated)


def _differences(settings: Settings) -> list[str]:
    """Return what differs from the default, with counts where names of patients would stand."""
    nameless = settings.with_(excluded_patients=(), points=())
    texts = list(nameless.differences().values())
    if settings.excluded_patients:
        texts.append(f"without {count(len(settings.excluded_patients), 'patient')}")
    if settings.points:
        texts.append(f"{count(len(settings.points), 'decision')} about single values")
    return texts
