"""Who left and when: everybody's bar from the first visit to the last, and the table of ends."""

from __future__ import annotations

import streamlit as st

from analysis.cohort import last_values
from analysis.comparison import Comparison
from analysis.events import event_table
from analysis.staging import stage_visits
from data.trial import Trial
from report.charts.swimmer import Swim, pages_of
from report.exhibits.patients import follow_up_chart
from report.patient_tables import follow_sentence, follow_table, low_table
from report.tables import export_names
from ui import state
from ui.all_patients_courses import low_fvc_sentence
from ui.all_patients_parts import seen_of, turn_pages
from ui.cache import once
from ui.figures import Chart, show_figure
from ui.tables import show_table

_MONTHS = ("month of it", "last visit")


def followed_tab(trial: Trial, comparison: Comparison) -> list[int | None]:
    """Draw who was seen from when to when, and who left; return the clicked patient."""
    seen = seen_of(trial, comparison)
    sentence = follow_sentence(seen)
    st.markdown(sentence)
    page = turn_pages(pages_of(seen), "w.swimmers")
    clicked = show_figure(_chart(trial, comparison, page, sentence), trial)
    st.markdown("##### Who left and when")
    left = follow_table(seen, trial.patient_ids, only_left=True, recorded=True)
    if len(left):
        one_decimal = st.column_config.NumberColumn(format="%.1f")
        show_table(
            left[["patient", "how it ended", *_MONTHS]],
            "who-left",
            trial,
            columns=dict.fromkeys(_MONTHS, one_decimal),
            export=follow_table(seen, export_names(trial)),
        )
    st.caption(
        "Months from day 0. “No further visit” is what the file shows, not a reason: only a "
        "recorded loss is called one. The saved table holds everybody."
    )
    _low_fvc(trial, comparison)
    return [clicked]


def _low_fvc(trial: Trial, comparison: Comparison) -> None:
    result = comparison.endpoint("fvc")
    if result is None:
        return
    st.markdown("##### FVC at the last visit")
    st.markdown(low_fvc_sentence(trial, comparison, result))
    last = last_values(result.slopes.points)
    table = low_table(last, trial.patient_ids)
    with st.expander("Everybody’s last FVC"):
        show_table(
            table,
            "last-fvc",
            trial,
            columns={"month": st.column_config.NumberColumn(format="%.1f")},
            export=low_table(last, export_names(trial)),
        )
    st.caption("80 % and 50 % are guides that are often used, not limits of treatment.")


def _chart(trial: Trial, comparison: Comparison, page: int, sentence: str) -> Chart:
    settings, selected = comparison.settings, state.view().patient
    seen = seen_of(trial, comparison)
    swim = once(
        ("swim", trial.instance, settings.key),
        lambda: Swim(seen, event_table(trial, settings), stage_visits(trial, settings)),
    )
    return follow_up_chart(trial, comparison, swim, sentence, page, selected)
