"""Exhibits of the Patients page."""

from __future__ import annotations

import pandas as pd

from analysis.attendance import Attendance
from analysis.cohort import Overview
from analysis.comparison import Comparison, EndpointComparison
from analysis.stage_transitions import SYSTEMS, Transitions
from analysis.survival import Survival
from analysis.survivor_function import FunctionCourse
from data.trial import Trial
from report import stage_words, survival_words, tables, words
from report.charts.caterpillar import caterpillar_figure
from report.charts.change_rows import ranked_changes
from report.charts.parts import MAX_LINES, Names
from report.charts.patient import PatientView, patient_figure
from report.charts.rows import MOST_ROWS
from report.charts.spaghetti import spaghetti_figure
from report.charts.stages import stages_alt, stages_figure
from report.charts.survival import survival_figure
from report.charts.swimmer import PER_PAGE, Swim, swimmer_alt, swimmer_figure
from report.charts.waterfall import waterfall_alt
from report.exhibits.chart import Chart, Spot
from report.frames import frame_for
from report.patient_card import Background
from report.patient_numbers import patient_numbers
from report.patient_tables import followed_numbers, middle_numbers, page_of


def caterpillar_chart(
    trial: Trial,
    comparison: Comparison,
    result: EndpointComparison,
    page: int = 1,
    chosen: int | None = None,
) -> Chart:
    """Return every patient's change with its interval, sorted.

    Parameters
    ----------
    trial, comparison, result
        The data, the analysis and the endpoint.
    page
        Of the rows, 1 the first.
    chosen
        Position of a patient who is marked.
    """
    on_page = page_of(ranked_changes(result).tolist(), page, MOST_ROWS)
    return Chart(
        name=f"caterpillar-{result.endpoint.key}",
        build=lambda look, names: caterpillar_figure(comparison, result, names, look, chosen, page),
        depends=(comparison.settings.key, chosen, page),
        frame=frame_for(
            f"{result.endpoint.label}: change of slope, patient by patient",
            words.figure_legend(comparison, result),
            comparison,
            trial,
        ),
        alt=waterfall_alt(result, comparison.settings.confidence),
        numbers=lambda names: tables.per_patient(comparison, result, names, on_page),
        saves=result.n > 0,
        spot=Spot("caterpillar", result.endpoint.key),
    )


def courses_chart(
    trial: Trial,
    comparison: Comparison,
    result: EndpointComparison,
    whole: Overview,
    seen: Attendance,
    chosen: int | None = None,
) -> Chart:
    """Return everybody's course around day 0.

    Parameters
    ----------
    trial, comparison, result, chosen
        As of :func:`caterpillar_chart`.
    whole, seen
        Middle and density of the courses, and when each patient was seen.
    """

    def numbers(names: Names) -> pd.DataFrame:
        # Where single courses are not drawn, only the highlighted one stands in the file.
        drawn = range(len(names)) if whole.n <= MAX_LINES else ([] if chosen is None else [chosen])
        values = tables.course_numbers(trial, comparison, drawn, names)
        named = tables.endpoint_name(result.endpoint.key)
        own = values[values["endpoint"] == named].assign(what="visit")
        middle = middle_numbers(whole.middle, named)
        return pd.concat([own, middle.assign(what="cohort")], ignore_index=True)

    return Chart(
        name=f"courses-{result.endpoint.key}",
        build=lambda look, names: spaghetti_figure(result, names, look, chosen, seen, whole),
        depends=(comparison.settings.key, chosen),
        frame=frame_for(
            f"{result.endpoint.label} around the transplant",
            words.COURSES_LEGEND,
            comparison,
            trial,
            endpoint=result.endpoint.key,
        ),
        alt=words.courses_alt(result),
        numbers=numbers,
        spot=Spot("courses", result.endpoint.key),
    )


