"""Exhibits of the What-if page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from analysis.comparison import Comparison, EndpointComparison
from analysis.dropout_sensitivity import DropoutSensitivity
from analysis.leave_one_out import FEWEST, LeaveOneOut
from analysis.other_run_ins import OtherRunIns
from analysis.placebo_dates import PlaceboDates
from analysis.specification import SpecificationCurve
from analysis.variants import SideBySide
from data.trial import Trial
from report import dropout_words, placebo_words, specification_tables, specification_words
from report.charts.follow_up_slopes import follow_up_alt, follow_up_figure, follow_up_numbers
from report.charts.leave_one_out import (
    leave_one_out_alt,
    leave_one_out_figure,
    leave_one_out_numbers,
)
from report.charts.other_run_ins import other_run_ins_alt, other_run_ins_figure
from report.charts.parts import Names
from report.charts.placebo_dates import placebo_alt, placebo_figure
from report.charts.specification import MIN_WIDTH, specification_figure
from report.charts.tipping_point import tipping_alt, tipping_figure, tipping_numbers
from report.charts.variants import variants_alt, variants_figure
from report.exhibits.chart import Chart, Spot
from report.frames import frame_for
from report.run_in_words import run_ins_numbers
from report.tables import export_names
from report.variant_words import variants_numbers
from report.words import figure_legend, heading

_WHOSE: Final = (
    "Primary: the settings of the page. Each other row differs in what it is called after.",
    "All arms as in the headline.",
)
"""What the rows are, without and with several arms."""

ALL_ARMS: Final = (
    "All arms together, the control too: the mean change of everybody, not the difference to the "
    "control that leads the headline."
)
"""What stands beside numbers of everybody where a control leads."""


def of_whom(result: EndpointComparison) -> str:
    """Return whom an analysis is of, where that is not those of the headline."""
    return ALL_ARMS if result.against_control is not None else ""


def leave_one_out_chart(
    trial: Trial,
    comparison: Comparison,
    result: EndpointComparison,
    found: LeaveOneOut,
    said: str,
    chosen: int | None = None,
) -> Chart:
    """Return the mean change without each patient.

    Parameters
    ----------
    trial, comparison, result, found
        The data, the analysis, the endpoint, and what is shown of it.
    said
        What untreated trials with this run-in look like.
    chosen
        Position of a patient who is marked.
    """
    key = result.endpoint.key
    return Chart(
        name=f"leave-out-{key}",
        build=lambda look, names: leave_one_out_figure(result, found, names, look, chosen),
        depends=(comparison.settings.key, chosen),
        frame=frame_for(
            f"{result.endpoint.label}: leave one patient out",
            of_whom(result),
            comparison,
            trial,
            endpoint=key,
            untreated=said,
        ),
        alt=leave_one_out_alt(result, found, trial.patient_ids),
        alt_of_file=leave_one_out_alt(result, found, export_names(trial)),
        numbers=lambda names: leave_one_out_numbers(result, found, names),
        saves=result.n >= FEWEST,
        spot=Spot("leave-out", key),
    )


def placebo_chart(
    trial: Trial,
    comparison: Comparison,
    result: EndpointComparison,
    found: PlaceboDates,
    said: str,
) -> Chart:
    """Return the change at other dates than day 0; parameters as above."""
    key = result.endpoint.key
    return Chart(
        name=f"placebo-{key}",
        build=lambda look, _: placebo_figure(result, found, look),
        depends=comparison.settings.key,
        frame=frame_for(
            placebo_words.placebo_heading(found),
            placebo_words.reasons_sentence(found),
            comparison,
            trial,
            endpoint=key,
            untreated=said,
        ),
        alt=placebo_alt(result, found),
        numbers=lambda _: placebo_words.placebo_numbers(found),
        spot=Spot("placebo", key),
    )


def run_ins_chart(
    trial: Trial,
    comparison: Comparison,
    result: EndpointComparison,
    found: OtherRunIns,
    said: str,
) -> Chart:
    """Return the change from other run-ins; parameters as above."""
    key = result.endpoint.key
    return Chart(
        name=f"run-ins-{key}",
        build=lambda look, _: other_run_ins_figure(result, found, look),
        depends=comparison.settings.key,
        frame=frame_for(
            f"{result.endpoint.label}: other run-ins",
            of_whom(result),
            comparison,
            trial,
            endpoint=key,
            untreated=said,
        ),
        alt=other_run_ins_alt(result, found),
        numbers=lambda _: run_ins_numbers(found),
        spot=Spot("run-ins", key),
    )


def curve_chart(
    trial: Trial,
    comparison: Comparison,
    result: EndpointComparison,
    curve: SpecificationCurve,
    said: str,
) -> Chart:
    """Return the specification curve; parameters as above."""
    confidence, key = comparison.settings.confidence, result.endpoint.key
    return Chart(
        name=f"curve-{key}",
        build=lambda look, _: specification_figure(result, curve, look, confidence),
        depends=(comparison.settings.key, curve.choices),
        frame=frame_for(
            heading(result),
            figure_legend(comparison, result),
            comparison,
            trial,
            endpoint=key,
            untreated=said,
        ),
        alt=specification_words.curve_alt(result, curve, confidence),
        numbers=lambda _: specification_tables.curve_numbers(curve),
        saves=len(curve.estimate) > 0,
        min_width=MIN_WIDTH if len(curve.estimate) else 0,
        spot=Spot("curve", key),
    )


def variants_chart(
    trial: Trial,
    comparison: Comparison,
    result: EndpointComparison,
    named: Callable[[Names], Sequence[tuple[str, SideBySide]]],
    tried: str,
    said: str,
    chosen: int | None = None,
) -> Chart:
    """Return the primary analysis and its variants.

    Parameters
    ----------
    trial, comparison, result, said
        As above.
    named
        Title and result of each variant, with the names that patients have there.
    tried
        How many were tried, in words.
    chosen
        Position of the variant that is marked.
    """
    shown = list(named(trial.patient_ids))
    confidence = comparison.settings.confidence
    return Chart(
        name=f"variants-{result.endpoint.key}",
        build=lambda look, names: variants_figure(
            result, list(named(names)), look, confidence, chosen
        ),
        depends=(
            comparison.settings.key,
            repr([(title, one.settings.key) for title, one in shown]),
            chosen,
        ),
        frame=frame_for(
            f"{result.endpoint.label}: primary analysis and {len(shown)} variants",
            f"{_WHOSE[len(comparison.arms) > 1]} {tried}".strip(),
            comparison,
            trial,
            endpoint=result.endpoint.key,
            untreated=said,
        ),
        alt=variants_alt(result, shown),
        alt_of_file=variants_alt(result, list(named(export_names(trial)))),
        numbers=lambda names: variants_numbers(
            result.endpoint.key, result.lead, result.unit, list(named(names))
        ),
        spot=Spot("variants", result.endpoint.key),
    )


def follow_up_slopes_chart(
    trial: Trial,
    comparison: Comparison,
    result: EndpointComparison,
    found: DropoutSensitivity,
    chosen: int | None = None,
) -> Chart:
    """Return slopes after day 0 by length of follow-up; parameters as above."""
    key = result.endpoint.key
    return Chart(
        name=f"follow-up-slopes-{key}",
        build=lambda look, names: follow_up_figure(result, found, names, look, chosen),
        depends=(comparison.settings.key, chosen),
        frame=frame_for(
            f"{result.endpoint.label}: slope after by length of follow-up",
            dropout_words.association_sentence(found.after_by_length),
            comparison,
            trial,
            endpoint=key,
        ),
        alt=follow_up_alt(result, found, trial.patient_ids),
        alt_of_file=follow_up_alt(result, found, export_names(trial)),
        numbers=lambda names: follow_up_numbers(result, found, names),
        spot=Spot("follow-up-slopes", key),
    )


def tipping_chart(
    trial: Trial, comparison: Comparison, result: EndpointComparison, found: DropoutSensitivity
) -> Chart:
    """Return how much worse the missing would have to be; ``found`` must have a delta."""
    key = result.endpoint.key
    return Chart(
        name=f"tipping-point-{key}",
        build=lambda look, _: tipping_figure(result, found, look),
        depends=comparison.settings.key,
        frame=frame_for(
            f"{result.endpoint.label}: if the missing had changed differently (sensitivity)",
            dropout_words.tipping_sentence(result, found.tipping),
            comparison,
            trial,
            endpoint=key,
        ),
        alt=tipping_alt(result, found),
        numbers=lambda _: tipping_numbers(result, found),
        spot=Spot("tipping-point", key),
    )
