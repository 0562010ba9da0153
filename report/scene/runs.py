"""The unbroken parts of a series."""

from __future__ import annotations

from report.scene.model import Point, Series


def polylines(series: Series) -> list[list[Point]]:
    """Return the runs of points between gaps, in data coordinates; empty runs are left out."""
    runs: list[list[Point]] = [[]]
    for x, y in zip(series.x, series.y, strict=True):
        if x is None or y is None:
            runs.append([])
        else:
            runs[-1].append((x, y))
    return [run for run in runs if run]
