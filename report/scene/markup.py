"""Plotly's small markup and colours as plain values."""

from __future__ import annotations

import html
import re
from typing import Final

from report.scene.model import Fill, Run

_TAG: Final = re.compile(r"<(/?)(b|i|span|br)\b([^>]*?)/?>")
_COLOR: Final = re.compile(r"color:\s*(#[0-9A-Fa-f]{6})")
_RGBA: Final = re.compile(r"rgba?\(\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*(?:,\s*([\d.]+)\s*)?\)")
_HEX: Final = re.compile(r"#[0-9A-Fa-f]{6}")


def runs_of(text: str, color: str) -> tuple[tuple[Run, ...], ...]:
    """Return the lines of a text with markup; ``color`` is that of letters without their own."""
    lines: list[list[Run]] = [[]]
    bold, colors, last = 0, [color], 0

    def add(raw: str) -> None:
        if raw:
            lines[-1].append(Run(html.unescape(raw), bold > 0, colors[-1]))

    for match in _TAG.finditer(text):
        add(text[last : match.start()])
        last = match.end()
        closing, name, rest = bool(match[1]), match[2], match[3]
        if name == "br":
            lines.append([])
        elif name == "b":
            bold += -1 if closing else 1
        elif name == "span" and closing:
            colors = colors[:-1] or [color]
        elif name == "span":
            own = _COLOR.search(rest)
            colors.append(own[1] if own else colors[-1])
    add(text[last:])
    return tuple(tuple(line) for line in lines)


def fill_of(color: object) -> Fill | None:
    """Return a colour as plotly writes it; ``None`` for one that covers nothing."""
    text = str(color or "").strip()
    if _HEX.fullmatch(text):
        return Fill(text.upper())
    match = _RGBA.fullmatch(text)
    if match is None:
        return None
    red, green, blue = (int(match[k]) for k in (1, 2, 3))
    opacity = float(match[4]) if match[4] else 1.0
    return Fill(f"#{red:02X}{green:02X}{blue:02X}", opacity) if opacity > 0 else None


def solid(color: object, default: str) -> str:
    """Return a colour without its opacity."""
    found = fill_of(color)
    return found.color if found else default
