"""Sentences and tables about all patients: who changed most, who left, whose FVC is low."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

import numpy as np
import pandas as pd

from analysis.attendance import LEFT, Attendance
from analysis.cohort import LastValues, Middle
from analysis.comparison import EndpointComparison
from analysis.events import EventTable
from analysis.staging import StageTable
from data.trial import IntArray
from report.event_names import event_name
from report.numbers import count, decimals_for, interval_text, plain, signed
from report.patient_words import FVC_GUIDES

_MOST_NAMED: Final = 12
_REASONS: Final = {
    "died": "death",
    "lost": "lost to follow-up, as recorded",
    "tracheostomy": "tracheostomy",
    "last contact": "last contact",
    "no further visit": "no further visit, no reason recorded",
    "to the end": "seen to the end",
}
_COUNTED: Final = {
    "died": "died",
    "lost": "recorded as lost",
    "tracheostomy": "seen no longer after a tracheostomy",
    "last contact": "seen no longer, with a recorded last contact",
    "no further visit": "seen no longer, without a recorded reason",
}


def month_words(month: float) -> str:
    """Write a month from day 0, such as "+9.1 months"."""
    return f"{signed(month, 1)} months"


def last_month(value: float) -> str:
    """Write a month in a table: with its sign and one decimal, empty where there is none."""
    return signed(value, 1) if math.isfinite(value) else ""


def most_changed(result: EndpointComparison, names: tuple[str, ...], level: float) -> str:
    """Return whose slope changed most, and who is at the other end, without saying why.

    Parameters
    ----------
    result
        Comparison of one endpoint.
    names
        What patients are called, safe to show.
    level
        Level of the intervals.
    """
    paired = np.flatnonzero(result.paired)
    label = result.endpoint.label
    if not len(paired):
        return f"{label}: nobody can be compared."
    changes = result.change[paired]
    top = int(paired[np.argmax(np.abs(changes))])
    # The other end is the one that the largest change does not come from.
    at_other = np.argmin(changes) if result.change[top] >= 0 else np.argmax(changes)
    other = int(paired[at_other])
    text = f"{label}, largest change: **{names[top]}**, {_change_words(result, top, level)}"
    if other != top:
        text += f"; at the other end {names[other]}, {_change_words(result, other, level)}"
    luck = (
        " The largest of several changes owes part of its size to chance." if other != top else ""
    )
    return f"{text}; n = {len(paired)} compared.{luck}"


def _change_words(result: EndpointComparison, patient: int, level: float) -> str:
    interval = result.change_interval(patient, level)
    decimals = decimals_for(interval)
    ends = f" ({interval_text(interval, decimals)})" if interval is not None else " (no interval)"
    return f"{signed(float(result.change[patient]), decimals)} {result.unit}{ends}"


def low_values(last: LastValues, names: tuple[str, ...], counted: str = "") -> str:
    """Return whose last FVC lies below 50 %, lowest first, and how many lie from 50 to below 80 %.

    Parameters
    ----------
    last
        Last FVC in % predicted of every patient who has one.
    names
        What patients are called, safe to show.
    counted
        Which values count, where not all do.
    """
    n = len(last.patient)
    if not n:
        return "FVC: nobody has a value in % predicted with a time from the transplant."
    low, upper = FVC_GUIDES
    under = last.below(low)
    said = [
        f"{names[last.patient[k]]} ({plain(float(last.value[k]), _fvc_decimals(last, k))} %, "
        f"{month_words(float(last.month[k]))})"
        for k in under[:_MOST_NAMED]
    ]
    more = f" and {len(under) - _MOST_NAMED:,} more" if len(under) > _MOST_NAMED else ""
    who = f": {', '.join(said)}{more}" if said else ""
    between = len(last.below(upper)) - len(under)
    return (
        f"FVC below {low:g} % at the last visit{counted}{who}; {len(under):,} of {n:,} with FVC. "
        f"From {low:g} to below {upper:g} %: {between:,} of {n:,}."
    )


def _fvc_decimals(last: LastValues, k: int) -> int:
    """Return the decimals that keep a value on its side of a threshold: 49.7 is not "50"."""
    value = float(last.value[k])
    return 1 if any(value < limit <= round(value) for limit in FVC_GUIDES) else 0


def low_table(last: LastValues, names: tuple[str, ...]) -> pd.DataFrame:
    """Return everybody's last FVC, lowest first."""
    order = np.argsort(last.value, kind="stable")
    return pd.DataFrame(
        {
            "patient": [names[i] for i in last.patient[order]],
            "last FVC, % predicted": last.value[order],
            "month": last.month[order],
            **{
                f"below {limit:g} %": np.where(last.value[order] < limit, "yes", "no")
                for limit in FVC_GUIDES
            },
        }
    )


def follow_sentence(found: Attendance) -> str:
    """Return how the patients' follow-up ended, with the rule and who is not in it."""
    n = len(found.patient)
    if not n:
        return "Nobody has a visit and a day 0."
    left = [status for status in LEFT if found.count(status)]
    parts = [f"{found.count(status)} {_COUNTED[status]}" for status in left]
    total = sum(found.count(status) for status in left)
    length = (
        f"{month_words(found.end)}, the declared length"
        if found.declared
        else f"{month_words(found.end)}, the last visit of anybody; no length from this day 0 is "
        "declared"
    )
    rule = f"within one visit spacing ({found.spacing:g} months) of {length}"
    if not parts:
        return f"Everybody of {count(n, 'patient')} was seen to the end: {rule}.{_not_in_it(found)}"
    return (
        f"{total} of {count(n, 'patient')} died or were not seen to the end: {', '.join(parts)}. "
        f"The other {n - total} were seen to the end: {rule}.{_not_in_it(found)}"
    )


