"""Exhibits of the Untreated page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pandas as pd
import plotly.graph_objects as go

from analysis.comparison import Comparison, EndpointComparison
from analysis.untreated.deceleration import Deceleration
from analysis.untreated.outcome import UntreatedEndpoint
from data.trial import Trial
from report import untreated_words as words
from report.charts.deceleration import (
    deceleration_alt,
    deceleration_figure,
    deceleration_numbers,
)
from report.charts.parts import Names
from report.charts.run_in import RunInValues, run_in_alt, run_in_figure, run_in_numbers
from report.charts.untreated import null_figure, null_numbers
from report.charts.untreated_responders import (
    both_shares,
    untreated_responders_alt,
    untreated_responders_figure,
    untreated_responders_numbers,
)
from report.exhibits.chart import Chart, Spot
from report.frames import frame_for
from report.look import Look
from report.untreated_entry import entry_legend


def null_chart(
    trial: Trial,
    comparison: Comparison,
    found: UntreatedEndpoint,
    heading: str,
    sentence: str,
    rule: str = "",
) -> Chart:
    """Return simulated untreated trials with this one among them.

    Parameters
    ----------
    trial, comparison, found
        The data, the analysis, and the benchmark of one endpoint.
    heading, sentence
        Title of saved figures, and what stands in their footer.
    rule
        Entry rule of the simulated trials, where they took their people by one.
    """
    key, shown = found.endpoint.key, found.cautious
    return Chart(
        name=f"{'entry' if rule else 'untreated'}-{key}",
        build=lambda look, _: null_figure(shown, look),
        depends=comparison.settings.key,
        frame=frame_for(
            heading,
            entry_legend(found, rule) if rule else words.null_legend(shown),
            comparison,
            trial,
            endpoint=key,
            untreated=sentence,
        ),
        alt=words.alt_text(shown),
        numbers=lambda _: null_numbers(shown),
        print_width=720,
        saves=not found.reason,
        spot=None if rule else Spot("untreated", key),
    )


def untreated_responders_chart(
    trial: Trial, comparison: Comparison, result: EndpointComparison, found: UntreatedEndpoint
) -> Chart:
    """Return responders of this trial beside those expected untreated."""
    label, confidence = result.endpoint.label, comparison.settings.confidence
    shares = both_shares(found.cautious, confidence)
    return detail_chart(
        trial,
        comparison,
        result,
        "untreated-responders",
        f"{label}: responders here and untreated",
        lambda look, _: untreated_responders_figure(label, shares, look, confidence),
        untreated_responders_alt(label, shares),
        lambda _: untreated_responders_numbers(shares),
    )


def deceleration_chart(
    trial: Trial, comparison: Comparison, result: EndpointComparison, bends: Deceleration
) -> Chart:
    """Return what courses that slow by themselves do."""
    endpoint, unit = result.endpoint, result.unit
    return detail_chart(
        trial,
        comparison,
        result,
        "deceleration",
        f"{endpoint.label}: if every decline slows by itself",
        lambda look, _: deceleration_figure(bends, endpoint, unit, look),
        deceleration_alt(bends, endpoint, unit),
        lambda _: deceleration_numbers(bends, unit),
    )


def run_in_chart(
    trial: Trial,
    comparison: Comparison,
    result: EndpointComparison,
    values: RunInValues,
    chosen: int | None = None,
) -> Chart:
    """Return slopes before day 0 as seen and drawn together; a patient may be marked."""
    chart = detail_chart(
        trial,
        comparison,
        result,
        "run-in",
        f"{result.endpoint.label}: slopes before, as seen and drawn together",
        lambda look, names: run_in_figure(result, values, names, look, chosen),
        run_in_alt(result, values),
        lambda names: run_in_numbers(result, values, names),
    )
    return replace(chart, depends=(comparison.settings.key, chosen))


def detail_chart(
    trial: Trial,
    comparison: Comparison,
    result: EndpointComparison,
    name: str,
    title: str,
    build: Callable[[Look, Names], go.Figure],
    alt: str,
    numbers: Callable[[Names], pd.DataFrame],
) -> Chart:
    """Return a figure of one of the page's tabs.

    Parameters
    ----------
    trial, comparison, result
        The data, the analysis and the endpoint.
    name, title
        Of the figure; the name without the endpoint.
    build, alt, numbers
        How it is drawn, what it shows in words, and its numbers.
    """
    key = result.endpoint.key
    return Chart(
        name=f"{name}-{key}",
        build=build,
        depends=comparison.settings.key,
        frame=frame_for(title, "", comparison, trial, endpoint=key),
        alt=alt,
        numbers=numbers,
        spot=Spot(name, key),
    )
