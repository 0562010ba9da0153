"""Reading dropped files: always in a child process, one for each file."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final, Protocol

import streamlit as st

from data.evidence import ColumnEvidence
from data.files import UploadedFile
from data.formats.sandbox import SheetReader
from data.privacy import under_safe_names
from data.reading import Reading, read_files
from data.recipe import TrialRecipe
from report.numbers import count
from ui import state

_MANY_ROWS: Final = 20_000
_LARGE_BYTES: Final = 1_000_000
_TEXT: Final = (".csv", ".tsv", ".txt", ".tab", ".dat")


class InField(Protocol):
    """A file as it lies in the drop field."""

    name: str

    def getvalue(self) -> bytes:
        """Return the bytes of the file."""


# The one cache that all sessions share: it holds idle processes that have seen no file.
@st.cache_resource(show_spinner=False, max_entries=1)
def sheet_reader() -> SheetReader:
    """Return the reader of this server, with a child process ready for the first file."""
    reader = SheetReader()
    reader.warm()
    return reader


def as_uploaded(files: Sequence[InField]) -> list[UploadedFile]:
    """Return the files under names that identify nobody and differ from each other."""
    return under_safe_names([UploadedFile(file.name, file.getvalue()) for file in files])


def digest(files: Sequence[UploadedFile]) -> str:
    """Return a text that is equal exactly for the same files."""
    made = hashlib.blake2b(digest_size=16)
    for file in files:
        made.update(f"{len(file.name)} {file.name} {len(file.content)} ".encode())
        made.update(file.content)
    return made.hexdigest()


def waiting_words(files: Sequence[UploadedFile]) -> str:
    """Say what is read, and that it takes a while where it does."""
    what = "the file" if len(files) == 1 else f"{len(files)} files"
    rows = sum(file.content.count(b"\n") for file in files if file.name.casefold().endswith(_TEXT))
    if rows > _MANY_ROWS:
        return f"Reading {what}: about {count(round(rows, -4), 'row')}, some seconds…"
    if sum(len(file.content) for file in files) > _LARGE_BYTES:
        return f"Reading {what}: large, some seconds…"
    return f"Reading {what} and checking every value…"


def read(files: Sequence[UploadedFile], recipe: TrialRecipe) -> Reading:
    """Read files as the command line does."""
    return read_files(files, recipe=recipe, opener=sheet_reader().read)


def read_as_before(files: Sequence[UploadedFile], known: state.Dropped) -> None:
    """Read dropped files, with columns taken as in earlier files of the same shape."""
    reading = read(files, known.recipe)
    recipe, as_before = known.recipe, known.as_before
    if not known.alone:
        for table, shape in shapes(reading.columns).items():
            before = state.remembered_mapping(shape)
            if before and table not in recipe.mapping:
                recipe = recipe.with_mapping(table, before)
                as_before = (*as_before, table)
    if recipe != known.recipe:
        reading = read(files, recipe)
    state.change_dropped(recipe=recipe, as_before=as_before)
    state.change_dropped(reading=reading)


def shapes(columns: Sequence[ColumnEvidence]) -> dict[str, tuple[str, ...]]:
    """Return the headers of each table: what makes two files alike."""
    result: dict[str, list[str]] = {}
    for column in columns:
        result.setdefault(column.table, []).append(column.header)
    return {table: tuple(headers) for table, headers in result.items()}
