"""The What-if tab "Placebo dates": whether the course bends at day 0 or elsewhere too."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from analysis.comparison import Comparison, EndpointComparison
from analysis.placebo_dates import PlaceboDates, placebo_dates
from data.trial import Trial
from report import placebo_words as words
from report.exhibits.what_if import placebo_chart
from report.tables import export_names
from ui.cache import once
from ui.figures import show_figure
from ui.tables import show_small_table, show_table
from ui.text import inert
from ui.untreated_results import untreated_said

Results = Sequence[EndpointComparison]


def placebo_tab(trial: Trial, comparison: Comparison, results: Results) -> None:
    """Draw the change at moved dates, and test whether that at day 0 exceeds the others.

    Parameters
    ----------
    trial, comparison
        The data and the primary analysis.
    results
        Endpoints that are shown.
    """
    st.caption(
        "If the course bends at the transplant, the change must be larger there than at dates "
        "without one. **Excess**: the change at day 0 minus the mean change at every other "
        "date at which the same patient’s visits can be split; a decline that slows evenly "
        "has none. A bend at day 0 does not say what brought it about: how scores are given can "
        "change on that day too."
    )
    for result in results:
        _dates(trial, comparison, result)


def placebo_of(trial: Trial, comparison: Comparison, result: EndpointComparison) -> PlaceboDates:
    """Return the placebo dates of one endpoint, computed at most once."""
    key = result.endpoint.key
    return once(
        ("placebo dates", trial.instance, comparison.settings.comparison_key, key),
        lambda: placebo_dates(trial, comparison, key),
    )


def _dates(trial: Trial, comparison: Comparison, result: EndpointComparison) -> None:
    found, key = placebo_of(trial, comparison, result), result.endpoint.key
    said = untreated_said(trial, comparison, key)
    show_figure(placebo_chart(trial, comparison, result, found, said), trial)
    sentences = (
        words.reasons_sentence(found),
        words.excess_sentence(found, result.alternative),
        words.expected_sentence(found),
        words.peak_sentence(found),
    )
    st.markdown(inert(" ".join(text for text in sentences if text)))
    ids = trial.patient_ids
    for text in (words.bias_sentence(found), *words.who_sentences(found, ids, ids)):
        if text:
            st.caption(inert(text))
    with st.expander("Numbers: every date, every patient"):
        dates = words.dates_table(found, result.alternative)
        show_small_table(dates, f"placebo-dates-{key}", trial, untreated=said)
        called = dict(zip(ids, export_names(trial), strict=True))
        show_table(
            words.patients_table(found, {}),
            f"placebo-patients-{key}",
            trial,
            export=words.patients_table(found, called),
            untreated=said,
        )
