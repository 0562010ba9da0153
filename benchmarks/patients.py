"""How long the Patients page takes to repaint, by number of patients.

Run ``OPENBLAS_NUM_THREADS=1 python -m benchmarks.patients`` on an idle machine; the table is in the
docs. Sizes may follow, such as ``python -m benchmarks.patients 24 300``.

The trials are the bundled one that has every detail (items, events, stages, both scales of FVC),
repeated under new names until there are enough patients. Times are processor seconds of Python for
one run of the whole page, from the choice to the last element: sidebar, header, figures as JSON for
the screen and for print, CSV, and what Streamlit's test client does. The browser's own drawing is
not in them. "First" is what nothing is kept for yet, "again" a run in which nothing changed.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from streamlit.testing.v1 import AppTest

from data.examples import load_example
from data.trial import Trial

ROOT = Path(__file__).resolve().parents[1]
PAGE = "pages/patients.py"
SIZES = (24, 300, 12_000)
EXAMPLE = "every-detail"
TABS = ("Courses", "Small multiples", "Slope changes", "Follow-up", "Stages", "Survival")
STEPS = 5


def trial_of(patients: int) -> Trial:
    """Return the trial with every detail, repeated until it has this many patients."""
    one = load_example(EXAMPLE).trial
    copies = -(-patients // len(one.patient_ids))
    kept = {f"{k}-{name}" for k in range(copies) for name in one.patient_ids}
    if copies > 1:
        order = [f"{k}-{name}" for k in range(copies) for name in one.patient_ids]
        kept = set(order[:patients])

    def repeated(frame: pd.DataFrame) -> pd.DataFrame:
        many = pd.concat([frame] * copies, ignore_index=True)
        number = np.repeat(np.arange(copies), len(frame))
        many["patient"] = [f"{k}-{p}" for k, p in zip(number, many["patient"], strict=True)]
        return many[many["patient"].isin(kept)].reset_index(drop=True)

    return replace(
        one,
        patients_frame=repeated(one.patients_frame),
        measurements_frame=repeated(one.measurements_frame),
        events_frame=repeated(one.events_frame),
        items_frame=None if one.items_frame is None else repeated(one.items_frame),
        origin="upload",
        example_id="",
        title=f"{patients:,} patients",
    )


def opened(trial: Trial) -> AppTest:
    """Return the app on the Patients page with this trial open."""
    at = AppTest.from_file(ROOT / "app.py", default_timeout=600)
    at.query_params["trial"] = EXAMPLE
    at.run()
    at.session_state["alslope.trial"] = trial
    return at.switch_page(PAGE)


def seconds(at: AppTest, act: Callable[[], object] | None = None) -> float:
    """Return the processor time of one run of the page after ``act``.

    Raises
    ------
    RuntimeError
        If the page shows an exception.
    """
    if act is not None:
        act()
    started = time.process_time()
    at.run()
    taken = time.process_time() - started
    if at.exception:
        raise RuntimeError(at.exception[0].message)
    return taken


def measured(trial: Trial) -> dict[str, float]:
    """Return seconds of every kind of repaint."""
    at = opened(trial)
    times = {"one patient, first, with the comparison": seconds(at)}
    times["next patient"] = statistics.median(
        seconds(at, at.button(key="w.next").click) for _ in range(STEPS)
    )
    times["one patient, again"] = statistics.median(seconds(at) for _ in range(STEPS))
    everyone: Any = next(w for w in at.get("button_group") if getattr(w, "key", "") == "w.everyone")
    everyone.set_value(True)
    for tab in TABS:

        def choose(tab: str = tab) -> None:
            at.session_state["w.everyone_tab"] = tab

        times[f"{tab}, first"] = seconds(at, choose)
        times[f"{tab}, again"] = statistics.median(seconds(at) for _ in range(3))
    return times


def main() -> None:
    """Print one line a kind of repaint, one column a size."""
    sizes = tuple(int(text) for text in sys.argv[1:]) or SIZES
    columns = [measured(trial_of(patients)) for patients in sizes]
    print("Processor seconds.\n")
    print(f"| | {' | '.join(f'{patients:,}' for patients in sizes)} |")
    print(f"|{' --- |' * (len(sizes) + 1)}")
    for kind in columns[0]:
        print(f"| {kind} | {' | '.join(f'{times[kind]:.2f}' for times in columns)} |")


if __name__ == "__main__":
    main()
