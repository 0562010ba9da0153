"""The comparison of slopes before and after day 0: one function behind every page."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from analysis.bayes_factor import jzs_bayes_factor
from analysis.comparison import Comparison, EndpointComparison
from analysis.distribution_checks import distribution_checks
from analysis.effect_sizes import effect_menu
from analysis.equivalence import equivalence
from analysis.flow import FlowStep, patient_flow
from analysis.grouping import grouping_of, is_concurrent_control
from analysis.groups import compare_groups
from analysis.holm import holm
from analysis.joint_sign_flip import JointTest, joint_sign_flip
from analysis.meta_analysis import MetaAnalysis, meta_mean
from analysis.paired_menu import paired_menu
from analysis.paired_tests import correlation, summarise
from analysis.predicted_fvc import PERCENT, FvcFromLitres, fvc_from_litres, present_endpoints
from analysis.rate import Rate, rate_of
from analysis.responders import Responders, SlopeErrors, responder_rules, responders
from analysis.results import exploratory
from analysis.settings import Settings, opening_endpoints
from analysis.slopes import SlopeTable, slope_table
from data.endpoints import ENDPOINTS, Endpoint
from data.trial import BoolArray, FloatArray, Trial


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
    derived = fvc_from_litres(trial, settings)
    known = present_endpoints(trial, settings, derived)
    present = [key for key in settings.endpoints if key in known]
    grouping, arms = grouping_of(trial, settings.group_by), grouping_of(trial, "group")
    endpoints = [
        replace(result, groups=compare_groups(trial, result, grouping, settings))
        for result in (
            _compare_endpoint(trial, _as_derived(ENDPOINTS[key], derived), settings, rate, derived)
            for key in present
        )
    ]
    # Litres stay primary as long as what is derived from them is not compared.
    family = opening_endpoints(known if PERCENT in present else trial.endpoints)
    return Comparison(
        settings=settings,
        trial_hash=trial.hash,
        trial_title=trial.title,
        recipe=trial.recipe,
        simulated=trial.simulated,
        patient_ids=trial.patient_ids,
        rate=rate,
        endpoints=_with_holm(endpoints, family),
        arms=arms.labels if len(arms.labels) > 1 else (),
        control=is_concurrent_control(trial, arms).label,
        joint=_joint([e for e in endpoints if e.endpoint.key in family], settings),
        absent=tuple(ENDPOINTS[key] for key in settings.endpoints if key not in present),
        unmatched=_unmatched(trial, settings),
        from_litres=derived,
    )


def _as_derived(endpoint: Endpoint, derived: FvcFromLitres | None) -> Endpoint:
    """Return the endpoint with the equation in its titles where values were derived."""
    if endpoint.key != PERCENT or derived is None or not derived.derived:
        return endpoint
    return replace(endpoint, equation=derived.title)


def _with_litres(
    flow: tuple[FlowStep, ...], endpoint: Endpoint, derived: FvcFromLitres | None
) -> tuple[FlowStep, ...]:
    """Say why litres of patients who leave the flow did not become % predicted."""
    if endpoint.key != PERCENT or derived is None:
        return flow
    why = dict(derived.not_derived)
    last = len(flow) - 2
    return tuple(
        step
        if at < last
        else replace(
            step,
            left=tuple(
                (patient, f"{reason} (FVC in litres: {why[patient]})" if patient in why else reason)
                for patient, reason in step.left
            ),
        )
        for at, step in enumerate(flow)
    )


def _compare_endpoint(
    trial: Trial,
    endpoint: Endpoint,
    settings: Settings,
    rate: Rate,
    derived: FvcFromLitres | None,
) -> EndpointComparison:
    """Compare one endpoint, within everybody; groups and Holm's correction are added later."""
    table = slope_table(trial, endpoint.key, settings)
    before = table.before.slope * rate.months_before
    after = table.after.slope * rate.months_after
    change = after - before
    paired = np.isfinite(change)
    b, a, d = before[paired], after[paired], change[paired]
    level = settings.confidence
    margin = endpoint.meaningful_change(settings.meaningful_percent)
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
        correlation=correlation(b, a),
        flow=_with_litres(patient_flow(trial, endpoint.label, table, settings), endpoint, derived),
        tests=paired_menu(d, settings, resamples=settings.resamples),
        effects=effect_menu(b, a, level),
        weighted_mean=_weighted_mean(d, table, paired, rate, level),
        bayes_factor=jzs_bayes_factor(d),
        responders=_responders(endpoint, table, paired, settings),
        equivalence=None if margin is None else equivalence(d, rate.months_before * margin, level),
        checks=distribution_checks(d, level),
        groups=None,
        alternative=settings.alternative,
    )


def _weighted_mean(
    changes: FloatArray, table: SlopeTable, paired: BoolArray, rate: Rate, level: float
) -> MetaAnalysis:
    """Weight the changes by their precision, where the error of a change is known."""
    variances = (rate.months_before * table.change_se[paired]) ** 2
    if table.run_in_used == "onset" or table.estimator == "theil_sen":
        unknown = np.full(len(changes), np.nan)
        why = "not given: the error of one patient’s change is not known with these slopes"
        return replace(meta_mean(changes, unknown, level), notes=(why,))
    return meta_mean(changes, variances, level)


def _responders(
    endpoint: Endpoint, table: SlopeTable, paired: BoolArray, settings: Settings
) -> tuple[Responders, ...]:
    """Count responders; their rules are per month, whatever unit is shown."""
    variance = table.residual_sd**2
    errors = SlopeErrors(
        variance / table.before.sxx[paired],
        variance / table.after.sxx[paired],
        variance * table.shared_error[paired],
    )
    rules = responder_rules(
        endpoint.key,
        f"{endpoint.change_unit}/month",
        endpoint.meaningful_change(settings.meaningful_percent),
    )
    return responders(
        table.before.slope[paired], table.after.slope[paired], rules, settings.confidence, errors
    )


def _joint(endpoints: list[EndpointComparison], settings: Settings) -> JointTest | None:
    """Test the primary endpoints together, with one sign flip for both changes of a patient."""
    if len(endpoints) != 2 or any(result.against_control for result in endpoints):
        return None
    first, second = endpoints
    return joint_sign_flip(
        first.change,
        second.change,
        settings.alternative,
        flips=settings.flips,
        seed=settings.seed,
    )


def _with_holm(
    endpoints: list[EndpointComparison], family: tuple[str, ...]
) -> tuple[EndpointComparison, ...]:
    """Correct the P values of the primary endpoints.

    Tests of other endpoints, of all arms together where a control leads, and between groups where
    none does, become exploratory.
    """
    tested = [e for e in endpoints if e.endpoint.key in family and math.isfinite(e.lead.p)]
    corrected = holm([e.lead.p for e in tested])
    by_key = {e.endpoint.key: p for e, p in zip(tested, corrected, strict=True)}
    result = []
    for e in endpoints:
        leads = e.against_control is not None
        if e.endpoint.key not in family or leads:
            e = replace(e, tests=exploratory(e.tests))
        if e.groups is not None and not (leads and e.endpoint.key in family):
            e = replace(e, groups=e.groups.exploratory())
        if e.endpoint.key in family:
            over = len(tested) if e.endpoint.key in by_key else 0
            e = replace(e, holm_p=by_key.get(e.endpoint.key, math.nan), holm_over=over)
        result.append(e)
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