def _not_in_it(found: Attendance) -> str:
    parts = [
        f"{len(who)} {why}"
        for who, why in (
            (found.without_day0, "without a day 0"),
            (found.without_visit, "without a usable visit"),
            (found.left_out, "left out by the settings"),
        )
        if len(who)
    ]
    if found.filtered:
        parts.append(f"{found.filtered} hidden by the filters")
    return f" Not in it: {', '.join(parts)}." if parts else ""


def follow_table(
    found: Attendance, names: tuple[str, ...], *, only_left: bool = False, recorded: bool = False
) -> pd.DataFrame:
    """Return who left and when, one row a patient, shortest follow-up first.

    Parameters
    ----------
    found
        Follow-up of all patients.
    names
        What patients are called.
    only_left
        Whether those who were seen to the end are left out.
    recorded
        Whether the file's own words for a last contact or a loss stand in it. They are free text
        and stay out of files.
    """
    chosen = [
        int(k) for k in found.by_length[::-1] if not (only_left and found.status[k] == "to the end")
    ]
    return pd.DataFrame(
        {
            "patient": [names[found.patient[k]] for k in chosen],
            "how it ended": [
                _REASONS[found.status[k]] + (_said(found, k) if recorded else "") for k in chosen
            ],
            "month of it": [_when(found, k) for k in chosen],
            "first visit": found.first_visit[chosen],
            "last visit": found.last_visit[chosen],
            "last contact": found.last_contact[chosen],
            "lost": found.lost[chosen],
            "death": found.death[chosen],
            "tracheostomy": found.tracheostomy[chosen],
        }
    )


def followed_numbers(
    found: Attendance,
    events: EventTable,
    stages: StageTable | None,
    names: tuple[str, ...],
    drawn: IntArray,
) -> pd.DataFrame:
    """Return what a swimmer plot draws: how each follow-up ended, visits, events and stages.

    Events are called by their kind: the words of the file stay out.

    Parameters
    ----------
    found, events, stages
        Follow-up, events and stages of all patients.
    names
        What patients are called.
    drawn
        Entries of ``found`` that have a row in the plot.
    """
    people = found.patient[drawn]
    here = np.isin(events.patient, people)
    visits = np.isin(found.visit_patient, people)
    told = zip(events.patient[here], events.month[here], events.kind[here], strict=True)
    labels = events.label[here]
    rows: list[dict[str, object]] = [
        {"what": "visit", "patient": names[i], "month": month}
        for i, month in zip(found.visit_patient[visits], found.visit_month[visits], strict=True)
    ]
    rows += [
        {
            "what": "event",
            "patient": names[i],
            "month": month,
            "note": event_name(kind, label, cautious=True),
        }
        for (i, month, kind), label in zip(told, labels, strict=True)
    ]
    if stages is not None:
        known = np.isfinite(stages.month) & np.isin(stages.patient, people)
        rows += [
            {
                "what": "King’s stage",
                "patient": names[stages.patient[k]],
                "month": stages.month[k],
                "note": stages.kings.label(int(k)),
            }
            for k in np.flatnonzero(known)
        ]
    ends = follow_table(found, names).assign(what="follow-up")
    ends = ends[ends["patient"].isin([names[i] for i in people])]
    table = pd.concat([ends, pd.DataFrame(rows)], ignore_index=True)
    return table[["what", *(name for name in table.columns if name != "what")]]


def _said(found: Attendance, k: int) -> str:
    """Return what the file calls the last contact or the loss that ended the follow-up."""
    told = found.status[k] in ("last contact", "lost") and found.recorded[k]
    return f": {found.recorded[k]}" if told else ""


def _when(found: Attendance, k: int) -> float:
    """Return the month of what ended the follow-up: of the event, else of the last visit."""
    at = {
        "died": found.death,
        "lost": found.lost,
        "tracheostomy": found.tracheostomy,
        "last contact": found.last_contact,
    }
    return float(at.get(found.status[k], found.last_visit)[k])


def ending_words(found: Attendance, k: int) -> str:
    """Return how one follow-up ended, such as "died +8.4", in the words of a column."""
    status = found.status[k]
    if status == "no further visit":
        return f"last visit {last_month(float(found.last_visit[k]))}"
    if status == "to the end":
        return "to the end"
    return f"{status} {last_month(_when(found, k))}"


def middle_numbers(middle: Middle, label: str) -> pd.DataFrame:
    """Return the median and the quantiles of a cohort by month, with n."""
    return pd.DataFrame(
        {
            "endpoint": label,
            "month": middle.month,
            "n": middle.n,
            "median": middle.median,
            "lower_quartile": middle.lower,
            "upper_quartile": middle.upper,
            "tenth_percentile": middle.tenth,
            "ninetieth_percentile": middle.ninetieth,
        }
    )


def page_of(order: Iterable[int], page: int, per_page: int) -> list[int]:
    """Return the patients on one page, counted from 1."""
    return list(order)[(page - 1) * per_page : page * per_page]
