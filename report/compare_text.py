"""A comparison as text for a terminal."""

from __future__ import annotations

from analysis.comparison import Comparison
from analysis.untreated.outcome import Untreated
from report import words
from report.caveats import caveats
from report.untreated_words import untreated_sentence


def comparison_text(result: Comparison, found: Untreated) -> str:
    """Return the results of every endpoint, with what untreated trials look like, and caveats.

    Parameters
    ----------
    result, found
        The comparison, and untreated trials with its run-ins.
    """
    label = f"{result.trial_title}{' (simulated)' if result.simulated else ''}"
    lines = [
        f"{label} · data {result.trial_hash[:12]}",
        "; ".join(result.settings.differences().values()) or "default settings",
    ]
    for endpoint, against in zip(result.endpoints, found.endpoints, strict=True):
        lines += [
            "",
            words.results_sentence(endpoint),
            f"  {words.means_line(endpoint)}, {endpoint.unit}",
            f"  {words.flow_sentence(endpoint)}",
            untreated_sentence(against, found.control),
        ]
    for absent in result.absent:
        lines += ["", f"{absent.label}: no value in this trial."]
    notes = (
        words.design_line(result),
        words.period_text(result),
        words.holm_line(result),
        *caveats(result),
    )
    for note in filter(None, notes):
        lines += ["", note]
    return "\n".join(lines)
