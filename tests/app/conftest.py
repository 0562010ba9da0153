"""What the tests of the screen need beside the driver."""

from __future__ import annotations

import os

import pytest

# Long computations in the tests' own process: starting another for each would take minutes.
# tests/analysis/test_heavy.py and the browser tests use the real ones.
os.environ.setdefault("ALSLOPE_HEAVY_SLOTS", "0")


@pytest.fixture
def printing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every chart draw its figure for print, as if the reader had asked for all of them."""
    monkeypatch.setattr("ui.figures.asked_for", lambda key: "PNG")
