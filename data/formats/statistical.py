"""Files of SPSS, Stata and SAS: columns have names and labels, and no row is a header.

A cell with a value label shows the label ("Female"), because the bare code means nothing to a
reader of tables. It shows its number where the labels only explain a scale: where a label begins
with the code itself ("3 - mild"), where most labels are numbers, or where less than half of the
values have one (an item from 0 to 48 whose ends alone are labelled).
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

import numpy as np
import pyreadstat

from data.files import UploadedFile
from data.formats.cells import value_text
from data.formats.refusals import MAX_FIELD, check_table, damaged, field_too_large
from data.table import IntArray, Sheet, TextColumn
from data.values import clean

_READERS: Final[Mapping[str, Any]] = {
    "sav": pyreadstat.read_sav,
    "por": pyreadstat.read_por,
    "dta": pyreadstat.read_dta,
    "xpt": pyreadstat.read_xport,
    "sas7bdat": pyreadstat.read_sas7bdat,
}
_SAS7BDAT: Final = bytes(12) + bytes.fromhex("c2ea8160b31411cfbd92080009c7318c181f1011")
_CHUNK_CELLS: Final = 5_000_000
_DAMAGE: Final = (
    pyreadstat.ReadstatError,
    pyreadstat.PyreadstatError,
    OSError,
    OverflowError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
)
_LEADING_NUMBER: Final = re.compile(r"\s*[-+]?\d+([.,]\d+)?")


def statistical_format(content: bytes) -> str:
    """Return the name of the format that the first bytes tell, empty for any other file."""
    if content.startswith((b"$FL2", b"$FL3")):
        return "sav"
    if content.startswith(b"HEADER RECORD*******LIB"):
        return "xpt"
    if content.startswith(_SAS7BDAT):
        return "sas7bdat"
    old_stata = len(content) > 109 and 104 <= content[0] <= 115 and content[1] in (1, 2)
    if content.startswith(b"<stata_dta>") or (old_stata and content[2] == 1 and not content[3]):
        return "dta"
    portable = content[:600].replace(b"\r", b"").replace(b"\n", b"")
    return "por" if b"SPSSPORT" in portable else ""


def read_statistical(file: UploadedFile, kind: str) -> list[Sheet]:
    """Return the table of one file of a statistics program.

    Parameters
    ----------
    kind
        What :func:`statistical_format` returned.

    Raises
    ------
    RefusedFile
        If it is damaged or too large.
    """
    read = _READERS[kind]
    try:
        _, about = read(io.BytesIO(file.content), metadataonly=True, output_format="dict")
        names = [str(name) for name in about.column_names]
        rows = about.number_rows
        check_table(file, rows or 0, len(names))
        columns = _columns(file, read, names, about, whole=kind == "por")
    except _DAMAGE:
        raise damaged(file, "file") from None
    count = len(columns[0]) if columns else 0
    labels = tuple(clean(label or "") for label in about.column_labels)
    return [
        Sheet(
            file.name,
            "",
            columns,
            np.arange(1, count + 1, dtype=np.int64),
            names=tuple(names),
            labels=labels,
        )
    ]


def _columns(
    file: UploadedFile, read: Any, names: list[str], about: Any, *, whole: bool
) -> tuple[TextColumn, ...]:
    """Read the rows in portions: the texts of a portion are encoded before the next is read."""
    step = max(1, _CHUNK_CELLS // max(1, len(names)))
    builders = [_ColumnBuilder(about.variable_value_labels.get(name, {})) for name in names]
    offset = 0
    while names:
        portion = {} if whole else {"row_limit": step, "row_offset": offset}
        data, _ = read(io.BytesIO(file.content), output_format="dict", **portion)
        count = len(data[names[0]])
        for name, builder in zip(names, builders, strict=True):
            builder.add(file, data[name])
        offset += count
        check_table(file, offset, len(names))
        if whole or count < step:
            break
    return tuple(builder.build() for builder in builders)


class _ColumnBuilder:
    """Encodes the values of one column, portion by portion."""

    def __init__(self, labels: Mapping[Any, str]) -> None:
        self._labels = labels
        self._place: dict[Any, int] = {}
        self._portions: list[IntArray] = []

    def add(self, file: UploadedFile, values: Sequence[Any]) -> None:
        place = self._place
        # A missing number is not equal to itself; as None it is one value and not millions.
        plain = [None if value != value else value for value in values]
        for value in dict.fromkeys(plain):
            if value not in place:
                if isinstance(value, str) and len(value) > MAX_FIELD:
                    raise field_too_large(file)
                place[value] = len(place)
        codes = np.fromiter(map(place.__getitem__, plain), dtype=np.int32, count=len(plain))
        self._portions.append(codes)  # type: ignore[arg-type]

    def build(self) -> TextColumn:
        labels = self._shown_labels()
        texts = tuple(clean(labels.get(value) or _text(value)) for value in self._place)
        codes = np.concatenate(self._portions).astype(np.int64)
        self._portions.clear()
        return TextColumn(codes, texts)

    def _shown_labels(self) -> Mapping[Any, str]:
        """Return the value labels if they are what the cells mean, else none."""
        values = [value for value in self._place if value not in (None, "")]
        labelled = [value for value in values if value in self._labels]
        if not labelled or 2 * len(labelled) < len(values):
            return {}
        numeric = sum(bool(_LEADING_NUMBER.fullmatch(str(self._labels[v]))) for v in labelled)
        leading = any(_leads(value, str(self._labels[value])) for value in labelled)
        return {} if leading or numeric >= 0.8 * len(labelled) else self._labels


def _leads(value: Any, label: str) -> bool:
    """Whether a label begins with the code that it explains."""
    match = _LEADING_NUMBER.match(label)
    if match is None or isinstance(value, str):
        return False
    return match[0].strip().replace(",", ".").lstrip("+") == _text(value)


def _text(value: Any) -> str:
    if isinstance(value, datetime | date):
        return value_text(value)
    return value_text(value.item() if isinstance(value, np.generic) else value)
