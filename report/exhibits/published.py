"""Exhibits of the Published page that show the open trial."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.comparison import Comparison, EndpointComparison
from analysis.published.rows import ChangeRow, ShareRow
from data.trial import Trial
from report import published_words as words
from report.charts.published import MIN_WIDTH, forest_alt, forest_figure
from report.charts.published_responders import MIN_WIDTH as SHARES_WIDTH
from report.charts.published_responders import (
    published_responders_alt,
    published_responders_figure,
)
from report.exhibits.chart import Chart, Spot
from report.frames import frame_for

_PRINT_WIDTH = 940


def forest_chart(
    trial: Trial,
    comparison: Comparison,
    result: EndpointComparison,
    rows: Sequence[ChangeRow],
    said: str,
) -> Chart:
    """Return this trial among published changes of the slope.

    Parameters
    ----------
    trial, comparison, result
        The data, the analysis and the endpoint.
    rows
        This trial and the published ones.
    said
        What untreated trials with this run-in look like.
    """
    settings, key, label = comparison.settings, result.endpoint.key, result.endpoint.label
    own = words.own_periods(settings)
    published = any(row.source for row in rows)
    return Chart(
        name=f"published-{key}",
        build=lambda look, _: forest_figure(label, rows, own, look, settings.confidence),
        depends=(settings.key, trial.title, repr(rows)),
        frame=frame_for(
            words.forest_heading(label),
            words.CAVEAT,
            comparison,
            trial,
            endpoint=key,
            untreated=said,
        ),
        alt=forest_alt(label, rows),
        numbers=lambda _: words.change_numbers(rows),
        print_width=_PRINT_WIDTH,
        saves=published,
        min_width=MIN_WIDTH if published else 0,
        spot=Spot("published", key),
    )


def published_responders_chart(
    trial: Trial,
    comparison: Comparison,
    result: EndpointComparison,
    rows: Sequence[ShareRow],
    said: str,
) -> Chart:
    """Return responders of this trial beside published ones; parameters as above."""
    settings, key, label = comparison.settings, result.endpoint.key, result.endpoint.label
    arms = result.against_control is not None
    return Chart(
        name=f"published-responders-{key}",
        build=lambda look, _: published_responders_figure(
            label, rows, look, settings.confidence, all_arms=arms
        ),
        depends=(settings.key, trial.title, repr(rows)),
        frame=frame_for(
            f"{label}: responders of this trial beside published ones",
            words.CAVEAT,
            comparison,
            trial,
            endpoint=key,
            untreated=said,
        ),
        alt=published_responders_alt(label, rows),
        numbers=lambda _: words.share_numbers(rows),
        min_width=SHARES_WIDTH,
        spot=Spot("published-responders", key),
    )
