"""Exhibits of the Slopes page."""

from __future__ import annotations

from collections.abc import Callable

import plotly.graph_objects as go

from analysis.change_from_day0 import ChangeFromDay0
from analysis.comparison import Comparison, EndpointComparison
from analysis.grouping import Grouping
from analysis.hinge_course import HingeCourse
from analysis.hinge_model import HingeModel
from data.trial import Trial
from report import detail_tables, group_words, tables, words
from report.charts.groups import changes_of, groups_alt, groups_figure
from report.charts.mean_course import course_of, mean_course_alt, mean_course_figure
from report.charts.model_course import model_course_alt, model_course_figure
from report.charts.paired import paired_figure
from report.charts.parts import Names
from report.charts.shares import shares_alt, shares_figure, shares_of
from report.charts.waterfall import waterfall_alt, waterfall_figure
from report.exhibits.chart import Chart, Spot
from report.frames import frame_for
from report.look import Look


def paired_chart(
    trial: Trial,
    comparison: Comparison,
    result: EndpointComparison,
    said: str,
    chosen: int | None = None,
) -> Chart:
    """Return slopes before and after, patient by patient, with the mean change.

    Parameters
    ----------
    trial, comparison, result
        The data, the analysis and the endpoint.
    said
        What untreated trials with this run-in look like.
    chosen
        Position of a patient who is marked.
    """
    return Chart(
        name=f"slopes-{result.endpoint.key}",
        build=lambda look, names: paired_figure(comparison, result, names, look, chosen),
        depends=(comparison.settings.key, chosen),
        frame=frame_for(
            words.heading(result),
            words.figure_legend(comparison, result),
            comparison,
            trial,
            endpoint=result.endpoint.key,
            untreated=said,
        ),
        alt=words.alt_text(result),
        numbers=lambda names: tables.per_patient(comparison, result, names),
        print_width=620,
        saves=result.n > 0,
        spot=Spot("slopes", result.endpoint.key),
    )


def groups_chart(
    trial: Trial,
    comparison: Comparison,
    result: EndpointComparison,
    grouping: Grouping,
    said: str,
    chosen: int | None = None,
) -> Chart:
    """Return the changes of two groups with their difference; the result must have both.

    The parameters are those of :func:`paired_chart`, and the groups.
    """
    assert result.groups is not None
    assert result.groups.difference is not None
    difference = result.groups.difference
    members = changes_of(result, grouping, result.groups)
    towards = group_words.direction(result)
    return Chart(
        name=f"groups-{result.endpoint.key}",
        build=lambda look, names: groups_figure(
            result.endpoint, result.unit, members, difference.primary, names, look, chosen, towards
        ),
        depends=(comparison.settings.key, chosen),
        frame=frame_for(
            group_words.heading(result, difference),
            group_words.sentence(result, result.groups),
            comparison,
            trial,
            endpoint=result.endpoint.key,
            untreated=said,
        ),
        alt=groups_alt(result.endpoint, result.unit, members, difference.primary, towards),
        numbers=lambda names: tables.per_patient(comparison, result, names),
        spot=Spot("groups", result.endpoint.key),
    )


def detail_chart(
    trial: Trial,
    comparison: Comparison,
    result: EndpointComparison,
    name: str,
    build: Callable[[Look, Names], go.Figure],
    alt: str,
    said: str,
    chosen: int | None = None,
) -> Chart:
    """Return a figure that stands behind the headline, with the headline as its title.

    Parameters
    ----------
    trial, comparison, result, said, chosen
        As of :func:`paired_chart`.
    name
        Of the figure, without the endpoint.
    build, alt
        How it is drawn, and what it shows in words.
    """
    key = result.endpoint.key
    return Chart(
        name=f"{name}-{key}",
        build=build,
        depends=(comparison.settings.key, chosen),
        frame=frame_for(
            words.heading(result),
            words.figure_legend(comparison, result),
            comparison,
            trial,
            endpoint=key,
            untreated=said,
        ),
        alt=alt,
        numbers=lambda names: tables.per_patient(comparison, result, names),
        saves=result.n > 0,
        spot=Spot(name, key) if name in ("responders", "mean-course", "waterfall") else None,
    )


def responders_chart(
    trial: Trial, comparison: Comparison, result: EndpointComparison, said: str
) -> Chart:
    """Return how many patients meet each rule."""
    unit = f"{result.endpoint.change_unit}/month"
    label = f"<b>{result.endpoint.label}</b>, patients who meet each rule; changes in {unit}"
    shares = shares_of(result.responders)
    confidence = comparison.settings.confidence
    return detail_chart(
        trial,
        comparison,
        result,
        "responders",
        lambda look, _: shares_figure(label, shares, look, confidence=confidence, method="exact"),
        shares_alt(f"{result.endpoint.label}, patients who meet each rule", shares),
        said,
    )


def mean_course_chart(
    trial: Trial,
    comparison: Comparison,
    result: EndpointComparison,
    found: ChangeFromDay0,
    said: str,
) -> Chart:
    """Return the mean course by visit month."""
    course = course_of(found.course, comparison.settings.confidence)
    return detail_chart(
        trial,
        comparison,
        result,
        "mean-course",
        lambda look, _: mean_course_figure(result.endpoint, course, look),
        mean_course_alt(result.endpoint, course),
        said,
    )


def waterfall_chart(
    trial: Trial,
    comparison: Comparison,
    result: EndpointComparison,
    said: str,
    chosen: int | None = None,
) -> Chart:
    """Return every patient's change, sorted."""
    return detail_chart(
        trial,
        comparison,
        result,
        "waterfall",
        lambda look, names: waterfall_figure(comparison, result, names, look, chosen),
        waterfall_alt(result, comparison.settings.confidence),
        said,
        chosen,
    )


def model_course_chart(
    trial: Trial,
    comparison: Comparison,
    result: EndpointComparison,
    found: HingeModel,
    course: HingeCourse,
    said: str,
) -> Chart:
    """Return the mean course of the mixed model; its file holds the observed means too."""
    endpoint = result.endpoint
    subtitle = f"{found.n_patients} patients, {found.n_rows} visits. {' '.join(found.notes)}"
    return Chart(
        name=f"model-course-{endpoint.key}",
        build=lambda look, _: model_course_figure(endpoint, course, look),
        depends=comparison.settings.key,
        frame=frame_for(
            f"{endpoint.label}: mean course by the mixed model",
            subtitle,
            comparison,
            trial,
            untreated=said,
        ),
        alt=model_course_alt(endpoint, course),
        numbers=lambda _: detail_tables.model_course(endpoint, course.by_month),
        spot=Spot("model-course", endpoint.key),
    )
