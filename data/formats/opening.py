"""The gate: what a file is, by its first bytes and not by its name, and who reads it."""

from __future__ import annotations

import re
import zipfile
from typing import Final

from data.files import RefusedFile, UploadedFile, refuse
from data.formats.archive import members_as_files, open_archive, read_member
from data.formats.binary import read_calamine
from data.formats.html import read_html
from data.formats.opendocument import read_ods
from data.formats.refusals import MAX_FILE_BYTES, encrypted, unsafe_xml
from data.formats.statistical import read_statistical, statistical_format
from data.formats.text import read_text
from data.formats.workbook import read_xlsx
from data.table import Sheet

_EXPORT: Final = "Export the visits from their source as .csv or .xlsx."
_UNPACK: Final = "Unpack it and choose the table inside."
_OTHER: Final[tuple[tuple[bytes, str, str], ...]] = (
    (b"%PDF", "This is a PDF document, not a table.", _EXPORT),
    (b"\x89PNG", "This is a picture, not a table.", _EXPORT),
    (b"\xff\xd8\xff", "This is a picture, not a table.", _EXPORT),
    (b"GIF8", "This is a picture, not a table.", _EXPORT),
    (b"II*\x00", "This is a picture, not a table.", _EXPORT),
    (b"MM\x00*", "This is a picture, not a table.", _EXPORT),
    (b"{\\rtf", "This is a text document, not a table.", _EXPORT),
    (b"%!PS", "This is a printed document, not a table.", _EXPORT),
    (b"\x1f\x8b", "This is a packed file (gzip), not a table.", _UNPACK),
    (b"BZh", "This is a packed file (bzip2), not a table.", _UNPACK),
    (b"\xfd7zXZ", "This is a packed file (xz), not a table.", _UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "This is a packed file (7z), not a table.", _UNPACK),
    (b"Rar!", "This is a packed file (rar), not a table.", _UNPACK),
    (b"\x28\xb5\x2f\xfd", "This is a packed file (zstd), not a table.", _UNPACK),
    (b"\x7fELF", "This is a program, not a table.", _EXPORT),
    (b"\xcf\xfa\xed\xfe", "This is a program, not a table.", _EXPORT),
    (b"SQLite format 3\x00", "This is a database, not a table.", _EXPORT),
    (b"PAR1", "This is a Parquet file, which is not read here.", _EXPORT),
    (b"\x89HDF", "This is an HDF file, which is not read here.", _EXPORT),
    (b"RDX", "This is an R workspace, which is not read here.", _EXPORT),
)
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_HTML: Final = re.compile(r"<(!doctype\s+html|html|head|body|table|meta|style|div|title|center)\b")
_HEAD: Final = 4096
_PASSED_OVER: Final = ("NOT_A_SPREADSHEET", "UNSUPPORTED_FORMAT", "EMPTY", "NOT_TEXT")
"""Members of an archive with these refusals are not tables: the tables beside them are read."""


def read_sheets(file: UploadedFile) -> list[Sheet]:
    """Return every sheet of one file that has any cell.

    Parameters
    ----------
    file
        An archive of tables gives the sheets of all of them, under the names of its members.

    Raises
    ------
    RefusedFile
        If the file is empty, too large, damaged, encrypted, unsafe, or not a table in a known
        format.
    """
    if len(file.content) > MAX_FILE_BYTES:
        raise refuse(
            file,
            "TOO_LARGE_UNCOMPRESSED",
            f"The file has {len(file.content) / 2**20:,.0f} MB; at most 50 MB can be read.",
            "Leave out the sheets and columns that are not about visits.",
        )
    return _filled_sheets(file)


def _filled_sheets(file: UploadedFile) -> list[Sheet]:
    # Members of archives come here: what they unpack to has been checked for the whole archive.
    if not file.content.strip():
        raise _empty(file, "The file is empty.")
    sheets = [sheet for sheet in _sheets_of(file) if len(sheet)]
    if not sheets:
        raise _empty(file, "No sheet has any cell.")
    return sheets


def _empty(file: UploadedFile, text: str) -> RefusedFile:
    return refuse(file, "EMPTY", text, "Choose the file that holds the visits.")


