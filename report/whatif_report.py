"""Everything about other analyses of one comparison, as text and as JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from analysis.comparison import Comparison, EndpointComparison
from analysis.dropout_sensitivity import DropoutSensitivity, dropout_sensitivity
from analysis.equal_windows import EqualWindows, equal_windows
from analysis.leave_one_out import leave_one_out
from analysis.leave_visit_out import (
    LeaveDayZeroOut,
    LeaveVisitOut,
    leave_day0_out,
    leave_visit_out,
)
from analysis.other_run_ins import OtherRunIns, other_run_ins
from analysis.placebo_dates import placebo_dates
from analysis.specification import specification_curve
from analysis.specification_choices import declared_choices
from analysis.specification_untreated import untreated_curve
from analysis.variants import SideBySide, Variant, in_one_unit, side_by_side
from data.trial import Trial
from report.charts.parts import Names
from report.json_export import heads
from report.whatif_words import Answers, summary_parts, summary_sentence

SCHEMA: Final = "alslope-whatif-1"
CurvePreset = Literal["small", "full", "none"]
Progress = Callable[[float], bool]


@dataclass(frozen=True, slots=True)
class EndpointWhatIf:
    """Other analyses of one endpoint.

    Parameters
    ----------
    result
        The primary analysis.
    answers
        What the summary speaks of: without each patient, every declared analysis, placebo dates,
        missing patients.
    day0
        Without the visits on day 0.
    visits
        Without each visit of one patient; ``None`` if not asked for.
    dropouts
        Who is missing after day 0, and what the result would be with them.
    run_ins
        Under other run-ins.
    """

    result: EndpointComparison
    answers: Answers
    day0: LeaveDayZeroOut
    visits: LeaveVisitOut | None
    dropouts: DropoutSensitivity
    run_ins: OtherRunIns

    def summary(self, names: Names) -> str:
        """Return the plain summary.

        Parameters
        ----------
        names
            What each patient is called here.
        """
        return summary_sentence(self.result, self.answers, names)


@dataclass(frozen=True, slots=True)
class WhatIfReport:
    """What the What-if page shows of one comparison.

    Parameters
    ----------
    comparison
        The primary analysis.
    preset
        Choices of the specification curves; ``"none"`` where there are none.
    board
        The same in a unit that all variants can have.
    variants, beside
        What was put beside it, and the results in the same order.
    note
        Why the unit of the board is another one; empty if it is not.
    windows
        Windows that make both periods equally long.
    endpoints
        Other analyses, by endpoint.
    """

    comparison: Comparison
    preset: CurvePreset
    board: Comparison
    variants: tuple[Variant, ...]
    beside: tuple[SideBySide, ...]
    note: str
    windows: EqualWindows
    endpoints: Mapping[str, EndpointWhatIf]


def whatif_report(
    trial: Trial,
    comparison: Comparison,
    variants: Sequence[Variant] = (),
    preset: CurvePreset = "small",
    *,
    visits_of: int | None = None,
    progress: Progress | None = None,
) -> WhatIfReport:
    """Run every other analysis that the What-if page shows.

    Parameters
    ----------
    trial, comparison
        The data and the primary analysis.
    variants
        What is put beside it.
    preset
        Choices of the specification curves; ``"none"`` for no curve.
    visits_of
        Position of a patient whose visits are left out one by one.
    progress
        Called with the share of all curves that is done; if it returns ``False``, the curves hold
        what was run.
    """
    board, note = in_one_unit(trial, comparison, variants)
    results = comparison.endpoints
    return WhatIfReport(
        comparison=comparison,
        preset=preset,
        board=board,
        variants=tuple(variants),
        beside=tuple(side_by_side(trial, board, one) for one in variants),
        note=note,
        windows=equal_windows(comparison),
        endpoints={
            result.endpoint.key: _endpoint(
                trial, comparison, result, preset, visits_of, _part(progress, at, len(results))
            )
            for at, result in enumerate(results)
        },
    )


def _endpoint(
    trial: Trial,
    comparison: Comparison,
    result: EndpointComparison,
    preset: CurvePreset,
    visits_of: int | None,
    progress: Progress | None,
) -> EndpointWhatIf:
    settings, key = comparison.settings, result.endpoint.key
    curve = untreated = None
    if preset != "none":
        choices = declared_choices(trial, settings, preset)
        curve = specification_curve(trial, comparison, key, choices, progress=_part(progress, 0, 2))
        untreated = untreated_curve(trial, comparison, curve, progress=_part(progress, 1, 2))
    dropouts = dropout_sensitivity(trial, result, settings)
    return EndpointWhatIf(
        result=result,
        answers=Answers(
            leave_out=leave_one_out(result, settings),
            curve=curve,
            untreated=untreated,
            placebo=placebo_dates(trial, comparison, key),
            tipping=dropouts.tipping,
        ),
        day0=leave_day0_out(trial, result, settings),
        visits=None if visits_of is None else leave_visit_out(trial, result, settings, visits_of),
        dropouts=dropouts,
        run_ins=other_run_ins(trial, comparison, key),
    )


def _part(progress: Progress | None, at: int, parts: int) -> Progress | None:
    """Return what tells the progress of one of several equal parts as that of the whole."""
    if progress is None:
        return None
    return lambda share: progress((at + share) / parts)


def report_json(report: WhatIfReport) -> dict[str, Any]:
    """Return everything as JSON values, patients by name; what is not finite becomes null."""
    ids = report.comparison.patient_ids
    return {
        **heads(SCHEMA, report.comparison),
        "curve_choices": report.preset,
        "variants": [one.to_json() for one in report.beside],
        "variants_note": report.note,
        "equal_windows": report.windows.to_json(),
        "endpoints": {key: _endpoint_json(one, ids) for key, one in report.endpoints.items()},
    }


def _endpoint_json(one: EndpointWhatIf, ids: Names) -> dict[str, Any]:
    found = one.answers
    curve, untreated, placebo = found.curve, found.untreated, found.placebo
    leave_out = found.leave_out
    return {
        "label": one.result.endpoint.label,
        "unit": one.result.unit,
        "primary": one.result.lead.to_json(),
        "summary": one.summary(ids),
        "summary_parts": list(summary_parts(one.result, found, ids)),
        "leave_one_out": None if leave_out is None else leave_out.to_json(ids),
        "leave_visit_out": None if one.visits is None else one.visits.to_json(ids),
        "leave_day0_out": one.day0.to_json(),
        "curve": None if curve is None else curve.to_json(),
        "untreated_curve": None if untreated is None else untreated.to_json(),
        "placebo_dates": None if placebo is None else placebo.to_json(),
        "dropouts": one.dropouts.to_json(ids),
        "other_run_ins": one.run_ins.to_json(),
    }
