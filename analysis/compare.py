"""The comparison of slopes before and after day 0: the one result behind every page."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from scipy import stats

from analysis.effect_sizes import standardised_changes
from analysis.flow import FlowStep, patient_flow
from analysis.paired_tests import hodges_lehmann_result, paired_t, sign_flip_test, summarise
from analysis.results import EffectSize, Interval, Summary, TestResult
from analysis.settings import Alternative, Settings, opening_endpoints
from analysis.slopes import SlopeTable, slope_table
from data.endpoints import ENDPOINTS, Endpoint
from data.recipe import TrialRecipe
from data.trial import BoolArray, FloatArray, Periods, Trial

MONTHS_PER_YEAR: Final = 12.0


@dataclass(frozen=True, slots=True)
class Rate:
    """The unit of slopes: how many months it has before and after day 0.

    Parameters
    ----------
    unit
        ``"month"``, ``"year"`` or ``"period"``.
    months_before, months_after
        Factors from "per month".
    unavailable
        Why the unit that was asked for could not be used; empty if it could.
    """

    unit: str
    months_before: float
    months_after: float
    unavailable: str = ""

    @property
    def per(self) -> str:
        """The end of a unit, such as "month" in "points/month"."""
        return self.unit


@dataclass(frozen=True, slots=True)
class EndpointComparison:
    """Slopes before and after day 0 of one endpoint, and what follows from them.

    Parameters
    ----------
    endpoint
        Which one.
    unit
        Unit of slopes and changes, such as "points/month".
    slopes
        Every patient's lines, per month.
    paired
        Which patients have both slopes.
    before, after, change
        Slopes and changes of every patient in ``unit``; NaN where there is none.
    change_se
        Standard error of each change in ``unit``, from the pooled residual SD.
    before_summary, after_summary, change_summary
        Means over the paired patients.
    correlation
        Pearson correlation of the slopes before and after.
    flow
        Who is in and who is not.
    tests
        Paired t first, then what stands beside it.
    effects
        Standardised changes.
    alternative
        Direction of the tests.
    holm_p
        P of the paired t test after Holm's correction over the primary endpoints.
    holm_over
        Over how many endpoints; 0 for endpoints that are not primary.
    """

    endpoint: Endpoint
    unit: str
    rate: Rate
    slopes: SlopeTable
    paired: BoolArray
    before: FloatArray
    after: FloatArray
    change: FloatArray
    change_se: FloatArray
    before_summary: Summary
    after_summary: Summary
    change_summary: Summary
    correlation: float
    flow: tuple[FlowStep, ...]
    tests: tuple[TestResult, ...]
    effects: tuple[EffectSize, ...]
    alternative: Alternative
    holm_p: float = math.nan
    holm_over: int = 0

    @property
    def n(self) -> int:
        """Patients that are tested."""
        return self.change_summary.n

    @property
    def primary(self) -> TestResult:
        """The primary test."""
        return self.tests[0]

    def test(self, key: str) -> TestResult:
        """Return the test called ``key``.

        Raises
        ------
        KeyError
            If there is none.
        """
        for test in self.tests:
            if test.key == key:
                return test
        raise KeyError(key)

    def slope_interval(self, side: str, patient: int, level: float) -> Interval | None:
        """Interval of one patient's slope from the pooled residual SD, in the unit of the rate."""
        line = self.slopes.before if side == "before" else self.slopes.after
        if not line.enough[patient] or not self.slopes.residual_sd > 0:
            return None
        factor = self.rate.months_before if side == "before" else self.rate.months_after
        se = factor * self.slopes.residual_sd / math.sqrt(line.sxx[patient])
        return self._interval(factor * float(line.slope[patient]), se, level)

    def change_interval(self, patient: int, level: float) -> Interval | None:
        """Interval of one patient's change from the pooled residual SD, in the unit of the rate."""
        if not self.paired[patient] or not self.slopes.residual_sd > 0:
            return None
        return self._interval(float(self.change[patient]), float(self.change_se[patient]), level)

    def _interval(self, centre: float, se: float, level: float) -> Interval:
        half = float(stats.t.ppf((1 + level) / 2, self.slopes.residual_df)) * se
        return Interval(centre - half, centre + half, level, level)


@dataclass(frozen=True, slots=True)
class Comparison:
    """The comparison of a whole trial under some settings.

    Parameters
    ----------
    settings
        The choices that made it.
    trial_hash, trial_title, recipe, simulated
        The data that made it.
    patient_ids
        Patients, in the order of all arrays.
    rate
        Unit of slopes.
    endpoints
        One comparison an endpoint, in the order of the settings; endpoints without any value are
        left out and named in ``absent``.
    absent
        Endpoints that were asked for and have no value.
    unmatched
        Decisions about patients or values that match nothing in the trial.
    """

    settings: Settings
    trial_hash: str
    trial_title: str
    recipe: TrialRecipe
    simulated: bool
    patient_ids: tuple[str, ...]
    rate: Rate
    endpoints: tuple[EndpointComparison, ...]
    absent: tuple[Endpoint, ...]
    unmatched: int

    def endpoint(self, key: str) -> EndpointComparison | None:
        """Return the comparison of one endpoint, or ``None`` if it has no value."""
        return next((e for e in self.endpoints if e.endpoint.key == key), None)

    @property
    def n_analysed(self) -> int:
        """Patients tested for at least one endpoint."""
        masks = [e.paired for e in self.endpoints]
        return int(np.any(masks, axis=0).sum()) if masks else 0


