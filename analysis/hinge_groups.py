"""The change of slope of two groups, compared within one mixed model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from analysis.hinge_rows import fit_or_reason, hinge_rows
from analysis.hinge_values import ModelDifference, effect_of
from analysis.mixed_model import MixedFit
from analysis.settings import Settings
from analysis.slopes import place_points
from data.trial import Trial


def group_interaction(
    trial: Trial,
    endpoint_key: str,
    settings: Settings,
    group: Sequence[str | None],
    pair: tuple[str, str],
) -> ModelDifference:
    """Compare the change of slope of two groups within one model.

    Parameters
    ----------
    trial, endpoint_key, settings
        As for :func:`analysis.hinge_model.hinge_model`.
    group
        Group of each patient in the order of ``Trial.patient_ids``; ``None`` where it is not known.
    pair
        The two groups: the difference is second minus first. Patients of others are left out.

    Returns
    -------
    ModelDifference
        Also where nothing can be estimated: then with NaN and the reason.

    Raises
    ------
    ValueError
        If ``group`` does not have one entry a patient.

    Notes
    -----
    Each group has its own level, slope and change; the covariance of the random effects and the
    residual variance are common to both.
    """
    if len(group) != len(trial.patient_ids):
        raise ValueError("group must have one entry a patient")
    points = place_points(trial, endpoint_key, settings)
    missing = {
        i: "group not known" if name is None else "in another group"
        for i, name in enumerate(group)
        if name not in pair
    }
    rows = hinge_rows(trial, endpoint_key, settings, points, missing)
    names = [str(group[i]) for i in rows.member]
    second = np.asarray([name == pair[1] for name in names], dtype=np.bool_)
    fit: MixedFit | None = None
    if min(second.sum(), (~second).sum()) < 2:
        reason = "a group has fewer than 2 patients with visits that can be analysed"
    else:
        one, t, after = rows.hinge().T
        g = second[rows.patient].astype(np.float64)
        columns = {"level": one, "slope": t, "change": after}
        columns |= {"group": g, "group:slope": g * t, "group:change": g * after}
        fit, reason = fit_or_reason(rows, columns, reml=True, two_variances=settings.two_variances)
    weights = np.zeros((2, 6 + len(rows.covariate_names)))
    weights[0, 2] = weights[1, 5] = 1
    level = settings.confidence
    changes = zip(pair, (weights[0], weights[0] + weights[1]), strict=True)
    return ModelDifference(
        groups=pair,
        n_patients=tuple(names.count(label) for label in pair),
        changes=tuple(effect_of(fit, f"change:{k}", f"change, {k}", w, level) for k, w in changes),
        difference=effect_of(fit, "difference", "difference of the changes", weights[1], level),
        singular=fit is not None and fit.singular,
        left_out=rows.left_out,
        reason=reason,
    )
