"""Archives: checked before anything is unpacked, read in memory, never extracted by name."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from pathlib import PurePosixPath
from typing import Final

from data.files import RefusedFile, UploadedFile, refuse
from data.formats.refusals import (
    MAX_EXPANDED_BYTES,
    MAX_MEMBERS,
    MAX_RATIO,
    RATIO_FROM_BYTES,
    damaged,
    encrypted,
    too_large_unpacked,
)

ZIP_DAMAGE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    OSError,
    RuntimeError,
    LookupError,
    ValueError,
)
"""What the standard library raises for archives that are broken or packed in a rare way."""
_ABSOLUTE: Final = re.compile(r"^(/|[A-Za-z]:)")
_ENCRYPTED_FLAG: Final = 0x1


def open_archive(file: UploadedFile, kind: str = "workbook") -> zipfile.ZipFile:
    """Open an archive after checking what its list of contents says.

    Raises
    ------
    RefusedFile
        If it is damaged, protected by a password, unpacks to too much or has unsafe names.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(file.content))
    except ZIP_DAMAGE:
        raise damaged(file, kind) from None
    members = archive.infolist()
    expanded = sum(member.file_size for member in members)
    if len(members) > MAX_MEMBERS:
        raise _unsafe(file, f"more than {MAX_MEMBERS:,} members")
    if any(_is_unsafe(member.filename) for member in members):
        raise _unsafe(file, "names that lead outside of it")
    if expanded > MAX_EXPANDED_BYTES or (
        expanded > RATIO_FROM_BYTES and expanded > MAX_RATIO * len(file.content)
    ):
        raise too_large_unpacked(file)
    if any(member.flag_bits & _ENCRYPTED_FLAG for member in members):
        raise encrypted(file, kind)
    return archive


def _is_unsafe(name: str) -> bool:
    plain = name.replace("\\", "/")
    return bool(_ABSOLUTE.match(plain)) or ".." in plain.split("/") or "\x00" in plain


def _unsafe(file: UploadedFile, what: str) -> RefusedFile:
    return refuse(
        file,
        "UNSAFE_ARCHIVE",
        f"The archive has {what}.",
        "Unpack it yourself and choose the tables one by one.",
    )


def read_member(file: UploadedFile, archive: zipfile.ZipFile, name: str) -> bytes:
    """Return the contents of one member.

    Raises
    ------
    RefusedFile
        If the member is missing or damaged.
    """
    try:
        return archive.read(name)
    except ZIP_DAMAGE:
        raise damaged(file) from None


def members_as_files(file: UploadedFile, archive: zipfile.ZipFile) -> list[UploadedFile]:
    """Return the tables of a plain archive as files of their own, by base name.

    Folders and what operating systems add are left out.

    Raises
    ------
    RefusedFile
        If a member is itself an archive that is no workbook, or damaged.
    """
    files = []
    for member in archive.infolist():
        path = PurePosixPath(member.filename.replace("\\", "/"))
        if member.is_dir() or "__MACOSX" in path.parts or path.name.startswith("."):
            continue
        if path.name.casefold() in ("thumbs.db", "desktop.ini"):
            continue
        try:
            content = archive.read(member)
        except ZIP_DAMAGE:
            raise damaged(file, "archive") from None
        if content.startswith((b"PK\x03\x04", b"PK\x05\x06")) and _is_plain_archive(content):
            raise _unsafe(file, "another archive inside")
        files.append(UploadedFile(path.name, content))
    return files


def _is_plain_archive(content: bytes) -> bool:
    """Whether bytes are an archive that is no office document."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as inner:
            names = inner.namelist()
    except ZIP_DAMAGE:
        return False
    return not any(name in ("[Content_Types].xml", "mimetype", "content.xml") for name in names)
