"""What a figure, a table or a sentence is before anything draws it."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass

import pandas as pd
import plotly.graph_objects as go

from report.charts.parts import Frame, Names
from report.look import Look

PRINT_WIDTH = 900


@dataclass(frozen=True, slots=True)
class Spot:
    """Which exhibit of a page something is, so that it can be made again from other data.

    Parameters
    ----------
    kind
        Name in the registry of exhibits.
    endpoint
        Key of its endpoint; empty where it shows all.
    patient
        Position of the patient whom it is about.
    """

    kind: str
    endpoint: str = ""
    patient: int | None = None

    @property
    def key(self) -> str:
        """A name for widgets and files."""
        parts = (self.kind, self.endpoint, "" if self.patient is None else str(self.patient + 1))
        return "-".join(part for part in parts if part)


@dataclass(frozen=True)
class Chart:
    """A figure before it is drawn.

    Parameters
    ----------
    name
        Stable name: widget key and file name of downloads.
    build
        Draws the figure in a look, with the names that patients have there.
    depends
        Everything that the figure rests on beside the look; the key under which it is kept.
    frame
        Title, subtitle and footer of downloads.
    alt
        Text alternative on the screen.
    numbers
        The numbers in the figure, for download.
    keep_zoom
        Text that changes when the reader's zoom should be forgotten.
    print_width
        Width of downloads in pixels.
    file_name
        Name of saved files, where it is not ``name``.
    saves
        Whether there is anything worth saving in it.
    min_width
        Width in pixels below which it is scrolled sideways; 0 for a figure that fits any screen.
    spot
        Which exhibit it is; ``None`` for one that no presentation can hold.
    alt_of_file
        Text alternative in files, where ``alt`` names patients as the file that was read does.
    """

    name: str
    build: Callable[[Look, Names], go.Figure]
    depends: Hashable
    frame: Frame
    alt: str
    numbers: Callable[[Names], pd.DataFrame]
    keep_zoom: str = ""
    print_width: int = PRINT_WIDTH
    saves: bool = True
    file_name: str = ""
    min_width: int = 0
    spot: Spot | None = None
    alt_of_file: str = ""

    @property
    def said(self) -> str:
        """The text alternative for files: nobody is named in it."""
        return self.alt_of_file or self.alt


@dataclass(frozen=True)
class Table:
    """A table with its title.

    Parameters
    ----------
    name
        File name and name of the sheet.
    title
        What it shows.
    cells
        As it is shown, with the names that patients have there.
    untreated
        What untreated trials with this run-in look like, if it shows the result.
    spot
        Which exhibit it is.
    """

    name: str
    title: str
    cells: Callable[[Names], pd.DataFrame]
    untreated: str = ""
    spot: Spot | None = None


@dataclass(frozen=True)
class Sentences:
    """Words that a text can carry.

    Parameters
    ----------
    name, title
        As of a table.
    lines
        Paragraphs, with the names that patients have there.
    spot
        Which exhibit it is.
    """

    name: str
    title: str
    lines: Callable[[Names], tuple[str, ...]]
    spot: Spot | None = None


Exhibit = Chart | Table | Sentences
