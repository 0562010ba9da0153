"""The documents of the project as a reader at the screen opens them: by section, with links."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache
from itertools import takewhile
from pathlib import Path
from types import MappingProxyType
from typing import Final

FOLDER: Final = Path(__file__).resolve().parents[1] / "docs"

DOCUMENTS: Final = MappingProxyType(
    {
        "methods": "Methods: slopes, tests, cards",
        "methods-one-patient": "Methods: one patient",
        "methods-responders": "Methods: responders",
        "methods-mixed-model": "Methods: mixed model",
        "methods-population-model": "Methods: population-averaged model",
        "methods-diagnostics": "Methods: checks",
        "methods-groups-and-tables": "Methods: groups, stages, tables",
        "methods-staging": "Methods: stages, FT9, ΔFS",
        "methods-survival": "Methods: survival",
        "methods-fvc-litres": "Methods: FVC from litres",
        "untreated": "Untreated trials",
        "untreated-validation": "Untreated trials: validation",
        "untreated-verdicts": "Untreated trials: verdicts",
        "planning": "Planning a trial",
        "what-if": "What-if",
        "placebo-dates": "Placebo dates",
        "dropouts": "Dropouts",
        "published": "Published",
        "present": "Present",
        "data-formats": "Data formats, questions, messages",
        "calibration": "Calibration of the tests",
        "security": "Security",
    }
)
"""The documents that the screen offers, by file stem, in the order of their list."""

_HEADING: Final = re.compile(r"(#{1,6}) +(.+?) *#*$")
_FENCE: Final = re.compile(r" {0,3}(```|~~~)")
_LINK: Final = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")
_FAR: Final = re.compile(r"[a-z]+:", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Section:
    """One heading of a document with the text up to the next one.

    Parameters
    ----------
    level
        1 for the title of the document.
    title
        The heading, in markdown.
    anchor
        What links to the heading end in, the same as on GitHub.
    text
        Markdown, with links that work from the page on which it is shown.
    """

    level: int
    title: str
    anchor: str
    text: str


def slug(heading: str) -> str:
    """Return the anchor that GitHub gives a heading."""
    plain = re.sub(r"[*`]|\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
    return re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")


def address(document: str, anchor: str = "") -> str:
    """Return the end of the address that opens a document, or one section of it."""
    return f"?doc={place(document, anchor)}"


def place(document: str, anchor: str = "") -> str:
    """Return how a link writes a document, or one section of it.

    Not with a number sign: Streamlit drops what follows it when it writes the address anew.
    """
    return f"{document}:{anchor}" if anchor else document


def known_place(text: str) -> str:
    """Return ``text`` if it is the place of a document and section that exist, else nothing."""
    document, _, anchor = text.partition(":")
    if document not in DOCUMENTS or not FOLDER.is_dir():
        return ""
    return text if not anchor or part(document, anchor) else document


@cache
def sections(document: str) -> tuple[Section, ...]:
    """Return a document of ``DOCUMENTS`` by its headings, without files that are not here.

    Raises
    ------
    KeyError
        If the document is not offered.
    FileNotFoundError
        If this copy of ALSlope came without its documents.
    """
    if document not in DOCUMENTS:
        raise KeyError(document)
    found: list[tuple[int, str, list[str]]] = []
    fenced = False
    for line in (FOLDER / f"{document}.md").read_text("utf-8").splitlines():
        fenced ^= bool(_FENCE.match(line))
        heading = None if fenced else _HEADING.match(line)
        if heading:
            found.append((len(heading[1]), heading[2], []))
        elif found:
            found[-1][2].append(line)
    made: list[Section] = []
    for level, title, lines in found:
        same = sum(slug(other.title) == slug(title) for other in made)
        anchor = f"{slug(title)}-{same}" if same else slug(title)
        made.append(Section(level, title, anchor, _LINK.sub(_shown, "\n".join(lines)).strip()))
    return tuple(made)


def part(document: str, anchor: str = "") -> tuple[Section, ...]:
    """Return one section of a document with those below it; without an anchor the whole.

    Links to other sections of the same document then lead there from here.
    """
    every = sections(document)
    if not anchor:
        return every
    start = next((at for at, one in enumerate(every) if one.anchor == anchor), None)
    if start is None:
        return ()
    below = takewhile(lambda one: one.level > every[start].level, every[start + 1 :])
    return tuple(
        replace(one, text=one.text.replace("](#", f"]({address(document)}:"))
        for one in (every[start], *below)
    )


def _shown(link: re.Match[str]) -> str:
    """Turn a link between files into one between pages; keep the words where there is no page."""
    picture, words, target = link.groups()
    path, _, anchor = target.partition("#")
    if picture:
        return f"*{words}*"
    if _FAR.match(target) or not path:
        return link[0]
    stem = path.removesuffix(".md")
    return f"[{words}]({address(stem, anchor)})" if stem in DOCUMENTS else words


def found_in(words: str, most: int = 20) -> tuple[tuple[str, Section], ...]:
    """Return the sections whose heading or text holds ``words``, headings first.

    Parameters
    ----------
    words
        What is looked for, whatever its case; all of it, in this order.
    most
        How many sections are returned.
    """
    wanted = words.strip().casefold()
    if not wanted:
        return ()
    every = [(name, one) for name in DOCUMENTS for one in sections(name)]
    hits = [pair for pair in every if wanted in f"{pair[1].title} {pair[1].text}".casefold()]
    return tuple(sorted(hits, key=lambda pair: wanted not in pair[1].title.casefold())[:most])
