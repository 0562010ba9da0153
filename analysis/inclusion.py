"""Who is looked at beside the comparison of slopes, such as in stages and survival, and why not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.day0 import day0_offsets
from analysis.filters import passing
from analysis.settings import Settings
from data.trial import BoolArray, Trial


@dataclass(frozen=True, slots=True)
class Inclusion:
    """Who is looked at.

    Parameters
    ----------
    included
        In the order of ``Trial.patient_ids``.
    left
        Names of the others, each with the reason.
    filtered
        Patients whom the filters hide; they are counted and not named.
    """

    included: BoolArray
    left: tuple[tuple[str, str], ...]
    filtered: int


def with_day0(trial: Trial, settings: Settings) -> Inclusion:
    """Return who has a day 0, is not left out by the settings and passes the filters.

    Parameters
    ----------
    trial, settings
        The patients, and the choices about them.
    """
    passes = passing(trial, settings)
    dated = np.isfinite(day0_offsets(trial, settings)[0])
    left_out = {e.patient: e.reason for e in settings.excluded_patients}
    transplants = trial.patients_frame["transplant_days"].tolist()
    included = passes & dated
    left = []
    for i, name in enumerate(trial.patient_ids):
        if not passes[i]:
            continue
        if name in left_out:
            included[i] = False
            left.append((name, f"left out: {left_out[name]}"))
        elif not dated[i]:
            n = len(transplants[i])
            few = f"only {n} transplant{'s' if n > 1 else ''}"
            left.append((name, few if n else "no transplant date"))
    return Inclusion(included, tuple(left), int((~passes).sum()))