def follow_up_chart(
    trial: Trial,
    comparison: Comparison,
    swim: Swim,
    sentence: str,
    page: int = 1,
    chosen: int | None = None,
) -> Chart:
    """Return a bar for each patient from the first visit to the last.

    Parameters
    ----------
    trial, comparison, page, chosen
        As of :func:`caterpillar_chart`.
    swim
        When each patient was seen, events and stages.
    sentence
        What the figure shows, in words.
    """
    seen = swim.seen
    many = len(seen.patient) > PER_PAGE
    drawn = seen.by_length[(page - 1) * PER_PAGE : page * PER_PAGE]
    return Chart(
        name="follow-up",
        build=lambda look, names: swimmer_figure(swim, names, look, chosen, page),
        depends=(comparison.settings.key, chosen, page),
        frame=frame_for(
            f"Follow-up{f', page {page}' if many else ''}", sentence, comparison, trial
        ),
        alt=swimmer_alt(seen, sentence),
        numbers=lambda names: followed_numbers(seen, swim.events, swim.stages, names, drawn),
        saves=len(seen.patient) > 0,
        spot=Spot("follow-up"),
    )


def patient_chart(
    trial: Trial,
    comparison: Comparison,
    results: tuple[EndpointComparison, ...],
    patient: int,
    known: Background,
    view: PatientView,
    zoom: bool = False,
) -> Chart:
    """Return one patient's courses, stages and events.

    Parameters
    ----------
    trial, comparison, results
        The data, the analysis and the endpoints that are shown.
    patient
        Position of the patient.
    known
        Stages and events of everybody.
    view
        What is drawn beside the course; a second patient is called by ``names`` there.
    zoom
        Whether value axes fit the data.
    """
    name = tables.export_names(trial)[patient]
    people = [patient] if view.second is None else [patient, view.second]

    def seen_as(names: Names) -> PatientView:
        return PatientView(
            cohort_band=view.cohort_band,
            second=view.second,
            second_name="" if view.second is None else names[view.second],
            items=view.items,
            # Downloads call patients otherwise than the screen does.
            cautious=names is not trial.patient_ids,
            known=known,
        )

    shown = tuple(result.endpoint.key for result in results)
    return Chart(
        name="patient",
        build=lambda look, names: patient_figure(
            trial,
            comparison,
            results,
            patient,
            names[patient],
            look,
            zoom=zoom,
            view=seen_as(names),
        ),
        depends=(comparison.settings.key, shown, *people, zoom, view.items, view.cohort_band),
        frame=frame_for(f"Patient {name}", words.PATIENT_LEGEND, comparison, trial),
        alt=words.patient_alt(comparison, results, patient),
        alt_of_file=words.patient_alt(comparison, results, patient, tables.export_names(trial)),
        numbers=lambda names: patient_numbers(
            trial,
            comparison,
            results,
            people,
            names,
            items=view.items,
            middle=view.cohort_band,
            known=known,
        ),
        keep_zoom=f"{patient} {zoom}",
        file_name=f"patient-{name}",
        spot=Spot("patient", "", patient),
    )


def stages_chart(trial: Trial, comparison: Comparison, found: Transitions) -> Chart:
    """Return the stage of each patient at day 0 and at the last visit."""
    return Chart(
        name=f"stages-{found.system}",
        build=lambda look, _: stages_figure(found, look),
        depends=(comparison.settings.key, found.system),
        frame=frame_for(
            f"{SYSTEMS[found.system]} stage at day 0 and at the last visit",
            stage_words.sentence(found),
            comparison,
            trial,
        ),
        alt=stages_alt(found),
        numbers=lambda _: stage_words.transition_numbers(found),
        print_width=560,
        saves=found.counted > 0,
        spot=Spot(f"stages-{found.system}"),
    )


def survival_chart(
    trial: Trial, comparison: Comparison, found: Survival, courses: tuple[FunctionCourse, ...]
) -> Chart:
    """Return survival from day 0 above the median course of each endpoint."""
    return Chart(
        name="survival",
        build=lambda look, names: survival_figure(found, courses, names, look),
        depends=(comparison.settings.key, tuple(c.endpoint.key for c in courses)),
        frame=frame_for(survival_words.HEADING, survival_words.NOT_FROM_ONSET, comparison, trial),
        alt=survival_words.alt(found),
        numbers=lambda _: survival_words.survival_numbers(found, courses),
        spot=Spot("survival"),
    )
