"""Every exhibit that a presentation can hold, by name, and how it is made from settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from analysis.baseline import baseline_table
from analysis.comparison import EndpointComparison
from analysis.details import baseline_grouping
from analysis.grouping import grouping_of
from analysis.hinge_course import hinge_course
from analysis.hinge_model import hinge_model
from analysis.leave_one_out import FEWEST
from analysis.natural_shrinkage import shrunken_slopes
from analysis.published.rows import change_rows, share_rows
from analysis.stage_transitions import System, transitions_of
from analysis.survival import survival
from analysis.survivor_function import function_courses
from analysis.untreated.deceleration import deceleration
from analysis.untreated.regression import regression_report
from analysis.variants import SideBySide, Variant, in_one_unit, side_by_side
from data.published import load_library
from report import detail_tables, tables, words
from report import untreated_words as untreated_said
from report.caveats import caveats
from report.charts.parts import Names
from report.charts.patient import PatientView
from report.charts.run_in import run_in_values
from report.exhibits import patients, published, slopes, untreated, what_if
from report.exhibits.chart import Exhibit, Sentences, Spot, Table
from report.exhibits.sources import Sources
from report.methods_text import methods_paragraph
from report.patient_tables import follow_sentence
from report.variant_words import variant_title

Variants = Sequence[Variant]
Make = Callable[[Sources, Spot, Variants], Exhibit | None]
OfEndpoint = Callable[[Sources, EndpointComparison, str], Exhibit | None]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of exhibit.

    Parameters
    ----------
    label
        What it is called in lists.
    page
        Page on which it stands.
    make
        Makes it; ``None`` where the data have nothing to show.
    """

    label: str
    page: str
    make: Make


def make_exhibit(sources: Sources, spot: Spot, variants: Variants = ()) -> Exhibit | None:
    """Make one exhibit.

    Parameters
    ----------
    sources
        Data and settings.
    spot
        Which one.
    variants
        Other analyses that stand beside the primary one.

    Returns
    -------
    Exhibit or None
        ``None`` where the data or the settings have nothing of this kind.
    """
    kind = KINDS.get(spot.kind)
    if kind is None or (spot.patient or 0) >= len(sources.trial.patient_ids):
        return None
    return kind.make(sources, spot, variants)


def spot_title(spot: Spot, label: str, patient: str = "") -> str:
    """Return what an exhibit is called in a list, such as "ALSFRS-R: leave one patient out"."""
    kind = KINDS.get(spot.kind)
    name = kind.label if kind else spot.kind
    if patient:
        return f"{patient}: {name[0].lower()}{name[1:]}"
    return f"{label}: {name[0].lower()}{name[1:]}" if label else name


def _by_endpoint(make: OfEndpoint) -> Make:
    def made(sources: Sources, spot: Spot, _: Variants) -> Exhibit | None:
        result = sources.result(spot.endpoint)
        if result is None:
            return None
        return make(sources, result, sources.said(spot.endpoint))

    return made


def _slopes(sources: Sources, result: EndpointComparison, said: str) -> Exhibit:
    return slopes.paired_chart(sources.trial, sources.comparison, result, said)


def _groups(sources: Sources, result: EndpointComparison, said: str) -> Exhibit | None:
    if result.groups is None or result.groups.difference is None:
        return None
    grouping = grouping_of(sources.trial, sources.settings.group_by)
    return slopes.groups_chart(sources.trial, sources.comparison, result, grouping, said)


def _responders(sources: Sources, result: EndpointComparison, said: str) -> Exhibit:
    return slopes.responders_chart(sources.trial, sources.comparison, result, said)


def _waterfall(sources: Sources, result: EndpointComparison, said: str) -> Exhibit:
    return slopes.waterfall_chart(sources.trial, sources.comparison, result, said)


def _mean_course(sources: Sources, result: EndpointComparison, said: str) -> Exhibit:
    found = sources.from_day0(result)
    return slopes.mean_course_chart(sources.trial, sources.comparison, result, found, said)


