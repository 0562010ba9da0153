"""The What-if tab "Other run-ins": the change under run-ins of other lengths, and from onset."""

from __future__ import annotations

import math
from collections.abc import Sequence

import streamlit as st

from analysis.comparison import Comparison, EndpointComparison
from analysis.other_run_ins import OtherRunIns, RunInRow, other_run_ins
from data.trial import Trial
from report.exhibits.what_if import ALL_ARMS, run_ins_chart
from report.run_in_words import (
    Bias,
    run_in_bias,
    run_in_title,
    run_ins_sentence,
    run_ins_table,
)
from report.tables import export_names
from ui.cache import once
from ui.figures import show_figure
from ui.tables import show_small_table
from ui.text import inert
from ui.untreated_results import untreated_said
from ui.what_if_variants import open_as_variant

Results = Sequence[EndpointComparison]


def run_ins_tab(trial: Trial, comparison: Comparison, results: Results) -> None:
    """Draw the change under several run-ins, and say which way each of them misleads.

    Parameters
    ----------
    trial, comparison
        The data and the primary analysis.
    results
        Endpoints that are shown.
    """
    st.caption(
        "The same follow-up, measured against other run-ins. None of them is right by itself: each "
        "misleads in a direction of its own, which stands below. A change that holds only with one "
        "of them is a property of that run-in."
    )
    if any(result.against_control is not None for result in results):
        st.info(ALL_ARMS, icon=":material/info:")
    every = [_found(trial, comparison, result) for result in results]
    if not every:
        return
    for result, found in zip(results, every, strict=True):
        _run_ins(trial, comparison, result, found)
    _directions(every)


def _found(trial: Trial, comparison: Comparison, result: EndpointComparison) -> OtherRunIns:
    key = result.endpoint.key
    return once(
        ("other run-ins", trial.instance, comparison.settings.comparison_key, key),
        lambda: other_run_ins(trial, comparison, key),
    )


def _run_ins(
    trial: Trial, comparison: Comparison, result: EndpointComparison, found: OtherRunIns
) -> None:
    key = result.endpoint.key
    said = untreated_said(trial, comparison, key)
    show_figure(run_ins_chart(trial, comparison, result, found, said), trial)
    st.markdown(inert(run_ins_sentence(found, result.alternative)))
    if found.note:
        st.caption(found.note)
    with st.expander("Numbers, and who is not in it"):
        ids, names, side = trial.patient_ids, export_names(trial), result.alternative
        show_small_table(
            run_ins_table(found, ids, ids, alternative=side),
            f"run-ins-table-{key}",
            trial,
            export=run_ins_table(found, ids, names, len(ids), side),
            untreated=untreated_said(trial, comparison, key),
        )


def _directions(every: Sequence[OtherRunIns]) -> None:
    """Draw, once for all endpoints, which way each run-in misleads, with the buttons of variants.

    Run-ins that mislead the same way for the same reason share a box.
    """
    rows = {row.key: row for found in reversed(every) for row in found.rows}
    boxes: dict[Bias, list[RunInRow]] = {}
    for row in sorted(rows.values(), key=_place):
        boxes.setdefault(run_in_bias(row), []).append(row)
    st.markdown("##### Which way each run-in misleads")
    for bias, mine in boxes.items():
        titles = [run_in_title(row) + (" (primary)" if row.primary else "") for row in mine]
        with st.container(border=True):
            st.markdown(f"**{inert(' · '.join(titles))}**: {inert(bias.direction)}")
            st.caption(inert(bias.reason))
            with st.container(horizontal=True):
                for row in mine:
                    alike = [one for found in every for one in found.rows if one.key == row.key]
                    _beside(row, again=all(one.same_visits for one in alike))


def _place(row: RunInRow) -> tuple[bool, float]:
    """Return what sorts run-ins: longest first, from onset last."""
    return row.run_in == "onset", -math.inf if math.isnan(row.months) else -row.months


def _beside(row: RunInRow, *, again: bool) -> None:
    """Draw the button that puts a run-in beside the primary one; not for the same analysis."""
    if row.primary:
        return
    title = run_in_title(row)
    hint = "Opens a variant with this run-in; the primary analysis stays as it is."
    st.button(
        f"{title[:1].upper()}{title[1:]}, beside the primary",
        icon=":material/call_split:",
        on_click=open_as_variant,
        args=(title,),
        kwargs=row.changes,
        disabled=again,
        help="The same visits as the whole run-in." if again else hint,
        key=f"w.run-in-{row.key}",
    )