def _sheets_of(file: UploadedFile) -> list[Sheet]:
    content = file.content
    if content.startswith(_ZIP):
        return _read_zip(file)
    if content.startswith(_OLE):
        return _read_ole(file)
    for magic, text, next_step in _OTHER:
        if content.startswith(magic):
            raise refuse(file, "NOT_A_SPREADSHEET", text, next_step)
    if content.startswith(b"MZ") and b"\x00" in content[:128]:
        raise refuse(file, "NOT_A_SPREADSHEET", "This is a program, not a table.", _EXPORT)
    kind = statistical_format(content)
    if kind:
        return read_statistical(file, kind)
    start = _start(content)
    if _HTML.match(start):
        return read_html(file)
    if start.startswith("<?xml") or start.startswith("<!doctype"):
        return _read_xml(file, start)
    if start.startswith("mime-version:"):
        raise refuse(
            file,
            "HTML_AS_XLS",
            "This is a web page with its pictures in one file, not a table.",
            "Open it in a spreadsheet and save it as .xlsx.",
        )
    if start.startswith(('{"', "[{", "[[", "{\n")):
        raise refuse(file, "UNSUPPORTED_FORMAT", "JSON is not read here.", _EXPORT)
    return [read_text(file)]


def _start(content: bytes) -> str:
    """Return the beginning of a text file in small letters, in whatever encoding."""
    head = content[:_HEAD]
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = head[: len(head) // 2 * 2].decode("utf-16", "replace")
    else:
        text = head.removeprefix(b"\xef\xbb\xbf").decode("latin-1")
    return text.lstrip().casefold()


def _read_xml(file: UploadedFile, start: str) -> list[Sheet]:
    if "<!entity" in start or ("<!doctype" in start and "<!doctype html" not in start):
        raise unsafe_xml(file)
    if "<html" in start:
        return read_html(file)
    raise refuse(
        file,
        "UNSUPPORTED_FORMAT",
        "This is an XML file, which is not read here.",
        "Open it in a spreadsheet and save it as .xlsx or .csv.",
    )


def _read_ole(file: UploadedFile) -> list[Sheet]:
    """Read an old binary office file: only an old Excel workbook is a table."""

    def holds(name: str) -> bool:
        return name.encode("utf-16-le") in file.content

    if holds("EncryptedPackage"):
        raise encrypted(file)
    if holds("Workbook") or holds("Book\x00"):
        return read_calamine(file)
    if holds("WordDocument") or holds("PowerPoint Document"):
        raise refuse(
            file, "NOT_A_SPREADSHEET", "This is a document or slides, not a table.", _EXPORT
        )
    raise refuse(
        file,
        "UNSUPPORTED_FORMAT",
        "This old office file is not an Excel workbook.",
        "Open it in the program that made it and save the table as .xlsx or .csv.",
    )


def _read_zip(file: UploadedFile) -> list[Sheet]:
    with open_archive(file, _kind_by_name(file)) as archive:
        names = {name.replace("\\", "/").casefold() for name in archive.namelist()}
        if "xl/workbook.bin" in names:
            return read_calamine(file)
        if any(re.fullmatch(r"xl/[^/]*workbook[^/]*\.xml|workbook\.xml", name) for name in names):
            return read_xlsx(file, archive)
        if "content.xml" in names or "mimetype" in names:
            return _read_opendocument(file, archive, names)
        if any(name.startswith(("word/", "ppt/", "visio/")) for name in names):
            raise refuse(
                file, "NOT_A_SPREADSHEET", "This is a document or slides, not a table.", _EXPORT
            )
        if any(name.endswith(".iwa") for name in names):
            raise refuse(
                file,
                "UNSUPPORTED_FORMAT",
                "Files of Numbers are not read here.",
                "Export the table from Numbers as .xlsx or .csv.",
            )
        return _read_members(file, archive)


def _kind_by_name(file: UploadedFile) -> str:
    return "archive" if file.name.casefold().endswith(".zip") else "workbook"


def _read_opendocument(
    file: UploadedFile, archive: zipfile.ZipFile, names: set[str]
) -> list[Sheet]:
    kind = read_member(file, archive, "mimetype") if "mimetype" in names else b""
    if kind and b"opendocument.spreadsheet" not in kind:
        raise refuse(file, "NOT_A_SPREADSHEET", "This is a document, not a table.", _EXPORT)
    if "meta-inf/manifest.xml" in names and b"encryption-data" in read_member(
        file, archive, "META-INF/manifest.xml"
    ):
        raise encrypted(file)
    return read_ods(file, archive)


def _read_members(file: UploadedFile, archive: zipfile.ZipFile) -> list[Sheet]:
    sheets: list[Sheet] = []
    passed: RefusedFile | None = None
    members = members_as_files(file, archive)
    for member in members:
        try:
            sheets.extend(_filled_sheets(member))
        except RefusedFile as refused:
            if refused.finding.code not in _PASSED_OVER:
                raise
            passed = refused
    if not sheets and passed is not None and len(members) == 1:
        raise passed
    if not sheets:
        raise refuse(
            file,
            "NOT_A_SPREADSHEET" if members else "EMPTY",
            "No file in this archive is a table." if members else "The archive is empty.",
            "Unpack it and choose the tables one by one.",
        )
    return sheets
