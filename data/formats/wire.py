"""What the child process answers: a JSON header and plain numbers, checked before it is used.

The child has read an untrusted file and may be in its hands. Nothing that it sends is run or
unpickled; every size and every code is checked against limits first.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import numpy as np

from data.files import RefusedFile, UploadedFile
from data.findings import Finding
from data.formats.refusals import MAX_CELLS, MAX_COLUMNS, MAX_EXPANDED_BYTES, MAX_ROWS
from data.table import IntArray, Sheet, TextColumn

LENGTH: Final = struct.Struct("<Q")
MAX_HEADER: Final = 2 * MAX_EXPANDED_BYTES
MAX_SHEETS: Final = 2_000
MAX_CODE: Final = 60
MAX_TEXT: Final = 1_000
_WIDTHS: Final[dict[int, np.dtype[np.unsignedinteger[Any]]]] = {
    1: np.dtype("<u1"),
    2: np.dtype("<u2"),
    4: np.dtype("<u4"),
}
_EXACT: Final = 1 << 32


class InvalidAnswer(Exception):
    """The child's answer is not what an honest child sends."""


def encode_request(file: UploadedFile) -> Iterator[bytes]:
    """Give the bytes of a request: name and content, each behind its length."""
    for part in (file.name.encode("utf-8", "replace"), file.content):
        yield LENGTH.pack(len(part))
        yield part


def encode_sheets(sheets: Sequence[Sheet]) -> tuple[bytes, list[bytes]]:
    """Return the header of an answer and its arrays, in the order of the header."""
    arrays: list[bytes] = []
    described = []
    for sheet in sheets:
        columns = []
        numbers = sheet.row_numbers
        arrays.append(numbers.astype("<u4").tobytes())
        for column in sheet.columns:
            width = 1 if len(column.texts) <= 256 else 2 if len(column.texts) <= 65_536 else 4
            arrays.append(column.codes.astype(_WIDTHS[width]).tobytes())
            columns.append({"width": width, "texts": list(column.texts)})
        described.append(
            {
                "file": sheet.file,
                "name": sheet.name,
                "rows": len(sheet),
                "hidden": sheet.hidden,
                "merged": [list(merged) for merged in sheet.merged],
                "names": None if sheet.names is None else list(sheet.names),
                "labels": list(sheet.labels),
                "columns": columns,
            }
        )
    return _header({"sheets": described}), arrays


def encode_refusal(finding: Finding) -> bytes:
    """Return the header of an answer that refuses the file."""
    return _header({"refusal": finding.to_json()})


def _header(answer: dict[str, Any]) -> bytes:
    # Lone surrogates, which some damaged files hold, would not survive UTF-8: ASCII escapes do.
    return json.dumps(answer, separators=(",", ":")).encode("ascii")


class Answer:
    """Reads an answer from the child piece by piece.

    Parameters
    ----------
    file
        The file that was sent: refusals are about it or about a member of it.
    read
        Returns exactly so many bytes of the answer, or raises.
    """

    def __init__(self, file: UploadedFile, read: Callable[[int], bytes]) -> None:
        self._file = file
        self._read = read

    def sheets(self) -> list[Sheet]:
        """Return the sheets.

        Raises
        ------
        RefusedFile
            If the child refuses the file.
        InvalidAnswer
            If the answer breaks the rules.
        """
        (size,) = LENGTH.unpack(self._read(LENGTH.size))
        if size > MAX_HEADER:
            raise InvalidAnswer("header too long")
        try:
            answer = json.loads(self._read(size))
        except (ValueError, RecursionError):
            raise InvalidAnswer("header is no JSON") from None
        _require(isinstance(answer, dict), "header")
        if "refusal" in answer:
            raise RefusedFile(_finding(answer["refusal"], self._file))
        described: Any = answer.get("sheets")
        _require(isinstance(described, list) and len(described) <= MAX_SHEETS, "sheets")
        cells = 0
        for item in described:
            _require(isinstance(item, dict), "sheet")
            rows, columns = _size(item.get("rows"), MAX_ROWS), item.get("columns")
            _require(isinstance(columns, list) and len(columns) <= MAX_COLUMNS, "columns")
            cells += rows * len(columns)
            _require(cells <= 2 * MAX_CELLS, "cells")
        return [self._sheet(item) for item in described]

    def _sheet(self, item: dict[str, Any]) -> Sheet:
        rows = _size(item["rows"], MAX_ROWS)
        numbers = np.frombuffer(self._read(4 * rows), dtype="<u4").astype(np.int64)
        columns = tuple(self._column(column, rows) for column in item["columns"])
        names = None if item.get("names") is None else _texts(item["names"])
        _require(names is None or len(names) == len(columns), "names")
        labels = _texts(item.get("labels"))
        _require(len(labels) in (0, len(columns)), "labels")
        merged: Any = item.get("merged")
        _require(isinstance(merged, list), "merged")
        ranges = []
        for corner in merged:
            _require(isinstance(corner, list) and len(corner) == 4, "merged")
            r0, c0, r1, c1 = (_size(number, MAX_ROWS) for number in corner)
            _require(r0 <= r1 < rows and c0 <= c1 < len(columns), "merged")
            ranges.append((r0, c0, r1, c1))
        return Sheet(
            _text(item.get("file")),
            _text(item.get("name")),
            columns,
            numbers,
            item.get("hidden") is True,
            tuple(ranges),
            names,
            labels,
        )

    def _column(self, column: Any, rows: int) -> TextColumn:
        _require(isinstance(column, dict) and column.get("width") in (1, 2, 4), "column")
        texts = _texts(column.get("texts"))
        dtype = _WIDTHS[int(column["width"])]
        codes: IntArray = np.frombuffer(self._read(rows * dtype.itemsize), dtype=dtype).astype(
            np.int64
        )
        _require(not rows or int(codes.max()) < len(texts), "code")
        return TextColumn(codes, texts)


def _require(condition: bool, what: str) -> None:
    if not condition:
        raise InvalidAnswer(what)


def _size(number: Any, most: int) -> int:
    _require(isinstance(number, int) and not isinstance(number, bool), "number")
    _require(0 <= number <= most, "number")
    return int(number)


def _text(text: Any) -> str:
    _require(isinstance(text, str), "text")
    return str(text)


def _texts(texts: Any) -> tuple[str, ...]:
    _require(isinstance(texts, list) and all(type(text) is str for text in texts), "texts")
    return tuple(texts)


def _finding(item: Any, file: UploadedFile) -> Finding:
    """Return a refusal from the child; only its words are taken, and those are cut short."""
    _require(isinstance(item, dict), "refusal")
    code, row = _text(item.get("code")), item.get("row")
    _require(code.replace("_", "").isalpha() and code.isupper() and len(code) <= MAX_CODE, "code")
    return Finding(
        code,
        "error",
        _text(item.get("text"))[:MAX_TEXT],
        _text(item.get("next_step"))[:MAX_TEXT],
        _text(item.get("file"))[:MAX_TEXT] or file.name,
        row=None if row is None else _size(row, _EXACT),
    )