def _model_course(sources: Sources, result: EndpointComparison, said: str) -> Exhibit | None:
    trial, settings, key = sources.trial, sources.settings, result.endpoint.key
    points = result.slopes.points
    found = sources.of("model", lambda: hinge_model(trial, key, settings, points), key)
    if found.reason:
        return None
    course = hinge_course(found, result.endpoint)
    return slopes.model_course_chart(trial, sources.comparison, result, found, course, said)


def _caterpillar(sources: Sources, result: EndpointComparison, _: str) -> Exhibit:
    return patients.caterpillar_chart(sources.trial, sources.comparison, result)


def _courses(sources: Sources, result: EndpointComparison, _: str) -> Exhibit:
    seen, whole = sources.swim.seen, sources.overview(result)
    return patients.courses_chart(sources.trial, sources.comparison, result, whole, seen)


def _follow_up(sources: Sources, _: Spot, __: Variants) -> Exhibit:
    swim = sources.swim
    sentence = follow_sentence(swim.seen)
    return patients.follow_up_chart(sources.trial, sources.comparison, swim, sentence)


def _patient(sources: Sources, spot: Spot, _: Variants) -> Exhibit | None:
    if spot.patient is None:
        return None
    comparison = sources.comparison
    return patients.patient_chart(
        sources.trial,
        comparison,
        comparison.endpoints,
        spot.patient,
        known=sources.background,
        view=PatientView(items=False),
    )


def _stages(system: System) -> Make:
    def made(sources: Sources, _: Spot, __: Variants) -> Exhibit | None:
        found = transitions_of(sources.trial, sources.settings, system)
        if found is None:
            return None
        return patients.stages_chart(sources.trial, sources.comparison, found)

    return made


def _survival(sources: Sources, _: Spot, __: Variants) -> Exhibit | None:
    found = survival(sources.trial, sources.settings)
    if not found.n_events:
        return None
    courses = function_courses(found, sources.comparison.endpoints)
    return patients.survival_chart(sources.trial, sources.comparison, found, courses)


def _untreated(sources: Sources, result: EndpointComparison, said: str) -> Exhibit | None:
    every = sources.untreated
    found = None if every is None else every.endpoint(result.endpoint.key)
    if found is None:
        return None
    heading = untreated_said.verdict_heading(found)
    return untreated.null_chart(sources.trial, sources.comparison, found, heading, said)


def _untreated_responders(sources: Sources, result: EndpointComparison, _: str) -> Exhibit | None:
    every = sources.untreated
    found = None if every is None else every.endpoint(result.endpoint.key)
    if found is None or found.reason:
        return None
    return untreated.untreated_responders_chart(sources.trial, sources.comparison, result, found)


def _run_in(sources: Sources, result: EndpointComparison, _: str) -> Exhibit | None:
    trial, comparison = sources.trial, sources.comparison
    found = sources.of("untreated regression", lambda: regression_report(trial, comparison))
    report = found.get(result.endpoint.key)
    if report is None or not result.n:
        return None
    values = run_in_values(result, shrunken_slopes(result), report)
    return untreated.run_in_chart(trial, comparison, result, values)


def _deceleration(sources: Sources, result: EndpointComparison, _: str) -> Exhibit | None:
    trial, comparison = sources.trial, sources.comparison
    found = sources.of("untreated bends", lambda: deceleration(trial, comparison))
    bends = (found or {}).get(result.endpoint.key)
    if bends is None or not bends.rows:
        return None
    return untreated.deceleration_chart(trial, comparison, result, bends)


def _leave_out(sources: Sources, result: EndpointComparison, said: str) -> Exhibit | None:
    if result.n < FEWEST:
        return None
    found = sources.without_each(result)
    return what_if.leave_one_out_chart(sources.trial, sources.comparison, result, found, said)


def _placebo(sources: Sources, result: EndpointComparison, said: str) -> Exhibit:
    found = sources.placebo(result)
    return what_if.placebo_chart(sources.trial, sources.comparison, result, found, said)


def _run_ins(sources: Sources, result: EndpointComparison, said: str) -> Exhibit:
    found = sources.run_ins(result)
    return what_if.run_ins_chart(sources.trial, sources.comparison, result, found, said)