def rate_of(settings: Settings, declared: Periods | None) -> Rate:
    """Return the unit of slopes: the period is the window if one is set, else the declared length.

    Both periods must have one length, or a change per period would not be a change of speed.

    Parameters
    ----------
    settings
        Unit and windows.
    declared
        Lengths that the trial declares, if it does.
    """
    if settings.rate_unit == "year":
        return Rate("year", MONTHS_PER_YEAR, MONTHS_PER_YEAR)
    if settings.rate_unit == "month":
        return Rate("month", 1.0, 1.0)
    before = settings.pre_months or (declared.before if declared else None)
    after = settings.post_months or (declared.after if declared else None)
    if before and before == after:
        return Rate("period", before, after)
    if before and after:
        why = (
            f"The two periods differ in length ({before:g} and {after:g} months). A change per "
            "period would mix speed with length, so slopes are shown per month. Set both windows "
            "to one length to see them per period."
        )
        return Rate("month", 1.0, 1.0, why)
    missing = " and ".join(
        name for name, length in (("before", before), ("after", after)) if not length
    )
    why = (
        f"“Per period” needs the length of the period {missing}: set a window {missing}. "
        "Until then slopes are shown per month."
    )
    return Rate("month", 1.0, 1.0, why)


def compare(trial: Trial, settings: Settings) -> Comparison:
    """Compare every patient's slope before and after day 0.

    Parameters
    ----------
    trial
        The data.
    settings
        The choices.

    Returns
    -------
    Comparison
        Complete also where nothing can be estimated: then the flow says why.
    """
    rate = rate_of(settings, trial.periods)
    present = [key for key in settings.endpoints if key in trial.endpoints]
    endpoints = [_compare_endpoint(trial, ENDPOINTS[key], settings, rate) for key in present]
    return Comparison(
        settings=settings,
        trial_hash=trial.hash,
        trial_title=trial.title,
        recipe=trial.recipe,
        simulated=trial.simulated,
        patient_ids=trial.patient_ids,
        rate=rate,
        endpoints=_with_holm(endpoints, opening_endpoints(trial.endpoints)),
        absent=tuple(ENDPOINTS[key] for key in settings.endpoints if key not in present),
        unmatched=_unmatched(trial, settings),
    )


def _compare_endpoint(
    trial: Trial, endpoint: Endpoint, settings: Settings, rate: Rate
) -> EndpointComparison:
    table = slope_table(trial, endpoint.key, settings)
    before = table.before.slope * rate.months_before
    after = table.after.slope * rate.months_after
    change = after - before
    paired = np.isfinite(change)
    b, a, d = before[paired], after[paired], change[paired]
    level = settings.confidence
    return EndpointComparison(
        endpoint=endpoint,
        unit=f"{endpoint.change_unit}/{rate.per}",
        rate=rate,
        slopes=table,
        paired=paired,
        before=before,
        after=after,
        change=change,
        change_se=rate.months_before * table.change_se,
        before_summary=summarise(b, level),
        after_summary=summarise(a, level),
        change_summary=summarise(d, level),
        correlation=_correlation(b, a),
        flow=patient_flow(trial, endpoint.label, table, settings),
        tests=(
            paired_t(d, settings),
            sign_flip_test(d, settings),
            hodges_lehmann_result(d, settings),
        ),
        effects=standardised_changes(b, a, level),
        alternative=settings.alternative,
    )


def _correlation(before: FloatArray, after: FloatArray) -> float:
    if len(before) < 3 or np.ptp(before) == 0 or np.ptp(after) == 0:
        return math.nan
    return float(np.corrcoef(before, after)[0, 1])


def holm(p_values: list[float]) -> list[float]:
    """Return P values after Holm's correction for several endpoints.

    Notes
    -----
    Holm 1979, *Scandinavian Journal of Statistics* 6:65-70. statsmodels has the same formula, but
    collects garbage on every call, which alone takes longer than the whole comparison.
    """
    corrected = [0.0] * len(p_values)
    largest = 0.0
    for rank, at in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[at]))
        corrected[at] = largest
    return corrected


def _with_holm(
    endpoints: list[EndpointComparison], family: tuple[str, ...]
) -> tuple[EndpointComparison, ...]:
    """Correct the P values of the primary endpoints; the tests of others become exploratory."""
    tested = [e for e in endpoints if e.endpoint.key in family and math.isfinite(e.primary.p)]
    corrected = holm([e.primary.p for e in tested])
    by_key = {e.endpoint.key: p for e, p in zip(tested, corrected, strict=True)}
    result = []
    for e in endpoints:
        if e.endpoint.key in family:
            over = len(tested) if e.endpoint.key in by_key else 0
            result.append(replace(e, holm_p=by_key.get(e.endpoint.key, math.nan), holm_over=over))
        else:
            tests = tuple(replace(test, role="exploratory") for test in e.tests)
            result.append(replace(e, tests=tests))
    return tuple(result)


def _unmatched(trial: Trial, settings: Settings) -> int:
    """Count decisions that name a patient or a value that the trial does not have."""
    names = set(trial.patient_ids)
    frame = trial.measurements_frame
    columns = (frame[name].tolist() for name in ("patient", "endpoint", "day", "value"))
    values = set(zip(*columns, strict=True)) if settings.points else set()
    points = ((p.patient, p.endpoint, p.day, p.value) for p in settings.points)
    return sum(e.patient not in names for e in settings.excluded_patients) + sum(
        point not in values for point in points
    )
