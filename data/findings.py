"""What was noticed while reading a file, each with its place and the next step."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Severity = Literal["info", "warning", "error"]

MAX_SHOWN_VALUE = 60


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing noticed while reading.

    Parameters
    ----------
    code
        Stable upper-case name, such as ``OUT_OF_RANGE``.
    severity
        ``error`` stops the loading, ``warning`` asks for a look, ``info`` tells.
    text
        One plain sentence: what was found.
    next_step
        One plain sentence: what the user can do, or what was done.
    file, sheet, row, column, value
        Where; ``row`` counts as the file does (the header is row 1), ``value`` is the text found,
        cut to 60 characters, and empty where it could identify a person.
    proposal
        What the cell could be read as instead (empty: as missing); ``None`` proposes nothing.
    """

    code: str
    severity: Severity
    text: str
    next_step: str = ""
    file: str = ""
    sheet: str = ""
    row: int | None = None
    column: str = ""
    value: str = ""
    proposal: str | None = None

    def __post_init__(self) -> None:
        if len(self.value) > MAX_SHOWN_VALUE:
            object.__setattr__(self, "value", self.value[:MAX_SHOWN_VALUE] + "…")

    @property
    def place(self) -> str:
        """The place in words: file, sheet, row and column, as far as known."""
        parts = [
            self.file,
            f"sheet {self.sheet}" if self.sheet else "",
            f"row {self.row}" if self.row is not None else "",
            f"column {self.column}" if self.column else "",
        ]
        return ", ".join(part for part in parts if part)

    def sentence(self) -> str:
        """The whole finding as one text: place, what was found, next step."""
        place = f"{self.place}: " if self.place else ""
        step = f" {self.next_step}" if self.next_step else ""
        return f"{place}{self.text}{step}"

    def to_json(self) -> dict[str, Any]:
        """Return the finding as a JSON object."""
        return asdict(self)
