"""Text from data on its way into markdown."""

from __future__ import annotations

import re
from typing import Final

_MARKUP: Final = re.compile(r"([\\`*_{}\[\]()#+\-.!|~$:<>&])")


def inert(text: str) -> str:
    """Return ``text`` so that markdown shows it letter by letter, on one line."""
    return _MARKUP.sub(r"\\\1", " ".join(text.split()))
