"""A file as the user gave it, and why one may be refused."""

from __future__ import annotations

from dataclasses import dataclass

from data.findings import Finding


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """The bytes of one file and the name that the user gave it."""

    name: str
    content: bytes


class RefusedFile(Exception):
    """A file that cannot be read at all; carries the finding that says why."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.sentence())
        self.finding = finding


def refuse(file: UploadedFile, code: str, text: str, next_step: str) -> RefusedFile:
    """Return the refusal of one file, ready to be raised."""
    return RefusedFile(Finding(code, "error", text, next_step, file=file.name))
