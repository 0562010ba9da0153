"""The command line: the engine of the pages without a screen.

``python -m alslope compare FILE --json`` prints what the Slopes page shows, ``untreated`` what the
Untreated page shows, ``whatif`` what the What-if page shows, ``published`` what the Published page
shows; ``report`` writes the files of the Present page.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pandas as pd

from analysis.compare import compare
from analysis.details import details
from analysis.setting_fields import SettingsProblem
from analysis.settings import Settings
from analysis.untreated.benchmark import untreated
from data.examples import EXAMPLE_IDS, LARGE_IDS, load_example
from data.files import UploadedFile
from data.formats.sandbox import SheetReader
from data.questions import check_answer
from data.reading import Reading, read_files
from data.trial import Trial
from report.analysis_file import AnalysisFile
from report.asked_published import asked_library, asked_summaries
from report.asked_settings import (
    CommandProblem,
    asked_settings,
    asked_variants,
    pair,
    position_of,
    saved_analysis,
)
from report.batch import run_batch
from report.command_parser import command_parser
from report.compare_text import comparison_text
from report.json_export import comparison_json
from report.numbers import count
from report.presentation.folder import AskedFiles, write_report
from report.published_report import published_report
from report.published_report import report_json as published_json
from report.published_report import report_text as published_text
from report.tables import csv_text
from report.untreated_report import report_json, report_text, untreated_report
from report.values_csv import values_csv
from report.whatif_report import report_json as whatif_json
from report.whatif_report import whatif_report
from report.whatif_text import report_text as whatif_text
from report.whole_files import write_whole

ASKED: Final = 3
REJECTED: Final = 4
_UNUSABLE: Final = 2
_HEALTH: Final = "_stcore/script-health-check"


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code.

    Parameters
    ----------
    arguments
        Words after the program's name; the process's own by default.

    Returns
    -------
    int
        0 done, 2 a command that makes no sense, 3 a question is open, 4 the file was refused.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8")
    options = command_parser(str(__doc__)).parse_args(arguments)
    try:
        code = _COMMANDS[options.command](options)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except CommandProblem as problem:
        print(problem, file=sys.stderr)
        return _UNUSABLE


def _read(options: argparse.Namespace) -> int:
    reading, trial = _reading(options)[:2]
    if options.report:
        _write(options.report, json.dumps(reading.to_json(), indent=1, ensure_ascii=False))
    if options.table and trial is not None:
        _write(options.table, values_csv(trial))
    _print_findings(reading)
    if trial is not None:
        values = len(trial.measurements)
        patients = count(len(trial.patient_ids), "patient")
        print(f"{reading.verdict}: {patients}, {count(values, 'value')}")
    return _exit_code(reading)


def _compare(options: argparse.Namespace) -> int:
    saved = _saved(options)
    reading, trial, own = _reading(options, saved)
    if trial is None:
        _print_findings(reading)
        return _exit_code(reading)
    _print_findings(reading)
    result = compare(trial, _settings(options, trial, own, saved))
    if options.json:
        _print_json(comparison_json(result, details(trial, result)))
    else:
        print(comparison_text(result, untreated(trial, result)))
    return 0


def _untreated(options: argparse.Namespace) -> int:
    saved = _saved(options)
    reading, trial, own = _reading(options, saved)
    _print_findings(reading)
    if trial is None:
        return _exit_code(reading)
    asked = {
        "untreated_trials": ("--trials", options.trials),
        "history": ("--history", options.history),
        "entry_rule": ("--entry", options.entry),
    }
    chosen = {name: value for name, (_, value) in asked.items() if value is not None}
    for name, value in chosen.items():
        try:
            Settings().with_(**{name: tuple(value) if name == "entry_rule" else value})
        except SettingsProblem as problem:
            raise CommandProblem(f"{asked[name][0]}: {problem}.") from None
    settings = _settings(options, trial, own, saved, chosen)
    report = untreated_report(trial, compare(trial, settings))
    if options.json:
        _print_json(report_json(report))
    else:
        print(report_text(report))
    return 0


def _whatif(options: argparse.Namespace) -> int:
    saved = _saved(options)
    reading, trial, own = _reading(options, saved)
    _print_findings(reading)
    if trial is None:
        return _exit_code(reading)
    comparison = compare(trial, _settings(options, trial, own, saved))
    variants = asked_variants(
        trial,
        comparison,
        saved=saved,
        vary=options.vary,
        without=options.without,
        equal=options.equal_windows,
    )
    who = options.visits_of
    visits_of = None if who is None else position_of(trial, who, "--visits-of")
    report = whatif_report(trial, comparison, variants, options.curve, visits_of=visits_of)
    if options.json:
        _print_json(whatif_json(report))
    else:
        print(whatif_text(report))
    return 0


def _published(options: argparse.Namespace) -> int:
    library = asked_library(options.rows)
    summaries = asked_summaries(options.check, options.preset, library)
    if summaries and options.files:
        raise CommandProblem("Give a trial, or rows to check, not both.")
    comparison = trial = None
    if options.files:
        saved = _saved(options)
        reading, trial, own = _reading(options, saved)
        _print_findings(reading)
        if trial is None:
            return _exit_code(reading)
        comparison = compare(trial, _settings(options, trial, own, saved))
    report = published_report(library, trial, comparison, summaries, options.reading)
    if options.json:
        _print_json(published_json(report))
    else:
        print(published_text(report))
    return 0


def _report(options: argparse.Namespace) -> int:
    saved = _saved(options)
    reading, trial, own = _reading(options, saved)
    _print_findings(reading)
    if trial is None:
        return _exit_code(reading)
    settings = _settings(options, trial, own, saved)
    asked = AskedFiles(Path(options.out), options.each_patient, options.figures, options.grey)
    for line in write_report(trial, settings, saved, asked):
        print(line)
    return 0


def _print_json(plain: dict[str, Any]) -> None:
    print(json.dumps(plain, indent=1, ensure_ascii=False, allow_nan=False))


def _reading(
    options: argparse.Namespace, saved: AnalysisFile | None = None
) -> tuple[Reading, Trial | None, dict[str, Any]]:
    """Read the files, as a saved analysis did, or a bundled trial with its own settings."""
    if len(options.files) == 1 and options.files[0] in (*EXAMPLE_IDS, *LARGE_IDS):
        example = load_example(options.files[0])
        reading = Reading("load", example.trial, example.trial.findings)
        return reading, example.trial, dict(example.settings)
    files = []
    for name in options.files:
        try:
            files.append(UploadedFile(Path(name).name, Path(name).read_bytes()))
        except OSError as problem:
            raise CommandProblem(f"{name}: {problem.strerror or 'cannot be read'}.") from None
    answers = _answers(options)
    with SheetReader(idle=0) as reader:
        recipe = None if saved is None else saved.recipe
        reading = read_files(files, answers, recipe=recipe, opener=reader.read)
    return reading, reading.trial, {}


def _saved(options: argparse.Namespace) -> AnalysisFile | None:
    saved, ignored = saved_analysis(options.analysis)
    _print_said(ignored)
    return saved


def _settings(
    options: argparse.Namespace,
    trial: Trial,
    own: dict[str, Any],
    saved: AnalysisFile | None,
    chosen: dict[str, Any] | None = None,
) -> Settings:
    """Return the settings: of the trial, of the files, of ``--set``, of the command's options."""
    settings, said = asked_settings(
        trial, own, saved, file=options.settings, assignments=options.set, chosen=chosen
    )
    _print_said(said)
    return settings


