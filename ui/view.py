"""What one session looks at, as against what it computes, and how a link carries it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from data.endpoints import ENDPOINTS
from report.handbook import known_place

EVERY: Final = "both"
"""The value of the endpoint switch that shows every endpoint."""

FARTHEST_MONTH: Final = 60
"""The last month after day 0 for which the projected run-in can be read."""

_SWITCHES: Final = ("zoom", "everyone", "items", "middle")

IN_LINK: Final = ("show", "person", "with", "at", "doc", *_SWITCHES)
"""Parameters of a link that say what is looked at."""


@dataclass(frozen=True, slots=True)
class View:
    """What is looked at, as against what is computed.

    Parameters
    ----------
    show
        Endpoint switch: an endpoint's key, or ``EVERY``.
    patient
        Position of the chosen patient in the trial; ``None`` until one is chosen.
    zoom
        Whether value axes fit the data.
    everyone
        Whether the Patients page shows all patients instead of one.
    pinned
        Position of the patient to whom the chosen one is compared; ``None`` without one.
    items, middle
        Whether the figure of one patient shows items or domains, and the cohort's middle half.
    month
        Month for which the projected run-in is read; ``None`` for the last visit.
    value
        Row of ``Trial.measurements`` about which something is being decided.
    document
        The document, and its section, that is open on the Help page; empty on other pages.
    first_steps
        Whether the three first steps are shown: to who came without a link, until they are closed.
    """

    show: str = EVERY
    patient: int | None = None
    zoom: bool = False
    everyone: bool = False
    pinned: int | None = None
    items: bool = False
    middle: bool = False
    month: int | None = None
    value: int | None = None
    document: str = ""
    first_steps: bool = False

    def to_query(self, *, with_people: bool) -> dict[str, str]:
        """Return the parameters of a link to this view.

        Parameters
        ----------
        with_people
            Whether the chosen and the pinned patient enter, as positions; only bundled trials,
            whose people are made up, may tell whom somebody looked at.
        """
        query = {} if self.show == EVERY else {"show": self.show}
        query |= {name: "yes" for name in _SWITCHES if getattr(self, name)}
        if self.month is not None:
            query["at"] = str(self.month)
        if self.document:
            query["doc"] = self.document
        people = {"person": self.patient, "with": self.pinned}
        if with_people:
            query |= {name: str(at + 1) for name, at in people.items() if at is not None}
        return query


def view_of(looks: Mapping[str, str], n: int) -> View:
    """Read a link's view of a trial with ``n`` patients; nothing in a link is trusted.

    Parameters
    ----------
    looks
        The parameters of ``IN_LINK``, empty where the link does not carry them.
    n
        Patients of the trial: positions beyond the last one mean the last one.
    """

    def whole(text: str, most: int) -> int | None:
        small = text.isascii() and text.isdigit() and len(text) < 7
        return min(int(text), most) if small and int(text) else None

    person, pinned = whole(looks["person"], n), whole(looks["with"], n)
    return View(
        show=looks["show"] if looks["show"] in ENDPOINTS else EVERY,
        patient=None if person is None else person - 1,
        pinned=None if pinned is None else pinned - 1,
        month=whole(looks["at"], FARTHEST_MONTH),
        document=known_place(looks["doc"]),
        **{name: looks[name] == "yes" for name in _SWITCHES},
    )
