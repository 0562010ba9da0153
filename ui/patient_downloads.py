"""The one page of a patient for print, made when it is asked for."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

from analysis.comparison import Comparison, EndpointComparison
from data.trial import Trial
from report.patient_sheet import patient_sheet
from report.tables import export_names


def sheet_button(
    trial: Trial,
    comparison: Comparison,
    results: tuple[EndpointComparison, ...],
    patient: int,
) -> None:
    """Draw the button that makes and saves the page of one patient."""
    name = export_names(trial)[patient]

    def made() -> bytes:
        return patient_sheet(trial, comparison, results, patient, datetime.now(UTC).date())

    st.download_button(
        "One-page PDF",
        data=made,
        file_name=f"patient-{name}.pdf",
        mime="application/pdf",
        icon=":material/picture_as_pdf:",
        type="tertiary",
        on_click="ignore",
        help=f"A4, for print: months instead of dates, the patient is called {name}.",
        key="save-sheet",
    )
