"""The result behind every page: slopes before and after day 0, and all that is known of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import stats

from analysis.bayes_factor import BayesFactor
from analysis.distribution_checks import Check
from analysis.equivalence import Equivalence
from analysis.flow import FlowStep
from analysis.group_values import GroupComparison, GroupDifference
from analysis.joint_sign_flip import JointTest
from analysis.meta_analysis import MetaAnalysis
from analysis.predicted_fvc import FvcFromLitres
from analysis.rate import Rate
from analysis.responders import Responders
from analysis.results import EffectSize, Interval, Summary, TestResult
from analysis.settings import Alternative, Settings
from analysis.slopes import SlopeTable
from data.endpoints import Endpoint
from data.recipe import TrialRecipe
from data.trial import BoolArray, FloatArray


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
    weighted_mean
        Mean change weighted by the precision of each patient's change.
    bayes_factor
        JZS Bayes factor of a change against none.
    responders
        Who responded, by every preset.
    equivalence
        Whether the mean change is smaller than one that matters; ``None`` for endpoints of which
        no typical slope is known.
    checks
        Normality and outliers of the changes.
    groups
        The change by group; ``None`` without groups.
    alternative
        Direction of the tests.
    holm_p
        P of the headline's test after Holm's correction over the primary endpoints.
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
    weighted_mean: MetaAnalysis
    bayes_factor: BayesFactor
    responders: tuple[Responders, ...]
    equivalence: Equivalence | None
    checks: tuple[Check, ...]
    groups: GroupComparison | None
    alternative: Alternative
    holm_p: float = math.nan
    holm_over: int = 0

    @property
    def n(self) -> int:
        """Patients that are tested."""
        return self.change_summary.n

    @property
    def primary(self) -> TestResult:
        """The primary test of the change within everybody."""
        return self.tests[0]

    @property
    def against_control(self) -> GroupDifference | None:
        """The difference to a concurrent control; ``None`` where there is none."""
        groups = self.groups
        if groups is None or groups.difference is None or not groups.control.label:
            return None
        return groups.difference if groups.difference.reference == groups.control.label else None

    @property
    def lead(self) -> TestResult:
        """The test of the headline: the difference to a control, or the change within everybody."""
        difference = self.against_control
        return self.primary if difference is None else difference.primary

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
        if math.isnan(line.sxx[patient]):
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
        half = _t_quantile(level, self.slopes.residual_df) * se
        return Interval(centre - half, centre + half, level, level)


@lru_cache(maxsize=64)
def _t_quantile(level: float, df: int) -> float:
    """Return the quantile of a two-sided interval: all patients of a trial share one."""
    return float(stats.t.ppf((1 + level) / 2, df))


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
    joint
        Test of no change in ALSFRS-R and FVC together; ``None`` where one of them is missing, or
        where a control leads.
    arms
        Names of the arms, where the file has more than one; also where they are not compared.
    control
        Arm that was recognised as a concurrent control, also where groups are not compared; empty
        if none was.
    absent
        Endpoints that were asked for and have no value.
    unmatched
        Decisions about patients or values that match nothing in the trial.
    from_litres
        Whose FVC % predicted was derived from litres, and how; ``None`` where that is off.
    """

    settings: Settings
    trial_hash: str
    trial_title: str
    recipe: TrialRecipe
    simulated: bool
    patient_ids: tuple[str, ...]
    rate: Rate
    endpoints: tuple[EndpointComparison, ...]
    joint: JointTest | None
    arms: tuple[str, ...]
    control: str
    absent: tuple[Endpoint, ...]
    unmatched: int
    from_litres: FvcFromLitres | None = None

    @property
    def equation_note(self) -> str:
        """What charts and exports with FVC say of values derived from litres; else empty."""
        asked = "fvc" in self.settings.endpoints
        return self.from_litres.note if asked and self.from_litres is not None else ""

    def endpoint(self, key: str) -> EndpointComparison | None:
        """Return the comparison of one endpoint, or ``None`` if it has no value."""
        return next((e for e in self.endpoints if e.endpoint.key == key), None)

    @property
    def n_analysed(self) -> int:
        """Patients tested for at least one endpoint."""
        masks = [e.paired for e in self.endpoints]
        return int(np.any(masks, axis=0).sum()) if masks else 0
