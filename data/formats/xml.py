"""Untrusted XML: read by events, with every definition of entities or types refused."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from typing import Any, Final
from xml.parsers import expat

from data.files import RefusedFile, UploadedFile
from data.formats.archive import ZIP_DAMAGE
from data.formats.refusals import damaged, unsafe_xml

_CHUNK: Final = 1 << 18
StartHandler = Callable[[str, dict[str, str]], None]


def local(name: str) -> str:
    """Return a name without its namespace prefix."""
    return name.rpartition(":")[2]


def parse_member(
    file: UploadedFile,
    archive: zipfile.ZipFile,
    name: str,
    start: StartHandler,
    end: Callable[[str], None],
    text: Callable[[str], None],
) -> None:
    """Read one member of a workbook by events.

    Parameters
    ----------
    start, end, text
        Called with names as they are written, with their prefixes.

    Raises
    ------
    RefusedFile
        If the member is missing, damaged or defines entities.
    """
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text

    def refuse_definitions(*_: Any) -> None:
        raise unsafe_xml(file)

    parser.StartDoctypeDeclHandler = refuse_definitions
    parser.EntityDeclHandler = refuse_definitions
    try:
        with archive.open(name) as stream:
            while chunk := stream.read(_CHUNK):
                parser.Parse(chunk, False)
        parser.Parse(b"", True)
    except RefusedFile:
        raise
    except (expat.ExpatError, *ZIP_DAMAGE):
        raise damaged(file) from None


def elements(
    file: UploadedFile, archive: zipfile.ZipFile, name: str
) -> list[tuple[str, dict[str, str]]]:
    """Return the elements of a small member in their order, without prefixes.

    Raises
    ------
    RefusedFile
        If the member is missing, damaged or defines entities.
    """
    found: list[tuple[str, dict[str, str]]] = []

    def start(tag: str, attributes: dict[str, str]) -> None:
        found.append((local(tag), {local(key): value for key, value in attributes.items()}))

    parse_member(file, archive, name, start, lambda _: None, lambda _: None)
    return found
