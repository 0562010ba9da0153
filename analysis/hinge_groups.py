"""The change of slope of two groups, compared within one mixed model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from analysis.hinge_rows import fit_or_reason, hinge_rows
from analysis.hinge_values import GroupDifference, effect_of
from analysis.mixed_model import MixedFit
from analysis.settings import Settings
from analysis.slopes import place_points
from data.trial import Trial


def group_interaction(
    trial: Trial, endpoint_key: str, settings: Settings, group: Sequence[str | None]
) -> GroupDifference:
    """Compare the change of slope of two groups within one model.

    Parameters
    ----------
    trial, endpoint_key, settings
        As for :func:`analysis.hinge_model.hinge_model`.
    group
        Group of each patient in the order of ``Trial.patient_ids``; ``None`` where it is not known.

    Returns
    -------
    GroupDifference
        The groups are in alphabetical order.

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
    missing = {i: "group not known" for i, name in enumerate(group) if name is None}
    rows = hinge_rows(trial, endpoint_key, settings, points, missing)
    names = [str(group[i]) for i in rows.member]
    labels = tuple(sorted(set(names)))
    second = np.asarray([name == labels[-1] for name in names], dtype=np.bool_)
    fit: MixedFit | None = None
    if len(labels) != 2:
        reason = f"two groups are needed, there are {len(labels)}"
    elif min(second.sum(), (~second).sum()) < 2:
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
    changes = zip(labels, (weights[0], weights[0] + weights[1]), strict=False)
    return GroupDifference(
        groups=labels,
        n_patients=tuple(names.count(label) for label in labels),
        changes=tuple(effect_of(fit, f"change:{k}", f"change, {k}", w, level) for k, w in changes),
        difference=effect_of(fit, "difference", "difference of the changes", weights[1], level),
        singular=fit is not None and fit.singular,
        left_out=rows.left_out,
        reason=reason,
    )
