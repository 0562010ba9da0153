"""HTML tables, often saved under the name .xls: read without network, scripts or entities."""

from __future__ import annotations

from typing import Final

import lxml.etree  # type: ignore[import-untyped]
import lxml.html  # type: ignore[import-untyped]

from data.files import UploadedFile, refuse
from data.formats.encodings import decode
from data.formats.refusals import MAX_COLUMNS, check_table, too_many_columns, unsafe_xml
from data.table import MergedRange, Sheet, sheet_of_rows

_MAX_SPAN: Final = 1_000


def read_html(file: UploadedFile) -> list[Sheet]:
    """Return every table of a web page that holds no other table.

    Raises
    ------
    RefusedFile
        If the page has no table, or defines entities.
    """
    text = decode(file)
    if "<!entity" in text[:100_000].casefold():
        raise unsafe_xml(file)
    # Decoded here, so that a wrong declaration of the encoding in the page does no harm.
    parser = lxml.html.HTMLParser(
        no_network=True, remove_comments=True, huge_tree=False, encoding="utf-8"
    )
    try:
        root = lxml.html.document_fromstring(text.encode("utf-8"), parser=parser)
    except (lxml.etree.LxmlError, ValueError, AssertionError):
        root = None
    tables = [] if root is None else [t for t in root.iter("table") if t.find(".//table") is None]
    sheets = [_sheet(file, table) for table in tables]
    sheets = [sheet for sheet in sheets if len(sheet)]
    if sheets:
        return sheets
    by_name = file.name.casefold().endswith((".xls", ".xlsx", ".xlsm"))
    raise refuse(
        file,
        "HTML_AS_XLS" if by_name else "NOT_A_SPREADSHEET",
        "This is a web page without a table in it, not a workbook.",
        "Open it in a spreadsheet and save it as .xlsx, or export the visits again.",
    )


def _sheet(file: UploadedFile, table: lxml.html.HtmlElement) -> Sheet:
    rows: list[list[str]] = []
    merged: list[MergedRange] = []
    taken: set[tuple[int, int]] = set()
    for r, row in enumerate(table.iter("tr")):
        texts: list[str] = []
        for cell in row.iter("td", "th"):
            while (r, len(texts)) in taken:
                texts.append("")
            wide, high = _span(cell, "colspan"), _span(cell, "rowspan")
            c = len(texts)
            if wide > 1 or high > 1:
                merged.append((r, c, r + high - 1, c + wide - 1))
                taken.update(
                    (below, c + at) for below in range(r + 1, r + high) for at in range(wide)
                )
            texts.append(" ".join(cell.text_content().split()))
            texts.extend([""] * (wide - 1))
            if len(texts) > MAX_COLUMNS:
                raise too_many_columns(file, len(texts))
        rows.append(texts)
    check_table(file, len(rows), max(map(len, rows), default=0))
    return sheet_of_rows(file.name, "", rows, merged=merged)


def _span(cell: lxml.html.HtmlElement, name: str) -> int:
    text = cell.get(name, "1").strip()
    return min(max(1, int(text)), _MAX_SPAN) if text.isdecimal() and len(text) < 6 else 1
