"""Limits on what is read, and the refusals that several formats share."""

from __future__ import annotations

from typing import Final

from data.files import RefusedFile, UploadedFile, refuse

MAX_FILE_BYTES: Final = 50 * 1024 * 1024
MAX_EXPANDED_BYTES: Final = 200 * 1024 * 1024
MAX_RATIO: Final = 200
RATIO_FROM_BYTES: Final = 1024 * 1024
"""Below this size a high ratio does no harm: a nearly empty workbook packs very well."""
MAX_MEMBERS: Final = 2_000
MAX_COLUMNS: Final = 2_000
MAX_SHEETS: Final = 300
MAX_SHEET_ROWS: Final = 300_000
MAX_SHEET_CELLS: Final = 5_000_000
MAX_ROWS: Final = 3_000_000
MAX_CELLS: Final = 40_000_000
MAX_FIELD: Final = 1_000_000


def damaged(file: UploadedFile, kind: str = "workbook") -> RefusedFile:
    """Return the refusal of a file that is broken inside."""
    return refuse(
        file,
        "CORRUPT",
        f"The {kind} is damaged or incomplete.",
        "Open it in the program that made it and save it again, for example as .xlsx or .csv.",
    )


def encrypted(file: UploadedFile, kind: str = "workbook") -> RefusedFile:
    """Return the refusal of a file behind a password."""
    return refuse(
        file,
        "ENCRYPTED",
        f"The {kind} is protected by a password.",
        "Open it, remove the password, and save it again.",
    )


def unsafe_xml(file: UploadedFile) -> RefusedFile:
    """Return the refusal of XML that defines entities or a document type."""
    return refuse(
        file,
        "UNSAFE_XML",
        "The file holds XML definitions that no table needs and that can do harm.",
        "Open it in a spreadsheet and save it again as .xlsx or .csv.",
    )


def too_large_unpacked(file: UploadedFile) -> RefusedFile:
    """Return the refusal of an archive or workbook that unpacks to too much."""
    return refuse(
        file,
        "TOO_LARGE_UNCOMPRESSED",
        "Unpacked, the file is far larger than a table of visits can be.",
        "Leave out the sheets and columns that are not about visits.",
    )


def too_large_dimensions(file: UploadedFile, what: str, most: int) -> RefusedFile:
    """Return the refusal of a table with too many rows, cells or sheets."""
    return refuse(
        file,
        "TOO_LARGE_DIMENSIONS",
        f"The file has more than {most:,} {what}.",
        "Copy what is about patients and visits into a new file.",
    )


def too_many_columns(file: UploadedFile, width: int) -> RefusedFile:
    """Return the refusal of a table that is too wide."""
    return refuse(
        file,
        "TOO_MANY_COLUMNS",
        f"The table has {width:,} columns; at most {MAX_COLUMNS:,} can be read.",
        "Keep the columns about patients and visits.",
    )


def field_too_large(file: UploadedFile) -> RefusedFile:
    """Return the refusal of a table with an endless cell."""
    return refuse(
        file,
        "FIELD_TOO_LARGE",
        "One cell holds more than one million characters.",
        "Look for a long note or an unclosed quotation mark, and shorten or close it.",
    )


def check_table(file: UploadedFile, rows: int, columns: int) -> None:
    """Check the size of a table that is not a workbook's.

    Raises
    ------
    RefusedFile
        If it has too many rows, columns or cells.
    """
    if columns > MAX_COLUMNS:
        raise too_many_columns(file, columns)
    if rows > MAX_ROWS:
        raise too_large_dimensions(file, "rows", MAX_ROWS)
    if rows * columns > MAX_CELLS:
        raise too_large_dimensions(file, "cells", MAX_CELLS)
