"""The library of published results as a CSV file that can be read back."""

from __future__ import annotations

import csv
import io
from typing import Literal

from data.published_values import (
    RESPONDER_COLUMNS,
    SLOPE_COLUMNS,
    Library,
    Printed,
    PublishedResponders,
    PublishedSlope,
    Source,
)
from report.tables import cell_text

Kind = Literal["slopes", "responders"]


def library_csv(library: Library, kind: Kind) -> str:
    """Return one table of the library, numbers as printed; no cell is a formula.

    Parameters
    ----------
    library
        Published results.
    kind
        Which table.
    """
    columns = SLOPE_COLUMNS if kind == "slopes" else RESPONDER_COLUMNS
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    rows = library.slopes if kind == "slopes" else library.responders
    for row in rows:
        cells = _source(row.source) | (
            _slope(row) if isinstance(row, PublishedSlope) else _responders(row)
        )
        writer.writerow([_safe(cells[name]) for name in columns])
    return buffer.getvalue()


def _source(source: Source) -> dict[str, str]:
    return {
        "study": source.study,
        "year": str(source.year),
        "doi": source.doi,
        "arm": source.arm,
        "n": "" if source.n is None else str(source.n),
        "treated": "yes" if source.treated else "no",
        "endpoint": source.endpoint,
        "design": source.design,
        "periods": source.periods,
        "population": source.population,
        "note": source.note,
    }


def _slope(row: PublishedSlope) -> dict[str, str]:
    printed: dict[str, Printed] = {
        "pre_mean": row.pre_mean,
        "pre_sd": row.pre_sd,
        "post_mean": row.post_mean,
        "post_sd": row.post_sd,
        "change_mean": row.change_mean,
        "change_sd": row.change_sd,
        "pre_months": row.pre_months,
        "post_months": row.post_months,
    }
    words = {"unit": row.unit, "measure": row.measure, "p": row.p, "test": row.test}
    return words | {name: number.text for name, number in printed.items()}


def _responders(row: PublishedResponders) -> dict[str, str]:
    return {"rule": row.rule, "window": row.window, "responders": row.share.text}


def _safe(text: str) -> str:
    """Return a number as it is, and a text so that no spreadsheet computes it."""
    try:
        float(text)
    except ValueError:
        return cell_text(text)
    return text
