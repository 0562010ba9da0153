"""The immutable trial: patients, measurements and events, with day 0 at the first transplant."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from data.endpoints import ENDPOINTS
from data.findings import Finding
from data.recipe import TrialRecipe

DAYS_PER_MONTH: Final = 30.4375
"""Days in a month everywhere in ALSlope: 365.25 / 12."""

USABLE: Final = "ok"
"""The status of a measurement that enters analyses unless the user excludes it."""

PATIENT_COLUMNS: Final = (
    "patient",
    "transplant_days",
    "transplant_dates",
    "onset_day",
    "death_day",
    "sex",
    "age",
    "onset_site",
    "group",
)
HEIGHT: Final = "height_cm"
"""A column of the patients that may be absent: standing height in cm, NaN where unknown."""

MEASUREMENT_COLUMNS: Final = (
    "patient",
    "endpoint",
    "day",
    "value",
    "status",
    "date",
    "file",
    "sheet",
    "row",
    "column",
)
_SORTED_BY: Final = ("endpoint", "day", "date", "value", "status", "row")
ITEM_COLUMNS: Final = tuple(f"item_{number}" for number in range(1, 13))
EVENT_COLUMNS: Final = ("patient", "kind", "day", "text")

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Periods:
    """The lengths, in months, that a trial declares for its two periods."""

    before: float
    after: float


@dataclass(frozen=True, slots=True)
class EndpointSeries:
    """All measurements of one endpoint as parallel arrays, sorted by patient and day.

    Parameters
    ----------
    patient
        Position of the patient in :attr:`Trial.patient_ids`.
    day
        Days from the first transplant; NaN where the patient has no transplant date.
    value
        Score, in the unit of the endpoint.
    usable
        False for quarantined values, such as impossible or contradictory ones.
    position
        Row of :attr:`Trial.measurements` that each entry comes from.
    """

    patient: IntArray
    day: FloatArray
    value: FloatArray
    usable: BoolArray
    position: IntArray


@dataclass(frozen=True)
class Trial:
    """Everything that is known of one trial after reading.

    The frames handed out by the properties are copies on write: changing one never changes the
    trial.

    Parameters
    ----------
    patients_frame
        One row a patient, columns of ``PATIENT_COLUMNS`` and, optionally, ``HEIGHT``, which is
        added empty where it is absent. Days count from the first transplant; ``transplant_days``
        is a tuple that is empty where no transplant date is known. ``age`` is taken as the age in
        years at the first transplant.
    measurements_frame
        One row a value, columns of ``MEASUREMENT_COLUMNS``; ``status`` is ``"ok"`` or the code of
        the finding that quarantined the value.
    events_frame
        One row an event, columns of ``EVENT_COLUMNS``.
    findings
        What was noticed while reading.
    title
        Name on screen and in exports; never a file's name.
    simulated
        Whether no person is behind the values.
    origin
        ``"example"`` or ``"upload"``.
    periods
        Lengths of the two periods that the trial declares, if it does.
    notes
        Sentences that belong to the trial, such as the assumptions behind a simulation.
    example_id
        Name of the bundled example, empty for uploads.
    items_frame
        One row a visit with items, columns ``patient, day``, ``ITEM_COLUMNS`` (0 to 4, NaN where
        missing; item 5 is 5a or 5b), ``gastrostomy`` (the tube column says so, or 5b alone is
        filled in) and ``row``; ``None`` where the file holds no items.
    recipe
        Answers, mapping and corrections that made the trial of its files.
    instance
        Different for every trial object: the key of what is kept while it is open. Two files with
        the same hash can still differ in rows, dates or title.
    """

    patients_frame: pd.DataFrame = field(repr=False)
    measurements_frame: pd.DataFrame = field(repr=False)
    events_frame: pd.DataFrame = field(repr=False)
    findings: tuple[Finding, ...] = field(default=(), repr=False)
    title: str = ""
    simulated: bool = False
    origin: str = "upload"
    periods: Periods | None = None
    notes: tuple[str, ...] = field(default=(), repr=False)
    example_id: str = ""
    items_frame: pd.DataFrame | None = field(default=None, repr=False)
    recipe: TrialRecipe = field(default_factory=TrialRecipe, repr=False)
    instance: str = field(
        default_factory=lambda: uuid.uuid4().hex, init=False, compare=False, repr=False
    )

    def __post_init__(self) -> None:
        _require_columns("patients", self.patients_frame, PATIENT_COLUMNS)
        _require_columns("measurements", self.measurements_frame, MEASUREMENT_COLUMNS)
        _require_columns("events", self.events_frame, EVENT_COLUMNS)
        patients = self.patients_frame.reset_index(drop=True).copy(deep=True)
        if patients["patient"].duplicated().any():
            raise ValueError("a patient appears twice in the patients table")
        if HEIGHT not in patients.columns:
            patients[HEIGHT] = np.nan
        order = {patient: i for i, patient in enumerate(patients["patient"])}
        strangers = set(self.measurements_frame["patient"].unique()) - set(order)
        if strangers:
            raise ValueError(f"{len(strangers)} patients have values but no row of their own")
        measurements = (
            self.measurements_frame.assign(_order=self.measurements_frame["patient"].map(order))
            .sort_values(["_order", *_SORTED_BY], kind="stable")
            .drop(columns="_order")
            .reset_index(drop=True)
        )
        measurements["date"] = pd.to_datetime(measurements["date"])
        object.__setattr__(self, "patients_frame", patients)
        object.__setattr__(self, "measurements_frame", measurements)
        object.__setattr__(self, "events_frame", self.events_frame.reset_index(drop=True).copy())
        if not self.title:
            object.__setattr__(self, "title", f"Trial {self.hash[:6]}")

    @property
    def patients(self) -> pd.DataFrame:
        """One row a patient."""
        return self.patients_frame.copy(deep=False)

    @property
    def measurements(self) -> pd.DataFrame:
        """One row a value, sorted by patient, endpoint and day."""
        return self.measurements_frame.copy(deep=False)

    @property
    def events(self) -> pd.DataFrame:
        """One row an event."""
        return self.events_frame.copy(deep=False)

    @property
    def items(self) -> pd.DataFrame | None:
        """One row a visit with its ALSFRS-R items, or ``None`` where there are none."""
        return None if self.items_frame is None else self.items_frame.copy(deep=False)

    @cached_property
    def patient_ids(self) -> tuple[str, ...]:
        """Patients in the order of the trial."""
        return tuple(self.patients_frame["patient"].tolist())

    @cached_property
    def transplants(self) -> FloatArray:
        """Days of all transplants, patients × most transplants of one patient.

        Days count from the first transplant; NaN behind a patient's last one.
        """
        given = self.patients_frame["transplant_days"].tolist()
        days = np.full((len(given), max(map(len, given), default=0)), np.nan)
        for patient, own in enumerate(given):
            days[patient, : len(own)] = own
        return _frozen(days)

    @cached_property
    def endpoints(self) -> tuple[str, ...]:
        """Keys of the endpoints that have at least one value, in registry order."""
        present = set(self.measurements_frame["endpoint"].unique())
        return tuple(key for key in ENDPOINTS if key in present)

    @cached_property
    def _series(self) -> dict[str, EndpointSeries]:
        frame = self.measurements_frame
        order = {patient: i for i, patient in enumerate(self.patient_ids)}
        codes = frame["patient"].map(order).to_numpy(dtype=np.int64)
        keys = frame["endpoint"].to_numpy()
        day = frame["day"].to_numpy(dtype=np.float64)
        value = frame["value"].to_numpy(dtype=np.float64)
        usable = (frame["status"] == USABLE).to_numpy(dtype=np.bool_)
        result = {}
        for key in self.endpoints:
            at = np.flatnonzero(keys == key)
            result[key] = EndpointSeries(
                patient=_frozen(codes[at]),
                day=_frozen(day[at]),
                value=_frozen(value[at]),
                usable=_frozen(usable[at]),
                position=_frozen(at),
            )
        return result

    def series(self, key: str) -> EndpointSeries:
        """Return all values of one endpoint as arrays; empty arrays if it has none."""
        if key in self._series:
            return self._series[key]
        empty = np.empty(0)
        whole = empty.astype(np.int64)
        return EndpointSeries(whole, empty, empty, empty.astype(np.bool_), whole)

    def _days_without_day0(self) -> pd.Series[Any]:
        """Return days from the patient's first visit for values without a day 0, else NaN."""
        frame = self.measurements_frame
        first = frame.groupby("patient")["date"].transform("min")
        return (frame["date"] - first).dt.days.astype("float64").where(frame["day"].isna())

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the canonical table: patients, relative days, values and their status.

        Calendar dates, titles and the layout of the file do not enter, so the same data in another
        file, or with the dates removed, has the same hash.
        """
        digest = hashlib.sha256(b"alslope-1")
        patients = self.patients_frame
        for name in PATIENT_COLUMNS:
            if name != "transplant_dates":
                _update(digest, name, patients[name])
        # Without any height the hash is that of a table without the column.
        if patients[HEIGHT].notna().any():
            _update(digest, HEIGHT, patients[HEIGHT])
        for name in ("patient", "endpoint", "day", "value", "status"):
            _update(digest, name, self.measurements_frame[name])
        _update(digest, "undated", self._days_without_day0())
        for name in EVENT_COLUMNS:
            _update(digest, name, self.events_frame[name])
        if self.items_frame is not None:
            for name in ("patient", "day", *ITEM_COLUMNS):
                _update(digest, name, self.items_frame[name])
        digest.update(repr(self.periods).encode())
        return digest.hexdigest()


def _require_columns(what: str, frame: pd.DataFrame, columns: tuple[str, ...]) -> None:
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise ValueError(f"the {what} table lacks the columns {', '.join(missing)}")


def _frozen(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    array = np.ascontiguousarray(array)
    array.setflags(write=False)
    return array


def _update(digest: Any, name: str, column: pd.Series[Any]) -> None:
    digest.update(f"\x1e{name}\x1e".encode())
    if pd.api.types.is_numeric_dtype(column.dtype):
        numbers = column.to_numpy(dtype="<f8", na_value=np.nan) + 0.0
        numbers[np.isnan(numbers)] = np.nan
        digest.update(numbers.tobytes())
    else:
        codes, distinct = pd.factorize(column.to_numpy(dtype=object), use_na_sentinel=False)
        texts = np.asarray(
            ["" if _absent(value) else str(value) for value in distinct], dtype=object
        )
        digest.update("\x1f".join(texts[codes].tolist() if len(texts) else []).encode())


def _absent(value: object) -> bool:
    return value is None or value is pd.NaT or (isinstance(value, float) and np.isnan(value))
