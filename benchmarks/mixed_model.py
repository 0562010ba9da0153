"""How long the mixed model takes, beside lme4 with lmerTest and statsmodels where these are there.

Run ``python -m benchmarks.mixed_model`` on an idle machine; the table is in the docs. Every
program is given the same simulated visits, and only fitting is timed: not reading, not the start
of the interpreter.
"""

from __future__ import annotations

import importlib.util
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.mixed_model import MixedData, MixedFit, fit_mixed

MONTHS = np.array([-9, -6, -3, 0, 1, 3, 6, 9, 12, 18], dtype=float)
SIZES = (20, 200, 2_000, 12_000)
SEED = 20240
TIME_LIMIT = 900
"""Seconds after which another program is stopped."""

MOST_FOR_PBKRTEST = 200
"""Patients; pbkrtest holds matrices of rows × rows."""

MOST_FOR_STATSMODELS = 2_000
CHANGE = (0.0, 0.0, 1.0)

R_SCRIPT = """
arguments <- commandArgs(trailingOnly = TRUE)
d <- read.csv(arguments[1])
repeats <- as.integer(arguments[2])
suppressMessages(library(lmerTest))
seconds <- function(work) median(replicate(repeats, system.time(work())[["elapsed"]]))
fit <- NULL
time_fit <- seconds(function() {
  fit <<- suppressMessages(lme4::lmer(y ~ t + after + (1 + t + after | patient), d))
})
c <- c(0, 0, 1)
time_satterthwaite <- seconds(function() contest1D(as_lmerModLmerTest(fit), c))
time_kr <- NA
if (arguments[3] == "yes") {
  time_kr <- seconds(function() {
    adjusted <- pbkrtest::vcovAdj(fit)
    pbkrtest::Lb_ddf(matrix(c, 1), as.matrix(vcov(fit)), adjusted)
  })
}
number <- function(x) if (is.na(x)) "null" else sprintf("%.17g", x)
note <- paste0("lme4 ", packageVersion("lme4"), ", lmerTest ", packageVersion("lmerTest"))
cat(sprintf('{"fit": %s, "satterthwaite": %s, "kenward_roger": %s, "loglik": %s, "note": "%s"}',
            number(time_fit), number(time_satterthwaite), number(time_kr),
            number(as.numeric(logLik(fit))), note))
"""

STATSMODELS_SCRIPT = """
import json, statistics, sys, time, warnings
import pandas as pd
import statsmodels
from statsmodels.regression.mixed_linear_model import MixedLM

warnings.simplefilter("ignore")
d = pd.read_csv(sys.argv[1])
seconds = []
for _ in range(int(sys.argv[2])):
    started = time.perf_counter()
    model = MixedLM.from_formula("y ~ t + after", d, groups="patient", re_formula="~ t + after")
    fit = model.fit(reml=True)
    seconds.append(time.perf_counter() - started)
flag = "converged" if fit.converged else "not converged"
note = f"statsmodels {statsmodels.__version__}, flag: {flag}"
print(json.dumps({"fit": statistics.median(seconds), "satterthwaite": None, "kenward_roger": None,
                  "loglik": float(fit.llf), "note": note}))
"""


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds of one program; ``None`` where it was not asked or cannot."""

    fit: float
    satterthwaite: float | None
    kenward_roger: float | None
    loglik: float
    note: str


def visits(patients: int) -> pd.DataFrame:
    """Return simulated visits, ten a patient: no person is behind any value."""
    rng = np.random.default_rng(SEED + patients)
    who = np.repeat(np.arange(patients), len(MONTHS))
    t = np.tile(MONTHS, patients) + rng.uniform(-0.3, 0.3, len(who))
    after = np.maximum(t, 0)
    level, slope, change = (rng.normal(0, sd, patients)[who] for sd in (5.0, 0.5, 0.4))
    y = 36 + level + (-1 + slope) * t + (0.4 + change) * after + rng.normal(0, 1.3, len(who))
    return pd.DataFrame({"patient": who, "t": t, "after": after, "y": y})


def timed(work: Callable[[], object], repeats: int) -> float:
    """Return the median seconds of a piece of work."""
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)


def ours(frame: pd.DataFrame, repeats: int) -> Timing:
    """Return the seconds of this project's solver; every repeat starts from the rows."""
    columns = np.column_stack([np.ones(len(frame)), frame["t"], frame["after"]])
    codes, y = frame["patient"].to_numpy(), frame["y"].to_numpy()

    def fit() -> MixedFit:
        return fit_mixed(MixedData(codes, y, columns, columns, ("1", "t", "after")))

    fitted = fit()
    parts: dict[str, list[float]] = {"satterthwaite": [], "kenward-roger": []}
    for _ in range(repeats):
        for kind, seconds in parts.items():
            fresh = fit()
            started = time.perf_counter()
            fresh.contrast(CHANGE, df=kind)  # type: ignore[arg-type]
            seconds.append(time.perf_counter() - started)
    return Timing(
        fit=timed(fit, repeats),
        satterthwaite=statistics.median(parts["satterthwaite"]),
        kenward_roger=statistics.median(parts["kenward-roger"]),
        loglik=fitted.loglik,
        note="" if fitted.converged else "not converged",
    )


