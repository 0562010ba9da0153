"""Sheets that explain columns: data dictionaries and code books."""

from __future__ import annotations

import re
from typing import Final

from data import vocabulary as words
from data.table import Sheet

_NAMES_COLUMNS: Final = re.compile(
    r"(?:column|variable|field|item|header|code|abbreviation)s?(?: name)?|name|variablenname|spalte"
)
_EXPLAINS: Final = re.compile(
    r"(?:description|meaning|definition|explanation|what to fill in|coding|codes|allowed values"
    r"|permitted values|data type|beschreibung|bedeutung|توضیح|شرح)s?"
)


def is_dictionary(sheet: Sheet) -> bool:
    """Whether a sheet explains columns instead of holding values."""
    if sheet.names is not None:
        return False
    for at in range(min(3, len(sheet))):
        plain = [words.plain_words(text) for text in sheet.row(at) if text]
        names = any(_NAMES_COLUMNS.fullmatch(text) for text in plain)
        if names and any(_EXPLAINS.fullmatch(text) for text in plain):
            return True
    return False
