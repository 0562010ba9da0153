"""Long computations as the reader sees them: the queue, the progress, and a process that dies."""

from __future__ import annotations

import pytest
import streamlit as st

from analysis.heavy import ComputingFailed
from tests.app.driver import UNTREATED, alerts, healthy, opened, press, text_of

pytestmark = pytest.mark.slow

FEW = {"untreated-trials": "200"}


class Queue:
    """Stands for the shared processes: two others come first, then the work is done or fails."""

    def __init__(self, *, fails: bool) -> None:
        self.fails = fails

    def compute(self, work, told, waiting):
        waiting(2)
        waiting(1)
        told(0.25)
        if self.fails:
            self.fails = False
            raise ComputingFailed("The process that computed this was ended from outside.")
        return work(progress=lambda share: True)


def planning(monkeypatch, queue):
    """Open the tab whose computing is never light, and return it with the texts of its bars."""
    texts = []
    progress = st.progress

    def spy(value, text=None, **options):
        bar = progress(value, text, **options)
        shown = bar.progress

        def listen(share, said=None):
            texts.append(said)
            return shown(share, said)

        monkeypatch.setattr(bar, "progress", listen)
        return bar

    monkeypatch.setattr(st, "progress", spy)
    monkeypatch.setattr("ui.untreated_results.heavy_work", lambda: queue)
    at = opened(UNTREATED, **FEW)
    at.session_state["w.untreated-tab"] = "Planning"
    return healthy(at.run()), texts


def test_the_reader_is_told_how_many_computations_come_first(monkeypatch):
    at, texts = planning(monkeypatch, Queue(fails=False))
    assert "Waiting for 2 other computations on this server" in texts
    assert "Waiting for 1 other computation on this server" in texts
    assert any(text.endswith("25%") for text in texts)
    assert "A planned trial with one arm" in text_of(at)


@pytest.mark.fault
def test_a_process_that_dies_is_said_and_the_work_can_be_asked_for_again(monkeypatch):
    at, _ = planning(monkeypatch, Queue(fails=True))
    assert "ended from outside. Nothing of the trial is lost." in alerts(at)
    press(at, "Simulate")
    assert "ended from outside" not in alerts(healthy(at))
    assert "A planned trial with one arm" in text_of(at)
