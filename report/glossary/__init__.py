"""What each number on the screen is, in one line, and where the documents say how it is made."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from report.glossary import others, slopes
from report.glossary.term import Term

__all__ = ["PAGES", "TABS", "Term", "every_term"]

PAGES: Final = MappingProxyType(
    {
        "Slopes": slopes.CARDS,
        "Patients": others.PATIENT,
        "Untreated": others.UNTREATED,
        "What-if": others.WHAT_IF,
        "Published": (slopes.CARDS[2], slopes.CARDS[3]),
    }
)
"""The terms that a page shows whatever its tab."""

TABS: Final = MappingProxyType(
    {
        ("Slopes", "Tests"): slopes.TESTS,
        ("Slopes", "Model"): slopes.MODEL,
        ("Slopes", "Responders"): slopes.RESPONDERS,
        ("Slopes", "Checks"): (*slopes.CHECKS, others.RELIABILITY, others.REGRESSION[0]),
        ("Slopes", "Groups"): slopes.GROUPS,
        ("Slopes", "Day 0"): slopes.DAY0,
        ("Slopes", "Course"): slopes.COURSE,
        ("Slopes", "Patients"): slopes.FLOW,
        ("Slopes", "Methods"): slopes.SENTENCES,
        ("Patients", "All patients"): others.EVERYBODY,
        ("Untreated", "Responders"): slopes.RESPONDERS[:2],
        ("Untreated", "Regression to the mean"): others.REGRESSION,
        ("Untreated", "Deceleration"): others.DECELERATION,
        ("Untreated", "Entry rule"): others.ENTRY,
        ("Untreated", "Planning"): others.PLANNING,
        ("Untreated", "Assumptions"): (others.UNTREATED[-1],),
        ("What-if", "Leave one out"): others.LEAVE_OUT,
        ("What-if", "Every analysis"): others.SPECIFICATION,
        ("What-if", "Placebo dates"): others.PLACEBO,
        ("What-if", "Dropouts"): others.DROPOUTS,
        ("What-if", "Other run-ins"): others.RUN_INS,
        ("Published", "This trial among the others"): others.LIBRARY,
        ("Published", "Do the printed numbers add up?"): others.PRINTED,
        ("Published", "From summary to picture"): others.PICTURE,
    }
)
"""The terms that a page shows on one of its tabs, by page and tab."""


def every_term() -> tuple[tuple[str, tuple[Term, ...]], ...]:
    """Return all terms by page, each once, in the order of the pages and their tabs."""
    known: set[Term] = set()
    made = []
    for page in PAGES:
        mine = [PAGES[page], *(terms for (of, _), terms in TABS.items() if of == page)]
        new = [term for terms in mine for term in terms if term not in known]
        new = list(dict.fromkeys(new))
        known.update(new)
        made.append((page, tuple(new)))
    return tuple(made)