def _curve(sources: Sources, result: EndpointComparison, said: str) -> Exhibit | None:
    found = sources.curve(result)
    if not len(found.estimate):
        return None
    return what_if.curve_chart(sources.trial, sources.comparison, result, found, said)


def _follow_up_slopes(sources: Sources, result: EndpointComparison, _: str) -> Exhibit:
    found = sources.dropouts(result)
    return what_if.follow_up_slopes_chart(sources.trial, sources.comparison, result, found)


def _tipping(sources: Sources, result: EndpointComparison, _: str) -> Exhibit | None:
    found = sources.dropouts(result)
    if found.delta is None:
        return None
    return what_if.tipping_chart(sources.trial, sources.comparison, result, found)


def _variants(sources: Sources, spot: Spot, variants: Variants) -> Exhibit | None:
    trial = sources.trial
    comparison, _ = in_one_unit(trial, sources.comparison, variants)
    result = comparison.endpoint(spot.endpoint)
    if result is None or not result.n or not variants:
        return None
    beside = [side_by_side(trial, comparison, one) for one in variants]

    def named(names: Names) -> list[tuple[str, SideBySide]]:
        ids, primary = trial.patient_ids, comparison.settings
        titles = (variant_title(one, primary, ids, names) for one in variants)
        return list(zip(titles, beside, strict=True))

    said = sources.said(spot.endpoint)
    return what_if.variants_chart(trial, comparison, result, named, "", said)


def _forest(sources: Sources, result: EndpointComparison, said: str) -> Exhibit | None:
    trial, comparison = sources.trial, sources.comparison
    rows = change_rows(result, trial.title, load_library(), comparison.settings.confidence)
    if not any(row.source for row in rows):
        return None
    return published.forest_chart(trial, comparison, result, rows, said)


def _published_responders(
    sources: Sources, result: EndpointComparison, said: str
) -> Exhibit | None:
    trial, comparison = sources.trial, sources.comparison
    rows = share_rows(result, trial.title, load_library(), comparison.settings.confidence)
    if not any(row.source for row in rows):
        return None
    return published.published_responders_chart(trial, comparison, result, rows, said)


def _tests(sources: Sources, spot: Spot, _: Variants) -> Exhibit:
    comparison = sources.comparison
    cells = tables.tests_on_screen(comparison, exploratory=False)
    return Table("tests", "Tests of the change", lambda _: cells, sources.said(), spot)


def _per_patient(sources: Sources, result: EndpointComparison, _: str) -> Exhibit:
    comparison, key = sources.comparison, result.endpoint.key
    return Table(
        f"patients-{key}",
        f"{result.endpoint.label}: slopes of each patient, {result.unit}",
        lambda names: tables.per_patient_on_paper(comparison, result, names),
        spot=Spot("per-patient", key),
    )


def _responder_table(sources: Sources, result: EndpointComparison, said: str) -> Exhibit:
    cells = detail_tables.responders(result)
    key = result.endpoint.key
    title = f"{result.endpoint.label}: patients who meet each rule"
    spot = Spot("responder-table", key)
    return Table(f"responders-{key}", title, lambda _: cells, said, spot)


def _baseline(sources: Sources, spot: Spot, _: Variants) -> Exhibit:
    trial, settings = sources.trial, sources.settings
    found = baseline_table(trial, settings, baseline_grouping(trial, sources.comparison))
    cells = detail_tables.baseline(found)
    return Table("day-0", "Patients at day 0", lambda _: cells, spot=spot)


def _months(sources: Sources, result: EndpointComparison, _: str) -> Exhibit:
    found, key = sources.from_day0(result), result.endpoint.key
    cells = detail_tables.change_from_day0(found, sources.settings.confidence)
    title = f"{result.endpoint.label}: change from day 0 at fixed months"
    return Table(f"months-{key}", title, lambda _: cells, spot=Spot("months", key))


