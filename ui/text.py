"""Text from data on its way into markdown."""

from __future__ import annotations

import re
from typing import Final

_JOINER: Final = "\u2060"
_SIGN: Final = re.compile(r"([^\w\s])")
_REPLACED_LATER: Final = re.compile(
    r"<-|->|--|[<>~]=|:[\w/+-]+[:\[]|www\.|://|\w@\w", re.IGNORECASE
)
_MARKUP: Final = re.compile(r"([\\`*_{}\[\]()#+\-.!|~$:<>&])")


def inert(text: str) -> str:
    """Return ``text`` so that markdown shows it letter by letter, on one line.

    Escapes alone do not stop arrows, icons and links, which are looked for after the escapes are
    resolved; where a text could hold one, invisible joiners part its signs.
    """
    flat = " ".join(text.split())
    if _REPLACED_LATER.search(flat):
        flat = _SIGN.sub(f"{_JOINER}\\1{_JOINER}", flat)
    return _MARKUP.sub(r"\\\1", flat)
