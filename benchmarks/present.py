"""How long the files of a presentation take: 12 items, from data to bytes.

``python -m benchmarks.present`` prints a table for the docs, milliseconds, median of five runs.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

from analysis.opening import opening_settings
from analysis.settings import Settings
from data.examples import load_example
from report.presentation.basket import default_basket
from report.presentation.contents import contents_of
from report.presentation.figure_files import PRESETS, figures_zip
from report.presentation.html_file import html_text
from report.presentation.workbook import workbook_bytes
from report.slides.deck import deck_bytes

RUNS = 5


def milliseconds(work: Callable[[], object]) -> float:
    """Return the median time of some work; the first run warms."""
    work()
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        work()
        times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times)


def main() -> None:
    """Print the table."""
    print("| trial | patients | items | compute | PowerPoint | HTML | Excel | figures, PDF |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for name in ("after-shamsaei-2023", "every-detail", "after-oh-2018"):
        trial = load_example(name).trial
        settings = Settings.from_json(dict(opening_settings(trial)))[0]
        basket = default_basket(trial, settings)
        contents = contents_of(trial, settings, basket)
        times = [
            milliseconds(lambda t=trial, s=settings, b=basket: contents_of(t, s, b)),
            milliseconds(lambda c=contents: deck_bytes(c)),
            milliseconds(lambda c=contents: html_text(c)),
            milliseconds(lambda c=contents: workbook_bytes(c)),
            milliseconds(lambda c=contents: figures_zip(c, "pdf", PRESETS["double"])),
        ]
        cells = " | ".join(f"{value:,.0f}" for value in times)
        print(f"| {name} | {len(trial.patient_ids)} | {len(basket)} | {cells} |")


if __name__ == "__main__":
    main()