def _results(sources: Sources, spot: Spot, _: Variants) -> Exhibit:
    lines = []
    for result in sources.comparison.endpoints:
        lines += [words.results_sentence(result), sources.said(result.endpoint.key)]
    found = tuple(line for line in lines if line)
    return Sentences("results", "Results", lambda _: found, spot)


def _methods(sources: Sources, spot: Spot, _: Variants) -> Exhibit:
    text = methods_paragraph(sources.comparison, sources.untreated)
    return Sentences("methods", "Methods", lambda _: (text,), spot)


def _limits(sources: Sources, spot: Spot, _: Variants) -> Exhibit:
    found = tuple(caveats(sources.comparison)) + ((sources.said(),) if sources.said() else ())
    return Sentences("limitations", "Before quoting this", lambda _: found, spot)


KINDS: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        "slopes": Kind("Slopes before and after", "Slopes", _by_endpoint(_slopes)),
        "groups": Kind("Change by group", "Slopes", _by_endpoint(_groups)),
        "tests": Kind("Tests of the change", "Slopes", _tests),
        "results": Kind("Results in sentences", "Slopes", _results),
        "responders": Kind("Patients who meet each rule", "Slopes", _by_endpoint(_responders)),
        "responder-table": Kind("Responders, as a table", "Slopes", _by_endpoint(_responder_table)),
        "waterfall": Kind("Every patient’s change", "Slopes", _by_endpoint(_waterfall)),
        "mean-course": Kind("Mean course by month", "Slopes", _by_endpoint(_mean_course)),
        "months": Kind("Change from day 0 at fixed months", "Slopes", _by_endpoint(_months)),
        "model-course": Kind("Mean course of the model", "Slopes", _by_endpoint(_model_course)),
        "day-0": Kind("Patients at day 0", "Slopes", _baseline),
        "per-patient": Kind("Slopes of each patient", "Slopes", _by_endpoint(_per_patient)),
        "methods": Kind("Methods paragraph", "Slopes", _methods),
        "limitations": Kind("Before quoting this", "Slopes", _limits),
        "patient": Kind("One patient", "Patients", _patient),
        "courses": Kind("Everybody’s courses", "Patients", _by_endpoint(_courses)),
        "caterpillar": Kind("Change of each patient", "Patients", _by_endpoint(_caterpillar)),
        "follow-up": Kind("Follow-up", "Patients", _follow_up),
        "stages-kings": Kind("King’s stage, day 0 to the last visit", "Patients", _stages("kings")),
        "stages-mitos": Kind("MiToS stage, day 0 to the last visit", "Patients", _stages("mitos")),
        "stages-ft9": Kind("FT9 stage, day 0 to the last visit", "Patients", _stages("ft9")),
        "survival": Kind("Survival from day 0", "Patients", _survival),
        "variants": Kind("Primary analysis and variants", "What-if", _variants),
        "leave-out": Kind("Leave one patient out", "What-if", _by_endpoint(_leave_out)),
        "curve": Kind("Specification curve", "What-if", _by_endpoint(_curve)),
        "placebo": Kind("Placebo dates", "What-if", _by_endpoint(_placebo)),
        "follow-up-slopes": Kind(
            "Slope after by length of follow-up", "What-if", _by_endpoint(_follow_up_slopes)
        ),
        "tipping-point": Kind(
            "If the missing had changed differently", "What-if", _by_endpoint(_tipping)
        ),
        "run-ins": Kind("Other run-ins", "What-if", _by_endpoint(_run_ins)),
        "untreated": Kind("Simulated untreated trials", "Untreated", _by_endpoint(_untreated)),
        "untreated-responders": Kind(
            "Responders here and untreated", "Untreated", _by_endpoint(_untreated_responders)
        ),
        "run-in": Kind("Slopes before, drawn together", "Untreated", _by_endpoint(_run_in)),
        "deceleration": Kind(
            "If every decline slows by itself", "Untreated", _by_endpoint(_deceleration)
        ),
        "published": Kind("Among published changes", "Published", _by_endpoint(_forest)),
        "published-responders": Kind(
            "Responders beside published ones", "Published", _by_endpoint(_published_responders)
        ),
    }
)
"""By the name that a spot and a saved analysis use."""
