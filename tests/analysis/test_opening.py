"""Settings with which a trial opens."""

from __future__ import annotations

import pytest

from analysis.opening import opening_settings
from analysis.settings import Settings
from tests.conftest import frame_from, trial_from


@pytest.mark.parametrize(("n", "trials"), [(500, None), (501, 1900), (2_000, 500), (12_000, 100)])
def test_large_trials_open_with_fewer_simulated_trials(n, trials):
    frame = frame_from({f"P{i:05d}": {0: 40, 90: 38} for i in range(n)})
    opening = opening_settings(trial_from(frame))
    assert opening.get("untreated_trials") == trials
    settings, problems = Settings.from_json(opening)
    assert problems == ()
    assert settings.untreated_trials == (trials or 2_000)