def _print_said(said: tuple[str, ...]) -> None:
    for sentence in said:
        print(sentence, file=sys.stderr)


def _print_findings(reading: Reading) -> None:
    for finding in reading.findings:
        print(f"{finding.severity}: {finding.sentence()}", file=sys.stderr)
    for question in reading.questions:
        answers = ", ".join(f"{value} ({said})" for value, said in question.options)
        asked = f"question: {question.text} Answer with --answer {question.code}=… : {answers}"
        print(asked, file=sys.stderr)


def _batch(options: argparse.Namespace) -> int:
    rows = run_batch(
        options.files, _answers(options), options.set, jobs=options.jobs, scheduler=options.dask
    )
    table = csv_text(pd.DataFrame(rows), None)
    if options.out:
        write_whole(Path(options.out), ("\ufeff" + table).encode())
    else:
        print(table, end="")
    return 0


def _answers(options: argparse.Namespace) -> dict[str, str]:
    answers = dict(pair(text, "--answer") for text in options.answer)
    for code, value in answers.items():
        wrong = check_answer(code, value)
        if wrong is not None:
            raise CommandProblem(f"--answer {code}={value}: {wrong}.")
    return answers


def _exit_code(reading: Reading) -> int:
    return {"ask": ASKED, "reject": REJECTED}.get(reading.verdict, 0)


def _write(path: str, text: str) -> None:
    write_whole(Path(path), text.encode())


def _serve(options: argparse.Namespace) -> int:
    """Start Streamlit and open one session, so that no visitor meets a cold server."""
    with socket.socket() as probe:
        if probe.connect_ex(("localhost", options.port)) == 0:
            raise CommandProblem(f"Port {options.port} is in use. Choose another: --port NUMBER.")
    home = Path(__file__).resolve().parent
    command = [sys.executable, "-m", "ui.server", f"--server.port={options.port}"]
    # More threads make the many small matrices of the models several times slower.
    # With an arena for each of many threads, memory would never come back.
    environment = {"OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"} | os.environ
    server = subprocess.Popen(command, cwd=home, env=environment)
    signal.signal(signal.SIGTERM, lambda *_: server.terminate())
    try:
        if _warm(options.port, server):
            print(f"ALSlope is ready: http://localhost:{options.port}", flush=True)
        return server.wait()
    except KeyboardInterrupt:
        return 0
    finally:
        server.terminate()
        server.wait()


def _warm(port: int, server: subprocess.Popen[bytes], seconds: float = 60.0) -> bool:
    """Ask for one run of the app until it succeeds; return whether it did."""
    address = f"http://localhost:{port}/{_HEALTH}"
    end = time.monotonic() + seconds
    while time.monotonic() < end and server.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=20) as answer:
                if answer.read().strip() == b"ok":
                    return True
        except (urllib.error.URLError, OSError):
            pass
        time.sleep(0.2)
    return False


_COMMANDS: Final[dict[str, Callable[[argparse.Namespace], int]]] = {
    "read": _read,
    "compare": _compare,
    "untreated": _untreated,
    "whatif": _whatif,
    "published": _published,
    "report": _report,
    "batch": _batch,
    "serve": _serve,
}

if __name__ == "__main__":
    sys.exit(main())
