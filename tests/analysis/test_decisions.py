"""Decisions about patients and values in the settings."""

from __future__ import annotations

from analysis.settings import PatientExclusion, PointDecision, Settings


def test_every_decision_that_names_a_patient_stays_out_of_a_link_and_is_counted():
    settings = Settings(
        excluded_patients=(PatientExclusion("A", "other"), PatientExclusion("B", "other")),
        points=(PointDecision("C", "alsfrs_r", 30.0, 31.0, keep=False, reason="other"),),
    )
    assert settings.unshared_decisions == 3
    assert settings.to_query() == {}
