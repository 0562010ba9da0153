"""Random trials in random layouts, encodings and date styles are read back identical."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import settings as search

from data.reading import Reading, read_files
from data.trial import USABLE
from tests.data.random_uploads import MEASURES, Key, Upload, uploads

pytestmark = pytest.mark.slow

# In the usual run 550 trials in all, in parts that can run side by side.
SHARE = max(1, search().max_examples // 40)


def answered(upload: Upload) -> Reading:
    """Read an upload; only what its file leaves open may be asked, and is answered truly."""
    answers: dict[str, str] = {}
    for _ in range(6):
        reading = read_files(upload.files, answers)
        if reading.verdict != "ask":
            return reading
        for question in reading.questions:
            assert question.code in upload.answers, f"needless: {question}"
            answers[question.code] = upload.answers[question.code]
    raise AssertionError(f"asks again what was answered: {answers}")


def usable_values(reading: Reading, *, by_date: bool) -> list[tuple[Key, float]]:
    """Return every usable value by patient, endpoint and time."""
    assert reading.trial is not None
    frame = reading.trial.measurements
    # Domain scores that the reader adds up from items are no values of the file.
    frame = frame[(frame["status"] == USABLE) & frame["endpoint"].isin(MEASURES)]
    times = frame["date"].dt.strftime("%Y-%m-%d") if by_date else frame["day"].map("{:.4f}".format)
    keys = zip(frame["patient"], frame["endpoint"], times, strict=True)
    return list(zip(keys, frame["value"].tolist(), strict=True))


def assert_identical(upload: Upload) -> None:
    """Assert that an upload is read back as it was written."""
    reading = answered(upload)
    said = [finding.sentence() for finding in reading.findings if finding.severity != "info"]
    assert reading.verdict in ("load", "load_flagged"), said
    assert reading.trial is not None
    found = usable_values(reading, by_date=upload.by_date)
    values = dict(found)
    lost = {key: value for key, value in upload.values.items() if key not in values}
    added = {key: value for key, value in values.items() if key not in upload.values}
    other = {
        key: f"{value} for {upload.values[key]}"
        for key, value in values.items()
        if key in upload.values and abs(value - upload.values[key]) > 1e-9
    }
    assert (lost, added, other) == ({}, {}, {}), said
    assert len(values) == len(found), "two values at one time"
    frame = reading.trial.patients
    dates = dict(zip(frame["patient"], frame["transplant_dates"], strict=True))
    transplants = {name: tuple(dates[name]) for name in upload.transplants}
    wrong = {
        name: (days, upload.transplants[name])
        for name, days in transplants.items()
        if days != upload.transplants[name]
    }
    assert not wrong, ("transplants", wrong, said)


@pytest.mark.parametrize(
    ("kinds", "times"),
    [
        (("tidy",), 45),
        (("items", "relative", "relative after", "months"), 45),
        (("two tables", "procedures", "sheets"), 45),
        (("wide", "stacked", "triplets", "transposed"), 45),
        (("eav", "sdtm"), 45),
    ],
    ids=lambda value: "-".join(value).replace(" ", "_") if isinstance(value, tuple) else "",
)
def test_a_random_trial_is_read_back_as_it_was_written(kinds: Sequence[str], times: int) -> None:
    @search(max_examples=times * SHARE)
    @given(uploads(kinds))
    def check(upload: Upload) -> None:
        assert_identical(upload)

    check()
