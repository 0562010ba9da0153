"""Many trials at once, one file each: a line for each endpoint of each trial.

The trials are independent, so they run in several processes, or on a cluster, through joblib. The
numbers are those of the single commands, whoever computes them: chance has one seed per trial.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from analysis.compare import compare
from analysis.comparison import EndpointComparison
from analysis.results import finite
from analysis.setting_fields import SettingsProblem
from analysis.untreated.benchmark import untreated
from analysis.untreated.outcome import UntreatedEndpoint
from data.files import UploadedFile
from data.formats.sandbox import SheetReader
from data.reading import read_files
from data.trial import FloatArray
from report.asked_settings import CommandProblem, asked_settings

COLUMNS: Final = (
    *("file", "trial", "endpoint", "unit", "analysed", "loaded", "before", "after", "change"),
    *("ci_low", "ci_high", "p", "untreated_in_favour_percent", "untreated_mean_change"),
    *("untreated_trials", "warnings", "problem"),
)


@dataclass(frozen=True, slots=True)
class Job:
    """One trial to compute.

    Parameters
    ----------
    name, content
        The file; with its content the job can go to another machine.
    answers
        To the reader's questions, by code.
    assignments
        Texts "NAME=VALUE" for settings.
    """

    name: str
    content: bytes
    answers: Mapping[str, str]
    assignments: tuple[str, ...]


def run_batch(
    paths: Sequence[str],
    answers: Mapping[str, str],
    assignments: Sequence[str],
    *,
    jobs: int = 1,
    scheduler: str = "",
) -> list[dict[str, Any]]:
    """Compare every trial, and say how much of its result untreated trials show.

    Parameters
    ----------
    paths
        One file a trial.
    answers, assignments
        As in the commands for one trial; the same for all.
    jobs
        Processes on this machine.
    scheduler
        Address of a Dask scheduler, whose workers compute instead; they need ALSlope too, and the
        files are sent to them.

    Returns
    -------
    list of dict
        One row an endpoint in the order of the files, columns of ``COLUMNS``; one row with
        ``problem`` for a file that is no trial.

    Raises
    ------
    CommandProblem
        If a file is missing or a package is.
    """
    asked = [Job(path, _content(path), dict(answers), tuple(assignments)) for path in paths]
    if jobs == 1 and not scheduler:
        return _flat(map(rows_of, asked))
    try:
        import joblib
    except ModuleNotFoundError:
        raise CommandProblem(_missing("--jobs", "joblib")) from None
    if not scheduler:
        return _flat(joblib.Parallel(n_jobs=jobs)(joblib.delayed(rows_of)(job) for job in asked))
    try:
        from dask.distributed import Client
    except ModuleNotFoundError:
        raise CommandProblem(_missing("--dask", "dask[distributed]")) from None
    try:
        client: Any = Client(scheduler, timeout=20)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as problem:
        raise CommandProblem(f"--dask {scheduler}: no scheduler answers ({problem}).") from None
    with client, joblib.parallel_config(backend="dask"):
        return _flat(joblib.Parallel()(joblib.delayed(rows_of)(job) for job in asked))


def rows_of(job: Job) -> list[dict[str, Any]]:
    """Return the rows of one trial.

    Parameters
    ----------
    job
        The trial.
    """
    with SheetReader(idle=0) as reader:
        file = UploadedFile(Path(job.name).name, job.content)
        reading = read_files([file], dict(job.answers), opener=reader.read)
    if reading.trial is None:
        return [_problem(job, f"{reading.verdict}: {_first(reading.findings, reading.questions)}")]
    try:
        settings, _ = asked_settings(
            reading.trial, {}, None, file=None, assignments=job.assignments
        )
    except (CommandProblem, SettingsProblem) as problem:
        return [_problem(job, str(problem))]
    comparison = compare(reading.trial, settings)
    found = untreated(reading.trial, comparison)
    about = {
        "file": job.name,
        "trial": comparison.trial_hash[:12],
        "loaded": len(reading.trial.patient_ids),
        "warnings": " ".join(
            sorted({one.code for one in reading.findings if one.severity != "info"})
        ),
    }
    return [
        about | _row(result, against)
        for result, against in zip(comparison.endpoints, found.endpoints, strict=True)
    ]


def _row(result: EndpointComparison, against: UntreatedEndpoint) -> dict[str, Any]:
    said = not against.reason
    test = result.lead
    return {
        "endpoint": result.endpoint.label,
        "unit": result.unit,
        "analysed": result.n,
        "before": _mean(result, result.before),
        "after": _mean(result, result.after),
        "change": finite(test.estimate),
        "ci_low": finite(test.interval.low) if test.interval else None,
        "ci_high": finite(test.interval.high) if test.interval else None,
        "p": finite(test.p),
        "untreated_in_favour_percent": 100 * against.in_favour.share if said else None,
        "untreated_mean_change": against.mean if said else None,
        "untreated_trials": against.in_favour.trials if said else None,
        "problem": against.reason,
    }


def _mean(result: EndpointComparison, slopes: FloatArray) -> float | None:
    """Return the mean slope of the patients who are compared."""
    return float(np.mean(slopes[result.paired])) if result.n else None


def _problem(job: Job, what: str) -> dict[str, Any]:
    return {"file": job.name, "problem": what}


def _first(findings: Iterable[Any], questions: Iterable[Any]) -> str:
    for question in questions:
        return f"{question.code}: {question.text}"
    errors = [finding for finding in findings if finding.severity == "error"]
    return errors[0].sentence() if errors else "not read"


def _flat(parts: Iterable[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    return [{name: row.get(name) for name in COLUMNS} for rows in parts for row in rows]


def _content(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as problem:
        raise CommandProblem(f"{path}: {problem.strerror or 'cannot be read'}.") from None


def _missing(option: str, package: str) -> str:
    return (
        f"{option} needs the package {package}, which is not installed: "
        "pip install -r requirements-extra.txt"
    )