def other(command: list[str]) -> Timing | str:
    """Return what another program reports, or why there is nothing."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=TIME_LIMIT, check=True
        )
    except subprocess.TimeoutExpired:
        return f"stopped after {TIME_LIMIT} s"
    except subprocess.CalledProcessError as problem:
        return f"failed: {problem.stderr.strip().splitlines()[-1]}"
    return Timing(**json.loads(done.stdout))


def beside(frame: pd.DataFrame, patients: int) -> dict[str, Timing | str]:
    """Return the seconds of the other programs, or why there are none."""
    repeats = "3" if patients <= MOST_FOR_PBKRTEST else "1"
    found: dict[str, Timing | str] = {}
    with tempfile.TemporaryDirectory() as folder:
        table, script = Path(folder) / "visits.csv", Path(folder) / "fit.R"
        frame.to_csv(table, index=False)
        script.write_text(R_SCRIPT, encoding="utf-8")
        rscript = shutil.which("Rscript")
        if rscript is None:
            found["lme4"] = "skipped: no Rscript"
        else:
            kr = "yes" if patients <= MOST_FOR_PBKRTEST else "no"
            found["lme4"] = other([rscript, str(script), str(table), repeats, kr])
        if importlib.util.find_spec("statsmodels") is None:
            found["statsmodels"] = "skipped: not installed"
        elif patients > MOST_FOR_STATSMODELS:
            found["statsmodels"] = f"skipped: more than {MOST_FOR_STATSMODELS:,} patients"
        else:
            command = [sys.executable, "-c", STATSMODELS_SCRIPT, str(table), repeats]
            found["statsmodels"] = other(command)
    return found


def in_seconds(value: float | None) -> str:
    """Return seconds with three digits."""
    return "-" if value is None else f"{value:.3g}"


def main() -> None:
    """Print the table."""
    print(
        "| patients | program | fit, s | Satterthwaite, s | Kenward-Roger, s | logLik | "
        "logLik minus ours | fit time over ours | note |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for patients in SIZES:
        frame = visits(patients)
        own = ours(frame, 15 if patients <= MOST_FOR_PBKRTEST else 5)
        for name, timing in {"ours": own, **beside(frame, patients)}.items():
            start = f"| {patients:,} | {name} |"
            if isinstance(timing, str):
                print(f"{start} - | - | - | - | - | - | {timing} |", flush=True)
                continue
            cells = [in_seconds(timing.fit), in_seconds(timing.satterthwaite)]
            cells += [in_seconds(timing.kenward_roger), f"{timing.loglik:.4f}"]
            cells += [f"{timing.loglik - own.loglik:+.1e}", f"{timing.fit / own.fit:.0f}"]
            print(start, " | ".join([*cells, timing.note]), "|", flush=True)


if __name__ == "__main__":
    main()
