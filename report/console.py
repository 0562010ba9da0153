"""Tables as lines of text, for a terminal."""

from __future__ import annotations

import pandas as pd


def table_lines(table: pd.DataFrame) -> list[str]:
    """Return a table as indented lines with aligned columns; one without rows as nothing."""
    if not len(table):
        return []
    cells = [[str(name) for name in table.columns], *table.astype(str).to_numpy().tolist()]
    widths = [max(len(row[k]) for row in cells) for k in range(len(cells[0]))]
    padded = ("  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) for row in cells)
    return [f"  {line.rstrip()}" for line in padded]
