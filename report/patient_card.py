"""What stands beside one patient’s figure and on the sheet: a card an endpoint, and the rest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.comparison import Comparison, EndpointComparison
from analysis.day0 import day0_offsets
from analysis.events import LABELS, EventTable, event_table
from analysis.individual_change import change_since_day0
from analysis.projection import (
    gap_at_last_visit,
    projected,
    shrunken_projection,
    why_not_shrunken,
)
from analysis.settings import REASONS, Settings
from analysis.stage_scales import BANDS, DeltaFs, delta_fs_at_day0
from analysis.staging import StageTable, stage_visits
from data.trial import USABLE, FloatArray, Trial
from report import patient_words as words
from report.event_names import event_name
from report.numbers import plain, signed

_LAST_SEEN = ("death", "lost", "last_contact")


@dataclass(frozen=True, slots=True, eq=False)
class Background:
    """What is known of all patients and stands beside the slopes of each.

    Parameters
    ----------
    stages
        Stages of the visits that have items; ``None`` where there are none.
    delta_fs
        ΔFS at day 0, one entry a patient.
    events
        Events in months from day 0.
    zero
        Day that counts as day 0, from the first transplant; NaN without one.
    """

    stages: StageTable | None
    delta_fs: DeltaFs
    events: EventTable
    zero: FloatArray


def background(trial: Trial, settings: Settings) -> Background:
    """Return stages, ΔFS and events of everybody under some settings."""
    return Background(
        stage_visits(trial, settings),
        delta_fs_at_day0(trial, settings),
        event_table(trial, settings),
        day0_offsets(trial, settings)[0],
    )


@dataclass(frozen=True, slots=True)
class Card:
    """What is said of one endpoint of one patient.

    Parameters
    ----------
    heading
        Whether the course bent, or why that cannot be told.
    lines
        Label and sentence, from the most to the least important.
    """

    heading: str
    lines: tuple[tuple[str, str], ...]


def endpoint_card(
    trial: Trial, comparison: Comparison, result: EndpointComparison, patient: int
) -> Card:
    """Return the card of one endpoint: change, slopes, gap to the projection, change since day 0.

    Parameters
    ----------
    trial, comparison, result
        The trial, its comparison, and the endpoint of it.
    patient
        Position in ``Trial.patient_ids``.
    """
    level, endpoint = comparison.settings.confidence, result.endpoint
    lines = []
    if result.paired[patient]:
        lines.append(("", words.change_words(result, patient, level)))
    else:
        lines.append(("", why_not(result, trial.patient_ids[patient]) or "no slope"))
    for side in ("before", "after"):
        lines.append((side.title(), words.slope_words(result, side, patient, level)))
    gap = gap_at_last_visit(result, patient, level)
    if gap is not None:
        lines.append(("Observed − projected", words.gap_words(endpoint, gap)))
    seen = change_since_day0(trial, comparison.settings, result, patient)
    if seen is not None:
        first, last = (plain(v, endpoint.decimals) for v in (seen.value_day0, seen.value_last))
        moved = words.since_day0_words(endpoint, seen)
        lines.append((f"{first} → {last}", moved))
    kept = tuple((label, text) for label, text in lines if text)
    return Card(words.heading(result, patient, level), kept)


def why_not(result: EndpointComparison, name: str) -> str:
    """Return why a patient is not compared; reasons in free text are left away."""
    reason = next((why for step in result.flow for p, why in step.left if p == name), "")
    head, colon, given = reason.partition(": ")
    return head if colon and head == "left out" and given not in REASONS else reason


def status_lines(
    trial: Trial, results: tuple[EndpointComparison, ...], patient: int, known: Background
) -> list[tuple[str, str]]:
    """Return label and sentence of last values, stages, ΔFS and how the patient was last seen.

    Parameters
    ----------
    trial, results, patient
        Whose, and the endpoints that are shown.
    known
        From :func:`background` with the settings of the results.
    """
    lines = [
        line if (line := last_values(result, patient))[1] else undated_last(trial, result, patient)
        for result in results
    ]
    stage = stage_at_last_visit(known.stages, patient)
    if stage is not None:
        lines += stage
    elif trial.items is None:
        lines.append(("King’s, MiToS", "need the single items, which the file does not hold"))
    if trial.patients_frame["onset_day"].notna().iloc[patient]:
        value, month = float(known.delta_fs.value[patient]), float(known.delta_fs.month[patient])
        band = int(known.delta_fs.band[patient])
        text = words.delta_fs_words(value, BANDS[band] if band >= 0 else "", month)
        lines.append(("ΔFS at day 0", text))
    lines.append(("Last seen", last_seen_words(known.events, patient)))
    return [(label, text) for label, text in lines if text]


def last_values(result: EndpointComparison, patient: int) -> tuple[str, str]:
    """Return the last analysable value of an endpoint with its month, and FVC's place."""
    points, endpoint = result.slopes.points, result.endpoint
    mine = np.flatnonzero(
        (points.patient == patient) & np.isfinite(points.month) & points.analysable
    )
    if not mine.size:
        return f"Last {endpoint.label}", ""
    k = mine[np.argmax(points.month[mine])]
    value = float(points.value[k])
    of = "of 48" if endpoint.key == "alsfrs_r" else endpoint.unit
    decimals = endpoint.decimals
    if endpoint.key == "fvc":
        # 49.7 is below 50: written as 50 it would contradict the words beside it.
        decimals = max(decimals, *(value < g <= round(value) for g in words.FVC_GUIDES))
    text = f"{plain(value, decimals)} {of} at {signed(float(points.month[k]), 1)} months"
    if endpoint.key == "fvc":
        text += f", {words.guide_words(value)}"
    return f"Last {endpoint.label}", text + _after_ventilation(result, patient)


