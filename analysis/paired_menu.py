"""Every test of the change of one endpoint, primary first."""

from __future__ import annotations

from analysis.bootstrap import bca_mean
from analysis.paired_tests import hodges_lehmann_result, paired_t, pratt_test, sign_flip_test
from analysis.results import TestResult
from analysis.settings import Settings
from analysis.sign_test import sign_test
from data.trial import FloatArray


def paired_menu(
    changes: FloatArray, settings: Settings, *, resamples: int
) -> tuple[TestResult, ...]:
    """Return all tests and intervals of the mean or median change.

    Parameters
    ----------
    changes
        One change a patient, for patients who have both slopes.
    settings
        Direction, level, flips and seed.
    resamples
        Resamples of the bootstrap.

    Returns
    -------
    tuple of TestResult
        Paired t (primary), sign flip and signed rank (supporting), signed rank with Pratt's zeros,
        sign test, BCa (exploratory).
    """
    return (
        paired_t(changes, settings),
        sign_flip_test(changes, settings),
        hodges_lehmann_result(changes, settings),
        pratt_test(changes, settings),
        sign_test(changes, settings),
        bca_mean(changes, settings.confidence, resamples=resamples, seed=settings.seed),
    )
