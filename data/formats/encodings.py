"""Which letters the bytes of a text file stand for.

Marks and strict UTF-8 decide almost always. For the older Windows encodings, letters are judged
by where they stand: Arabic and Persian words are whole words of such letters, German and French
ones have single letters among plain ones, and no word has a raised 3 in its middle. Statistical
guessers took a German file for Polish when this was measured, so none is asked.
"""

from __future__ import annotations

import re
from typing import Final

from data.files import RefusedFile, UploadedFile, refuse

_MARKS: Final = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_HEAD: Final = 8192
_RUNS: Final = re.compile(rb"[\x80-\xff]+")
_ARABIC: Final = re.compile("[\u0600-\u06ff\u200c\u200d\u200e\u200f]")
_CYRILLIC: Final = re.compile("[\u0400-\u04ff]")
_ODD: Final = re.compile(
    # A sign inside or at the head of a word, or a capital behind a small letter.
    r"(?<=[a-z])[\u00a1-\u00a9\u00ab-\u00b4\u00b6-\u00b9\u00bb-\u00bf\u00d7\u00f7](?=[a-z])"
    r"|(?<![A-Za-z])[\u00a3\u00a5\u00b9\u00b3\u00bc\u00be](?=[a-z]{2})"
    r"|(?<=[a-z])[\u00c0-\u00d6\u00d8-\u00de](?=[a-z])"
)
_CONTROL: Final = re.compile("[\x00-\x08\x0e-\x1f]")
_MOSTLY: Final = 0.9
_LONG_RUN: Final = 2.0
_WITHIN: Final = re.compile(rb"[A-Za-z][\x80-\xff]+|[\x80-\xff]+[A-Za-z]")
_SELDOM: Final = 0.2


def decode(file: UploadedFile) -> str:
    """Return the text of a file.

    Raises
    ------
    RefusedFile
        If the bytes are no text in any encoding that is known here.
    """
    content = file.content
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return _strictly(file, encoding)
    unmarked = _wide_encoding(content)
    if unmarked:
        return _strictly(file, unmarked)
    if b"\x00" in content:
        raise _not_text(file)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        pass
    text = content.decode(_narrow_encoding(content), "strict")
    if len(_CONTROL.findall(text[:_HEAD])) > len(text[:_HEAD]) / 100:
        raise _not_text(file)
    return text


def _not_text(file: UploadedFile) -> RefusedFile:
    return refuse(
        file,
        "NOT_TEXT",
        "The file is neither a workbook nor readable text.",
        "Save it as .xlsx, or as .csv in the encoding UTF-8.",
    )


def _strictly(file: UploadedFile, encoding: str) -> str:
    try:
        return file.content.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError:
        raise _not_text(file) from None


def _wide_encoding(content: bytes) -> str:
    """Return UTF-16 or UTF-32 without a mark, told by where the zero bytes are.

    Delimiters, digits and line ends have zero bytes in every script.
    """
    head = content[: min(_HEAD, len(content) // 4 * 4)]
    if not head or b"\x00" not in head:
        return ""
    zeros = [head[at::4].count(0) / (len(head) / 4) for at in range(4)]
    if zeros[2] > _MOSTLY and zeros[3] > _MOSTLY and zeros[0] < 0.1:
        return "utf-32-le"
    if zeros[0] > _MOSTLY and zeros[1] > _MOSTLY and zeros[3] < 0.1:
        return "utf-32-be"
    even, odd = zeros[0] + zeros[2], zeros[1] + zeros[3]
    if odd > 0.4 and even < 0.02:
        return "utf-16-le"
    if even > 0.4 and odd < 0.02:
        return "utf-16-be"
    return ""


def _narrow_encoding(content: bytes) -> str:
    """Return the Windows encoding under which the letters make the most plausible words."""
    runs = _RUNS.findall(content)
    joined = b"".join(runs)
    mean_run = len(joined) / len(runs)
    within_words = len(_WITHIN.findall(content)) / len(runs)
    if mean_run >= _LONG_RUN and within_words < _SELDOM:
        for encoding, script in (("cp1256", _ARABIC), ("cp1251", _CYRILLIC)):
            letters = joined.decode(encoding, "replace")
            if len(script.findall(letters)) >= _MOSTLY * len(letters):
                return encoding
    odd: dict[str, int] = {}
    for encoding in ("cp1252", "cp1250"):
        try:
            odd[encoding] = len(_ODD.findall(content.decode(encoding)))
        except UnicodeDecodeError:
            continue
    # Between equals the first is the more common; latin-1 knows every byte and is the last resort.
    return min(odd, key=lambda encoding: odd[encoding]) if odd else "latin-1"