def _after_ventilation(result: EndpointComparison, patient: int) -> str:
    """Return the last value that does not count because ventilation began; empty without one."""
    points, endpoint = result.slopes.points, result.endpoint
    later = np.flatnonzero((points.patient == patient) & points.ended & np.isfinite(points.month))
    if not later.size:
        return ""
    k = later[np.argmax(points.month[later])]
    value, month = plain(float(points.value[k]), endpoint.decimals), float(points.month[k])
    return f"; not counted, as ventilation had begun: {value} at {signed(month, 1)} months"


def undated_last(trial: Trial, result: EndpointComparison, patient: int) -> tuple[str, str]:
    """Return the last usable value of a patient who has no day 0 to count months from."""
    frame, endpoint = trial.measurements_frame, result.endpoint
    mine = frame[
        (frame["patient"] == trial.patient_ids[patient])
        & (frame["endpoint"] == endpoint.key)
        & (frame["status"] == USABLE)
    ]
    known = mine[mine["day"].notna() | mine["date"].notna()].sort_values(["day", "date"])
    label = f"Last {endpoint.label}"
    if not len(known):
        return label, ""
    of = "of 48" if endpoint.key == "alsfrs_r" else endpoint.unit
    value = plain(float(known["value"].iloc[-1]), endpoint.decimals)
    return label, f"{value} {of}, month from day 0 not known"


def stage_at_last_visit(stages: StageTable | None, patient: int) -> list[tuple[str, str]] | None:
    """Return King's and MiToS stage at the last staged visit with why; ``None`` without one."""
    if stages is None or not (mine := stages.rows_of(patient)).size:
        return None
    k = int(mine[-1])
    when = f"at {signed(float(stages.month[k]), 1)} months"
    return [
        (name, f"stage {system.label(k)} {when}: {system.reason(k)}")
        for name, system in (("King’s", stages.kings), ("MiToS", stages.mitos))
    ]


def last_seen_words(events: EventTable, patient: int) -> str:
    """Return death, loss or last contact with its month; empty where nothing is recorded."""
    mine = events.of(patient)
    for kind in _LAST_SEEN:
        months = mine.month[mine.kind == kind]
        if months.size:
            when = float(months[-1])
            at = f" at {signed(when, 1)} months" if np.isfinite(when) else ", month not known"
            return f"{'died' if kind == 'death' else LABELS[kind]}{at}"
    return ""


def event_words(events: EventTable, patient: int, *, cautious: bool = False) -> list[str]:
    """Return the patient's events with their months.

    Parameters
    ----------
    events, patient
        Whose events.
    cautious
        For files that leave the room: kinds instead of the words in the file, which may be free.
    """
    mine = events.of(patient)
    texts = []
    for month, kind, label in zip(mine.month, mine.kind, mine.label, strict=True):
        name = event_name(str(kind), str(label), cautious=cautious)
        when = f" {signed(float(month), 1)}" if np.isfinite(month) else ""
        texts.append(f"{name}{when}")
    return texts


def ahead_lines(
    result: EndpointComparison, patient: int, month: float, confidence: float
) -> list[tuple[str, str]]:
    """Return what the run-in says for one month: by the patient's own line, and shrunken.

    Parameters
    ----------
    result, patient
        Comparison of one endpoint, and the patient's position.
    month
        Months from day 0.
    confidence
        Level of the prediction intervals.
    """
    endpoint = result.endpoint
    own = projected(result, patient, month, confidence)
    if own is None:
        return [(endpoint.label, "no line before day 0 to project")]
    text = words.projected_words(endpoint, own, confidence)
    if words.withheld(result, patient):
        text += f"; rests on {own.own_visits} visits only"
    lines = [(endpoint.label, text)]
    shrunken = shrunken_projection(result, patient, month, confidence)
    if shrunken is None:
        toward = f"not known: {why_not_shrunken(result, patient)}"
    else:
        toward = words.projected_words(endpoint, shrunken, confidence)
    return [*lines, ("shrunken toward the natural history", toward)]
