"""How long reading takes, from the bytes of the files to the trial, with the child process.

Run ``python -m benchmarks.reading`` on an idle machine.
"""

from __future__ import annotations

import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat

from data.files import UploadedFile
from data.formats.sandbox import SheetReader
from data.reading import read_files

MONTHS = (-9, -6, -3, 0, 1, 3, 6, 9, 12, 18)
SEED = 20230


def visits(patients: int) -> pd.DataFrame:
    """Return simulated visits, ten a patient: no person is behind any value."""
    rng = np.random.default_rng(SEED)
    who = np.repeat(np.arange(patients), len(MONTHS))
    start = pd.Timestamp("2015-01-01") + pd.to_timedelta(rng.integers(0, 2500, patients), "D")
    away = np.tile(np.asarray(MONTHS) * 30.4375, patients) + rng.integers(-7, 8, len(who))
    score = np.repeat(rng.integers(28, 47, patients), len(MONTHS)) - np.tile(range(10), patients)
    percent = np.repeat(rng.uniform(60, 110, patients), len(MONTHS)) - 2 * np.tile(
        range(10), patients
    )
    return pd.DataFrame(
        {
            "patient_id": [f"R{p:05d}" for p in who],
            "visit_date": [
                (start[p] + timedelta(days=int(d))).date().isoformat()
                for p, d in zip(who, away, strict=True)
            ],
            "transplant_date": [start[p].date().isoformat() for p in who],
            "ALSFRS_R_total": np.maximum(score, 0),
            "FVC_L": np.round(percent / 28, 2),
            "FVC_pct": np.round(percent, 1),
        }
    )


def as_csv(frame: pd.DataFrame) -> list[UploadedFile]:
    """Return the visits as one tidy CSV."""
    return [UploadedFile("visits.csv", frame.to_csv(index=False).encode())]


def as_sdtm(frame: pd.DataFrame) -> list[UploadedFile]:
    """Return the visits as DM, QS and RE in SAS transport files."""
    who, day = frame["patient_id"], frame["visit_date"]
    people = frame.drop_duplicates("patient_id")
    dm = {"DOMAIN": "DM", "USUBJID": people["patient_id"], "RFXSTDTC": people["transplant_date"]}
    qs = {"DOMAIN": "QS", "USUBJID": who, "QSTESTCD": "ALSFR113", "QSTEST": "ALSFRS-R Total"}
    qs |= {"QSCAT": "ALSFRS-R", "QSSTRESN": frame["ALSFRS_R_total"].astype(float), "QSDTC": day}
    parts = [
        pd.DataFrame(
            {
                "DOMAIN": "RE",
                "USUBJID": who,
                "RETESTCD": code,
                "RETEST": name,
                "RESTRESN": frame[column],
                "RESTRESU": unit,
                "REDTC": day,
            }
        )
        for code, name, column, unit in (
            ("FVC", "Forced Vital Capacity", "FVC_L", "L"),
            ("FVCPP", "Percent Predicted Forced Vital Capacity", "FVC_pct", "%"),
        )
    ]
    tables = {"dm": pd.DataFrame(dm), "qs": pd.DataFrame(qs), "re": pd.concat(parts)}
    files = []
    with tempfile.TemporaryDirectory() as folder:
        for name, table in tables.items():
            path = Path(folder) / f"{name}.xpt"
            pyreadstat.write_xport(table, str(path), file_format_version=5, table_name=name)
            files.append(UploadedFile(path.name, path.read_bytes()))
    return files


def timed(files: list[UploadedFile], repeats: int) -> tuple[float, int]:
    """Return the median seconds of reading through a warm child, and the values read."""
    seconds = []
    values = 0
    for _ in range(repeats):
        with SheetReader(idle=2) as reader:
            reader.warm()
            time.sleep(1.0)
            started = time.perf_counter()
            trial = read_files(files, opener=reader.read).trial
            seconds.append(time.perf_counter() - started)
        values = 0 if trial is None else len(trial.measurements)
    return statistics.median(seconds), values


def main() -> None:
    """Print the table."""
    kinds: dict[str, Callable[[pd.DataFrame], list[UploadedFile]]] = {
        "CSV": as_csv,
        "SDTM (.xpt)": as_sdtm,
    }
    print("| patients | file | MB | values | seconds |")
    print("|---|---|---|---|---|")
    for patients in (20, 200, 2_000, 12_000):
        frame = visits(patients)
        for name, write in kinds.items():
            files = write(frame)
            size = sum(len(file.content) for file in files) / 1e6
            seconds, values = timed(files, 3)
            print(f"| {patients:,} | {name} | {size:.1f} | {values:,} | {seconds:.2f} |")
    scale = 1 if sys.platform == "darwin" else 1024
    own, child = (
        resource.getrusage(who).ru_maxrss * scale / 1e6
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    print(
        f"\nPeak memory: {own:.0f} MB here (with the making of the files), {child:.0f} MB a child."
    )


if __name__ == "__main__":
    main()
