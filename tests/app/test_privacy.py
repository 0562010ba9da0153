"""What a session knows of a trial: no other session has it, and "Clear data" leaves none of it."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest

from analysis.comparison import Comparison
from data.trial import Trial
from tests.app.driver import (
    PATIENTS,
    PRESENT,
    PUBLISHED,
    TRIAL,
    UNTREATED,
    WHAT_IF,
    drop,
    go_to,
    healthy,
    loaded,
    opened,
    press,
    text_of,
    trial_csv,
)

pytestmark = pytest.mark.slow

PLANTED = "PLANTED77X"
NAMES = [f"{PLANTED}{number}" for number in range(8)]


def alive() -> Iterator[str]:
    """Yield the kind of everything in this process that holds a planted name."""
    gc.collect()
    for one in gc.get_objects():
        if isinstance(one, Trial) and any(PLANTED in name for name in one.patient_ids):
            yield "Trial"
        elif isinstance(one, Comparison) and any(PLANTED in name for name in one.patient_ids):
            yield "Comparison"
        elif isinstance(one, pd.DataFrame) and _in_frame(one):
            yield "DataFrame"
        elif isinstance(one, (bytes, bytearray)) and PLANTED.encode() in one:
            yield "bytes"
        elif isinstance(one, (dict, list, tuple)) and _in_container(one):
            yield type(one).__name__


def _in_frame(frame: pd.DataFrame) -> bool:
    texts = [frame[c] for c in frame.columns if not pd.api.types.is_numeric_dtype(frame[c].dtype)]
    return any(PLANTED in str(value) for column in texts for value in column.head(50))


def _in_container(one: Any) -> bool:
    values = one.values() if isinstance(one, dict) else one
    if one is NAMES or len(one) > 10_000:
        return False
    return any(
        (isinstance(v, str) and PLANTED in v and v != PLANTED)
        or (isinstance(v, bytes) and PLANTED.encode() in v)
        for v in list(values)
    )


def reachable(start: Any) -> Iterator[Any]:
    """Yield every object that can be reached from one, modules, classes and code left out."""
    seen: set[int] = set()
    waiting = [start]
    while waiting:
        one = waiting.pop()
        if id(one) in seen or isinstance(one, (type, type(sys), type(reachable))):
            continue
        seen.add(id(one))
        yield one
        waiting += gc.get_referents(one)


def everywhere(at: Any) -> None:
    """Look at every page, so that everything is computed and drawn once."""
    for page in (PATIENTS, WHAT_IF, UNTREATED, PUBLISHED, PRESENT, TRIAL):
        healthy(go_to(at, page))


def test_no_other_session_reaches_what_one_has_dropped():
    first, second = opened(), opened()
    drop(first, trial_csv(NAMES))
    everywhere(first)
    everywhere(second)
    go_to(first, PATIENTS)
    assert PLANTED in str([box.options for box in first.selectbox]) + text_of(first)
    held = [
        one
        for one in reachable(second.session_state)
        if (isinstance(one, str) and PLANTED in one and one not in NAMES)
        or (isinstance(one, Trial) and PLANTED in one.patient_ids[0])
    ]
    assert held == []
    assert "Simulated" in loaded(second)


def plant_and_clear() -> Any:
    """Return a session that dropped the file, looked everywhere, and pressed "Clear data"."""
    at = opened()
    drop(at, trial_csv(NAMES))
    everywhere(at)
    assert any(alive())
    press(at, "Clear data")
    everywhere(at)
    return at


def test_clear_data_leaves_nothing_of_the_file_in_the_process():
    at = plant_and_clear()
    assert "Simulated" in loaded(at)
    left = [kind for kind in alive() if kind in ("Trial", "Comparison", "DataFrame")]
    assert left == []
