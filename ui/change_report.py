"""What a newer file of the open trial added, changed and removed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pandas as pd
import streamlit as st

from analysis.settings import PointDecision
from data.endpoints import ENDPOINTS
from data.trial import DAYS_PER_MONTH
from data.update import TrialUpdate
from report.numbers import count, signed
from ui import state
from ui.text import inert

_MOST_NAMES: Final = 12
_MOST_LOST: Final = 8


def change_report() -> None:
    """Draw what the file dropped last changed in the open trial, with a way back to defaults."""
    change = state.change_of_trial()
    if change is None:
        return
    with st.container(border=True, gap="xsmall"):
        if change.update is None:
            st.markdown(":material/rule: **Decisions that no longer apply**")
        else:
            st.markdown(
                ":material/difference: **A newer version of the trial that was open**  \n"
                "Settings, exclusions and the assigned columns were kept."
            )
            _update(change.update)
            if change.corrections:
                n = count(change.corrections, "correction")
                st.markdown(
                    f"- {n} of the earlier file: not carried over, since the cells may have "
                    "changed. They are proposed again among the checks below; values that they "
                    "had changed are listed here as changed."
                )
        _lost(change.lost)
        with st.container(horizontal=True):
            if change.update is not None:
                st.button(
                    "Start with default settings instead",
                    on_click=state.start_afresh,
                    key="w.start-afresh",
                )
            st.button(
                "Understood", type="tertiary", on_click=state.forget_change, key="w.change-seen"
            )


def _update(update: TrialUpdate) -> None:
    lines = [
        _patients(update.patients_added, "added"),
        _patients(update.patients_removed, "removed"),
        _values(update),
        _patients(update.transplants_changed, "with another transplant date"),
    ]
    st.markdown("\n".join(f"- {line}" for line in lines if line))
    changed = update.values_changed
    if len(changed):
        table = pd.DataFrame(
            {
                "patient": changed["patient"],
                "endpoint": changed["endpoint"].map(_endpoint),
                "day": changed["when"],
                "before": changed["before"],
                "now": changed["after"],
            }
        )
        st.dataframe(
            table, hide_index=True, key="w.changed-values", height=min(250, 38 + 35 * len(table))
        )


def _patients(names: Sequence[str], what: str) -> str:
    if not names:
        return ""
    shown = ", ".join(inert(name) for name in names[:_MOST_NAMES])
    more = f" and {len(names) - _MOST_NAMES:,} more" if len(names) > _MOST_NAMES else ""
    return f"{count(len(names), 'patient')} {what}: {shown}{more}"


def _values(update: TrialUpdate) -> str:
    parts = [
        f"{count(n, 'value')} {what}"
        for n, what in (
            (update.values_added, "added"),
            (update.values_removed, "removed"),
            (len(update.values_changed), "changed"),
        )
        if n
    ]
    return f"{', '.join(parts)} (of patients in both files)" if parts else ""


def _lost(lost: Sequence[PointDecision]) -> None:
    if not lost:
        return
    st.markdown(
        f"{count(len(lost), 'decision')} about single values no longer "
        f"{'applies' if len(lost) == 1 else 'apply'}, because the value changed or is gone:\n"
        + "\n".join(f"- {_decision(point)}" for point in lost[:_MOST_LOST])
        + (f"\n- and {len(lost) - _MOST_LOST:,} more" if len(lost) > _MOST_LOST else "")
    )


def _decision(point: PointDecision) -> str:
    month = signed(point.day / DAYS_PER_MONTH, 1)
    verb = "kept" if point.keep else "left out"
    return (
        f"{inert(point.patient)}: {_endpoint(point.endpoint)} {point.value:g} at {month} months, "
        f"{verb} ({inert(point.reason)})"
    )


def _endpoint(key: str) -> str:
    return f"{ENDPOINTS[key].label}, {ENDPOINTS[key].unit}"
