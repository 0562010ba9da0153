"""How time and memory grow with the number of patients, beside what a user would use instead.

Run ``OPENBLAS_NUM_THREADS=1 python -m benchmarks.scale`` on an idle machine; the table and the
figure are in the docs. Every cell is a process of its own: the median time of the work alone, and
the highest memory of the process with everything it loaded. R and statsmodels are asked where they
are there, up to the sizes at which they answer within minutes. The trial is the simulated registry.
"""

from __future__ import annotations

import importlib.util
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np

from analysis.compare import compare
from analysis.hinge_model import hinge_model
from analysis.opening import opening_settings
from analysis.settings import Settings
from analysis.slopes import slope_table
from analysis.specification import specification_curve
from analysis.specification_choices import declared_choices
from analysis.untreated.benchmark import untreated
from benchmarks.comparison import with_pandas
from benchmarks.mixed_model import STATSMODELS_SCRIPT, visits
from data.examples.registry import registry_csv, registry_trial
from data.files import UploadedFile
from data.formats.sandbox import SheetReader
from data.reading import read_files
from data.trial import Trial

SIZES: Final = (20, 200, 2_000, 12_000)
FIGURE: Final = Path(__file__).resolve().parents[1] / "docs" / "pictures" / "growth.svg"
_LIMIT_SECONDS: Final = 400
_MOST_FOR_STATSMODELS: Final = 2_000
_R_SLOPES: Final = """
d <- read.csv(commandArgs(TRUE)[1])
suppressMessages(library(lme4))
before <- d[d$t <= 0, ]; after <- d[d$t > 0, ]
cat(system.time({
  b <- coef(lmList(y ~ t | patient, before))
  a <- coef(lmList(y ~ t | patient, after))
})[["elapsed"]])
"""
_R_MODEL: Final = """
d <- read.csv(commandArgs(TRUE)[1])
suppressMessages(library(lmerTest))
cat(system.time({
  fit <- suppressMessages(lmer(y ~ t + after + (1 + t + after | patient), d))
  contest1D(fit, c(0, 0, 1))
})[["elapsed"]])
"""


def settings_for(trial: Trial) -> Settings:
    """Return the settings with which the trial opens."""
    return Settings.from_json(opening_settings(trial))[0]


def reading(patients: int) -> Callable[[], object]:
    """Return the work of reading the file of a registry in a warm child process."""
    content = registry_csv(patients)
    reader = SheetReader()
    reader.warm()
    time.sleep(1.0)
    return lambda: read_files([UploadedFile("registry.csv", content)], {}, opener=reader.read)


def slopes(patients: int) -> Callable[[], object]:
    """Return the work of both slopes of one endpoint."""
    trial = registry_trial(patients)
    return lambda: slope_table(trial, "alsfrs_r", Settings())


def slopes_with_pandas(patients: int) -> Callable[[], object]:
    """Return the same with pandas and scipy, a patient at a time."""
    trial = registry_trial(patients)
    return lambda: with_pandas(trial)


def comparing(patients: int) -> Callable[[], object]:
    """Return the work of the whole comparison of both endpoints."""
    trial = registry_trial(patients)
    return lambda: compare(trial, settings_for(trial))


def model(patients: int) -> Callable[[], object]:
    """Return the work of the mixed model with both kinds of degrees of freedom."""
    trial = registry_trial(patients)
    return lambda: hinge_model(trial, "alsfrs_r", Settings())


def curve(patients: int) -> Callable[[], object]:
    """Return the work of the small specification curve of one endpoint."""
    trial = registry_trial(patients)
    settings = settings_for(trial)
    found = compare(trial, settings)
    choices = declared_choices(trial, settings, preset="small")
    return lambda: specification_curve(trial, found, "alsfrs_r", choices)


def simulating(patients: int) -> Callable[[], object]:
    """Return the work of the untreated benchmark with as many trials as open."""
    trial = registry_trial(patients)
    found = compare(trial, settings_for(trial))
    return lambda: untreated(trial, found)


OURS: Final[dict[str, Callable[[int], Callable[[], object]]]] = {
    "reading a CSV file": reading,
    "slopes, one endpoint": slopes,
    "· pandas and scipy": slopes_with_pandas,
    "compare, two endpoints": comparing,
    "mixed model, KR and Satterthwaite": model,
    "specification curve, small": curve,
    "untreated benchmark": simulating,
}
OTHERS: Final = ("· lme4::lmList", "· lme4 and lmerTest", "· statsmodels MixedLM")


