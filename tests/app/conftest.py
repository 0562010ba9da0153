"""What the tests of the screen need beside the driver."""

from __future__ import annotations

import pytest


@pytest.fixture
def printing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every chart draw its figure for print, as if the reader had asked for all of them."""
    monkeypatch.setattr("ui.figures.print_asked", lambda key: True)
