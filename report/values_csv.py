"""The values of a trial as a table in the columns of the reading contract."""

from __future__ import annotations

import csv
import io
import math
from typing import Final

import pandas as pd

from data.endpoints import ENDPOINTS
from data.trial import DAYS_PER_MONTH, USABLE, Trial

_ENDPOINTS: Final = ("alsfrs_r", "alsfrs_40", "fvc", "fvc_litres")


def values_csv(trial: Trial) -> str:
    """Return the values that can be analysed in the columns of the reading contract.

    Domains and slow vital capacity stay out; so does what has no time at all.
    """
    frame = trial.measurements
    timed = frame["day"].notna() | frame["date"].notna()
    frame = frame[(frame["status"] == USABLE) & timed & frame["endpoint"].isin(_ENDPOINTS)]
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["patient_id", "endpoint", "visit_date", "day_rel", "month", "value"])
    columns = ("patient", "endpoint", "date", "day", "value")
    for patient, key, date, day, value in zip(*(frame[c] for c in columns), strict=True):
        known = math.isfinite(day)
        writer.writerow(
            [
                patient,
                ENDPOINTS[key].code,
                "" if pd.isna(date) else date.date().isoformat(),
                f"{day:.10g}" if known else "",
                f"{day / DAYS_PER_MONTH:.10g}" if known else "",
                f"{value:.10g}",
            ]
        )
    return buffer.getvalue()
