"""What only the user can decide: each question with its answers, and the answers given."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class Question:
    """Something that only the user can decide.

    Parameters
    ----------
    code
        Name to answer with, such as ``DATE_ORDER``.
    text
        The question in words.
    options
        Answers that are accepted, each with its words; empty where the answer is a form.
    evidence
        What in the file raises the question.
    parts
        Names to each of which one of ``options`` is given, such as sites with their own order of
        day and month; empty for a single answer.
    """

    code: str
    text: str
    options: tuple[tuple[str, str], ...]
    evidence: str = ""
    parts: tuple[str, ...] = ()


_ORDERS: Final = (
    ("dmy", "day first: 3 April"),
    ("mdy", "month first: March 4"),
    ("ymd", "year first"),
)

QUESTIONS: Final[Mapping[str, Question]] = MappingProxyType(
    {
        question.code: question
        for question in (
            Question("DATE_ORDER", "Is 03/04 the third of April or the fourth of March?", _ORDERS),
            Question(
                "DATE_ORDER_INCONSISTENT",
                "Some dates can only be day first, others only month first. In which order does "
                "each part write its dates?",
                _ORDERS,
            ),
            Question(
                "CALENDAR",
                "Are these dates of the Solar Hijri (Jalali) calendar?",
                (("jalali", "Solar Hijri (Jalali)"), ("gregorian", "Gregorian")),
            ),
            Question(
                "DAY_ORIGIN",
                "From where do these times count?",
                (
                    ("transplant", "from the transplant"),
                    ("enrolment", "from enrolment or the start of the study"),
                    ("onset", "from the first symptom"),
                ),
            ),
            Question(
                "FVC_UNIT",
                "In which unit is FVC given?",
                (
                    ("percent", "% predicted"),
                    ("litres", "litres"),
                    ("fraction", "fraction of predicted: 0.8 is 80 %"),
                ),
            ),
            Question(
                "FVC_UNIT_MIXED",
                "Some FVC values can only be litres, others only % predicted. How are they read?",
                (("by_value", "small values as litres, large ones as % predicted"),),
            ),
            Question(
                "VC_KIND",
                "A column says only vital capacity. Which manoeuvre was it?",
                (("fvc", "forced (FVC)"), ("svc", "slow (SVC)")),
            ),
            Question(
                "MONTH_SIGN",
                "What does the m in headers such as “m6” stand for?",
                (("minus", "month −6, before"), ("month", "month 6, after")),
            ),
            Question(
                "ALSFRS_SCALE",
                "Is this the revised scale (ALSFRS-R, 0–48) or the original one (ALSFRS, 0–40)?",
                (("revised", "ALSFRS-R, 0–48"), ("original", "ALSFRS, 0–40")),
            ),
            Question(
                "ID_MERGE",
                "Some names differ only in case, separators or zeros, but hold different values "
                "on one day. Are they one patient?",
                (("yes", "one patient"), ("no", "different patients")),
            ),
            Question(
                "PHASE_SIGN",
                "Visits of a phase before the transplant have times without a minus sign. How are "
                "they meant?",
                (
                    ("before", "so long before the transplant"),
                    ("after", "as they stand, without a sign"),
                ),
            ),
            Question(
                "DATES_SWAPPED",
                "A spreadsheet may have swapped day and month of the dates that it took for dates. "
                "Is it so?",
                (
                    ("yes", "swapped: exchange day and month of those dates"),
                    ("no", "right as they stand"),
                ),
            ),
            Question(
                "TRANSPLANT_COLUMNS",
                "Several columns could hold the transplant. Which are meant?",
                (("all", "each is a transplant"),),
            ),
            Question("MAPPING", "Which column holds what?", ()),
        )
    }
)
"""Every question by its code."""


def asked(
    code: str,
    evidence: str = "",
    *,
    options: tuple[str, ...] | None = None,
    parts: tuple[str, ...] = (),
) -> Question:
    """Return a question with what raised it, and only the answers that are possible."""
    question = QUESTIONS[code]
    kept = question.options
    if options is not None:
        kept = tuple(pair for pair in kept if pair[0] in options)
    return replace(question, options=kept, evidence=evidence, parts=parts)


def check_answer(code: str, value: str) -> str | None:
    """Return what is wrong with an answer, or ``None``."""
    question = QUESTIONS.get(code)
    if question is None:
        return f"no such question; known: {', '.join(QUESTIONS)}"
    if code == "MAPPING":
        return None if mapping_answer(value) else "a mapping is role=column;role=column …"
    if code == "TRANSPLANT_COLUMNS":
        return None if value else "answer all, or the header of the column that is meant"
    options = dict(question.options)
    if code == "DATE_ORDER_INCONSISTENT" and value not in options:
        parts = part_answers(value)
        good = bool(parts) and all(order in options for order in parts.values())
        return None if good else "answer dmy, mdy or ymd for each part: NAME=dmy;NAME=mdy"
    return None if value in options else f"answers are {', '.join(options)}"


def part_answers(value: str) -> dict[str, str]:
    """Return the answers for each part: ``"A=dmy;B=mdy"`` or a JSON object."""
    return _pairs(value)


def mapping_answer(value: str) -> dict[str, str]:
    """Return columns by role from ``"patient=ID;visit_date=Datum"`` or a JSON object."""
    return _pairs(value)


def _pairs(value: str) -> dict[str, str]:
    try:
        loaded = json.loads(value)
    except (ValueError, RecursionError):
        loaded = None
    if isinstance(loaded, dict):
        return {str(name): str(said) for name, said in loaded.items()}
    pairs = {}
    for part in value.replace(",", ";").split(";"):
        name, equals, said = part.partition("=" if "=" in part else ":")
        if equals and name.strip() and said.strip():
            pairs[name.strip()] = said.strip()
    return pairs
