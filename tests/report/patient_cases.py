"""A trial with everything that one patient's figure can show, for its tests."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from data.trial import EVENT_COLUMNS, ITEM_COLUMNS, Trial
from tests.conftest import trial_from

MONTH = 30.4375
MONTHS = (-10, -8, -4, -2, 0, 1, 2, 4, 6, 7.7, 10)
DOMAINS = ("bulbar", "fine_motor", "gross_motor", "respiratory")
EVENTS = (
    ("riluzole", -900, "riluzole started"),
    ("edaravone", -30, "edaravone started"),
    ("gastrostomy", 92, "gastrostomy"),
    ("niv", 180, "NIV started"),
    ("infection", 200, "pneumonia"),
    ("last_contact", 360, "last contact"),
    ("death", 370, "death"),
)


def everything(*, items: bool = True, domains: bool = False, patients: int = 12) -> Trial:
    """Return a trial of both endpoints; P01 has two transplants and events on every side."""
    rng = np.random.default_rng(1)
    rows, answers = [], []
    for k in range(patients):
        name, slope, loss = f"P{k + 1:02d}", rng.uniform(-1.6, -0.5), rng.uniform(-3, -1)
        for month in MONTHS:
            day, bend = float(round(month * MONTH)), 0.5 if month > 0 else 1.0
            score = float(np.clip(round(34 + slope * month * bend + rng.normal(0, 1.2)), 0, 48))
            capacity = float(np.clip(round(70 + loss * month + rng.normal(0, 3)), 5, 120))
            rows += [(name, day, score, "alsfrs_r"), (name, day, capacity, "fvc")]
            given = np.clip(np.round(score / 12 + rng.normal(0, 0.5, 12)), 0, 4)
            answers.append((name, day, *given.tolist(), False, 1))
            if domains:
                sums = given.reshape(4, 3).sum(axis=1).tolist()
                rows += [(name, day, s, key) for key, s in zip(DOMAINS, sums, strict=True)]
    frame = pd.DataFrame(rows, columns=["patient", "day", "value", "endpoint"])
    table = pd.DataFrame(answers, columns=["patient", "day", *ITEM_COLUMNS, "gastrostomy", "row"])
    events = pd.DataFrame(
        [("P01", kind, float(day), text) for kind, day, text in EVENTS], columns=list(EVENT_COLUMNS)
    )
    trial = trial_from(frame, transplants={"P01": (0.0, 274.0)}, title="Everything")
    return replace(trial, events_frame=events, items_frame=table if items else None)
