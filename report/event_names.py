"""What an event is called: in the words of the file, or by its kind."""

from __future__ import annotations

from analysis.events import LABELS, TRANSPLANT


def event_name(kind: str, label: str, *, cautious: bool) -> str:
    """Return what an event is called.

    Parameters
    ----------
    kind, label
        As in :class:`analysis.events.EventTable`.
    cautious
        For files that leave the room: the kind instead of the words of the file, which may be free.
    """
    if kind == TRANSPLANT or not cautious:
        return label
    return LABELS.get(kind, LABELS["other"])
