"""One word of the screen and its explanation."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Term:
    """One statistic or word of the trade.

    Parameters
    ----------
    name
        As the pages call it.
    line
        What it tells the reader, one sentence or two.
    document, anchor
        Where its formula, source and edge cases stand, as in :mod:`report.handbook`.
    """

    name: str
    line: str
    document: str = "methods"
    anchor: str = ""