class Memory(threading.Thread):
    """Watches the highest memory of a process and of those that it starts, in MB.

    The usage that the system counts for an ended process would hold that of this one, from before
    the other program took its place.
    """

    def __init__(self, process: int) -> None:
        super().__init__(daemon=True)
        self.process, self.highest, self.over = process, 0.0, threading.Event()
        self.start()

    def run(self) -> None:
        """Look every 20 ms until it is over."""
        while not self.over.wait(0.02):
            for folder in Path("/proc").iterdir():
                if folder.name.isdigit():
                    self._look(folder)

    def _look(self, folder: Path) -> None:
        try:
            lines = (folder / "status").read_text().splitlines()
        except OSError:
            return
        fields = dict(line.split(":", 1) for line in lines if ":" in line)
        if self.process in (int(folder.name), int(fields["PPid"])):
            self.highest = max(self.highest, int(fields.get("VmHWM", "0 kB").split()[0]) / 1024)


def measured(name: str, patients: int) -> tuple[float, float] | None:
    """Return seconds and megabytes of one cell, or ``None`` where it is not there."""
    if name not in OURS:
        return _other(name, patients)
    said = _said([sys.executable, "-m", "benchmarks.scale", name, str(patients)])
    return said and (float(said[0]), said[1])


def median_seconds(name: str, patients: int) -> float:
    """Return the median seconds of one kind of work in this process."""
    work = OURS[name](patients)
    times: list[float] = []
    while not times or (sum(times) < 3.0 and len(times) < 15):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def _other(name: str, patients: int) -> tuple[float, float] | None:
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "visits.csv"
        visits(patients).to_csv(data, index=False)
        if name == OTHERS[2]:
            if patients > _MOST_FOR_STATSMODELS or not importlib.util.find_spec("statsmodels"):
                return None
            said = _said([sys.executable, "-c", STATSMODELS_SCRIPT, str(data), "1"])
            return said and (float(json.loads(said[0])["fit"]), said[1])
        if shutil.which("Rscript") is None:
            return None
        script = _R_SLOPES if name == OTHERS[0] else _R_MODEL
        said = _said(["Rscript", "--vanilla", "-e", script, str(data)])
        return said and (float(said[0]), said[1])


def _said(command: list[str]) -> tuple[str, float] | None:
    """Return what another process printed, and its memory; ``None`` if it failed or took long."""
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        memory = Memory(process.pid)
        try:
            said, _ = process.communicate(timeout=_LIMIT_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
        memory.over.set()
    return (said, memory.highest) if process.returncode == 0 else None


def draw(found: dict[str, dict[int, float]]) -> None:
    """Draw seconds against patients, both on logarithmic axes, and save the figure."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.5, 4.6), layout="constrained")
    axes = figure.add_subplot()
    greys = iter(("#75838F", "#9AA5AE", "#B4BEC7", "#4F5B66"))
    blues = iter(("#0F5FB3", "#B45309", "#1B8D65", "#6B44A9", "#BB8415", "#1B242C"))
    for name, seconds in found.items():
        if len(seconds) > 1:
            other = name.startswith("·")
            sizes = sorted(seconds)
            axes.plot(
                sizes,
                [seconds[size] for size in sizes],
                marker="o",
                markersize=4,
                linestyle="--" if other else "-",
                color=next(greys if other else blues),
                label=name.removeprefix("· "),
            )
    reference = np.array([SIZES[0], SIZES[-1]], dtype=float)
    axes.plot(reference, 1e-4 * reference / 20, color="#D9DEE3", label="in proportion to patients")
    axes.set(xscale="log", yscale="log", xlabel="patients", ylabel="seconds, median")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="#EDF0F2")
    figure.legend(loc="outside right upper", frameon=False, fontsize=8)
    figure.savefig(FIGURE, metadata={"Date": None})


def main() -> None:
    """Print one line a kind of work, seconds and megabytes by size, and save the figure."""
    if len(sys.argv) == 3:
        print(median_seconds(sys.argv[1], int(sys.argv[2])))
        return
    header = " | ".join(f"{size:,} patients" for size in SIZES)
    print(f"Seconds (peak memory, MB).\n\n| | {header} |\n|{' --- |' * (len(SIZES) + 1)}")
    found: dict[str, dict[int, float]] = {}
    names = [*OURS]
    names[2:2] = [OTHERS[0]]
    names[names.index("specification curve, small") : names.index("specification curve, small")] = (
        OTHERS[1:]
    )
    for name in names:
        cells = []
        for size in SIZES:
            cell = measured(name, size)
            if cell is not None:
                found.setdefault(name, {})[size] = cell[0]
            cells.append("–" if cell is None else f"{cell[0]:.3g} ({cell[1]:,.0f})")
        print(f"| {name} | {' | '.join(cells)} |", flush=True)
    draw(found)


if __name__ == "__main__":
    main()
