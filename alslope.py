"""The command line: the engine of the pages without a screen.

``python -m alslope compare FILE --json`` prints what the Slopes page shows, ``untreated`` what the
Untreated page shows.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import math
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Final

import pandas as pd

from analysis.compare import compare
from analysis.comparison import Comparison
from analysis.details import details
from analysis.opening import opening_settings
from analysis.setting_fields import FIELDS, SettingsProblem
from analysis.settings import Settings
from analysis.untreated.benchmark import untreated
from analysis.untreated.history import PRESETS
from analysis.untreated.outcome import Untreated
from data.endpoints import ENDPOINTS
from data.examples import EXAMPLE_IDS, load_example
from data.files import UploadedFile
from data.formats.sandbox import SheetReader
from data.questions import check_answer
from data.reading import Reading, read_files
from data.trial import DAYS_PER_MONTH, USABLE, Trial
from report import words
from report.caveats import caveats
from report.json_export import comparison_json
from report.numbers import count
from report.untreated_report import report_json, report_text, untreated_report
from report.untreated_words import untreated_sentence

ASKED: Final = 3
REJECTED: Final = 4
_UNUSABLE: Final = 2
_TABLE_ENDPOINTS: Final = ("alsfrs_r", "alsfrs_40", "fvc", "fvc_litres")
_HEALTH: Final = "_stcore/script-health-check"


class CommandProblem(Exception):
    """Something about the command itself that the user can mend."""


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
    options = _parser().parse_args(arguments)
    try:
        code: int = options.run(options)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except CommandProblem as problem:
        print(problem, file=sys.stderr)
        return _UNUSABLE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="alslope", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    read = commands.add_parser("read", help="read files and say what was understood")
    _add_files(read)
    read.add_argument("--report", metavar="FILE", help="write the report as JSON")
    read.add_argument("--table", metavar="FILE", help="write the values as CSV")
    read.set_defaults(run=_read)
    comparing = commands.add_parser("compare", help="compare slopes before and after day 0")
    _add_files(comparing)
    _add_settings(comparing)
    comparing.set_defaults(run=_compare)
    simulating = commands.add_parser(
        "untreated", help="say how often untreated simulated trials look like this one"
    )
    _add_files(simulating)
    _add_settings(simulating)
    simulating.add_argument("--trials", type=int, metavar="N", help="how many are simulated")
    simulating.add_argument(
        "--history",
        metavar="PRESET",
        help="natural history: " + ", ".join(preset.key for preset in PRESETS),
    )
    simulating.add_argument(
        "--entry",
        action="append",
        metavar="RULE",
        help="rule of entry, such as slope_at_most:-0.5, or none; several must all be met",
    )
    simulating.set_defaults(run=_untreated)
    serve = commands.add_parser("serve", help="start the app and warm it")
    serve.add_argument("--port", type=int, default=8501)
    serve.set_defaults(run=_serve)
    return parser


def _add_files(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="a table of visits, or the name of a bundled trial: " + ", ".join(EXAMPLE_IDS),
    )
    parser.add_argument(
        "--answer",
        action="append",
        default=[],
        metavar="CODE=VALUE",
        help="answer a question of the reader, such as DATE_ORDER=dmy",
    )


def _add_settings(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--settings", metavar="FILE", help="settings as JSON")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="change one setting, such as post_months=6; known: " + ", ".join(FIELDS),
    )
    parser.add_argument("--json", action="store_true", help="print every number as JSON")


def _read(options: argparse.Namespace) -> int:
    reading, trial = _reading(options)[:2]
    if options.report:
        _write(options.report, json.dumps(reading.to_json(), indent=1, ensure_ascii=False))
    if options.table and trial is not None:
        _write(options.table, _table_text(trial))
    _print_findings(reading)
    if trial is not None:
        values = len(trial.measurements)
        patients = count(len(trial.patient_ids), "patient")
        print(f"{reading.verdict}: {patients}, {count(values, 'value')}")
    return _exit_code(reading)


def _compare(options: argparse.Namespace) -> int:
    reading, trial, own = _reading(options)
    if trial is None:
        _print_findings(reading)
        return _exit_code(reading)
    _print_findings(reading)
    settings = _settings(options, trial, own)
    result = compare(trial, settings)
    if options.json:
        _print_json(comparison_json(result, details(trial, result)))
    else:
        _print_comparison(result, untreated(trial, result))
    return 0


def _untreated(options: argparse.Namespace) -> int:
    reading, trial, own = _reading(options)
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
    settings = _settings(options, trial, own, chosen)
    report = untreated_report(trial, compare(trial, settings))
    if options.json:
        _print_json(report_json(report))
    else:
        print(report_text(report))
    return 0


def _print_json(plain: dict[str, Any]) -> None:
    print(json.dumps(plain, indent=1, ensure_ascii=False, allow_nan=False))


def _reading(options: argparse.Namespace) -> tuple[Reading, Trial | None, dict[str, Any]]:
    """Read the files, or a bundled trial with its own settings."""
    if len(options.files) == 1 and options.files[0] in EXAMPLE_IDS:
        example = load_example(options.files[0])
        reading = Reading("load", example.trial, example.trial.findings)
        return reading, example.trial, dict(example.settings)
    files = []
    for name in options.files:
        try:
            files.append(UploadedFile(Path(name).name, Path(name).read_bytes()))
        except OSError as problem:
            raise CommandProblem(f"{name}: {problem.strerror or 'cannot be read'}.") from None
    answers = dict(_pair(text, "--answer") for text in options.answer)
    for code, value in answers.items():
        wrong = check_answer(code, value)
        if wrong is not None:
            raise CommandProblem(f"--answer {code}={value}: {wrong}.")
    with SheetReader(idle=0) as reader:
        reading = read_files(files, answers, opener=reader.read)
    return reading, reading.trial, {}


def _settings(
    options: argparse.Namespace,
    trial: Trial,
    own: dict[str, Any],
    chosen: dict[str, Any] | None = None,
) -> Settings:
    """Return the settings: of the trial, of the file, of ``--set``, of the command's options."""
    plain: dict[str, Any] = {**opening_settings(trial), **own}
    if options.settings:
        try:
            loaded = json.loads(Path(options.settings).read_text(encoding="utf-8"))
        except (OSError, ValueError) as problem:
            raise CommandProblem(f"{options.settings} is no JSON file: {problem}") from None
        if not isinstance(loaded, dict):
            raise CommandProblem(f"{options.settings} holds no settings.")
        plain |= loaded
    for text in options.set:
        name, value = _pair(text, "--set")
        if name not in FIELDS:
            known = ", ".join(FIELDS)
            raise CommandProblem(f"--set {name}: no such setting. Known: {known}.")
        try:
            plain[name] = FIELDS[name].check(FIELDS[name].from_text(value))
        except ValueError as problem:
            raise CommandProblem(f"--set {name}: {problem}.") from None
    settings, problems = Settings.from_json(plain | (chosen or {}))
    for sentence in problems:
        print(sentence, file=sys.stderr)
    return settings


def _pair(text: str, option: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise CommandProblem(f"{option} {text}: NAME=VALUE is needed.")
    return name.strip(), value.strip()


def _print_findings(reading: Reading) -> None:
    for finding in reading.findings:
        print(f"{finding.severity}: {finding.sentence()}", file=sys.stderr)
    for question in reading.questions:
        answers = ", ".join(f"{value} ({said})" for value, said in question.options)
        asked = f"question: {question.text} Answer with --answer {question.code}=… : {answers}"
        print(asked, file=sys.stderr)


def _exit_code(reading: Reading) -> int:
    return {"ask": ASKED, "reject": REJECTED}.get(reading.verdict, 0)


def _print_comparison(result: Comparison, found: Untreated) -> None:
    label = f"{result.trial_title}{' (simulated)' if result.simulated else ''}"
    print(f"{label} · data {result.trial_hash[:12]}")
    print("; ".join(result.settings.differences().values()) or "default settings")
    for endpoint, against in zip(result.endpoints, found.endpoints, strict=True):
        print()
        print(words.results_sentence(endpoint))
        print(f"  {words.means_line(endpoint)}, {endpoint.unit}")
        print(f"  {words.flow_sentence(endpoint)}")
        print(untreated_sentence(against))
    for absent in result.absent:
        print(f"\n{absent.label}: no value in this trial.")
    notes = (
        words.design_line(result),
        words.period_text(result),
        words.holm_line(result),
        *caveats(result),
    )
    for note in filter(None, notes):
        print(f"\n{note}")


def _write(path: str, text: str) -> None:
    try:
        Path(path).write_text(text, encoding="utf-8", newline="")
    except OSError as problem:
        raise CommandProblem(f"{path}: {problem.strerror or 'cannot be written'}.") from None


def _table_text(trial: Trial) -> str:
    """Return the values that can be analysed in the columns of the reading contract.

    Domains and slow vital capacity stay out; so does what has no time at all.
    """
    frame = trial.measurements
    timed = frame["day"].notna() | frame["date"].notna()
    frame = frame[(frame["status"] == USABLE) & timed & frame["endpoint"].isin(_TABLE_ENDPOINTS)]
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


def _serve(options: argparse.Namespace) -> int:
    """Start Streamlit and open one session, so that no visitor meets a cold server."""
    with socket.socket() as probe:
        if probe.connect_ex(("localhost", options.port)) == 0:
            raise CommandProblem(f"Port {options.port} is in use. Choose another: --port NUMBER.")
    home = Path(__file__).resolve().parent
    command = [sys.executable, "-m", "streamlit", "run", str(home / "app.py")]
    command += [f"--server.port={options.port}"]
    # More threads make the many small matrices of the models several times slower.
    environment = {"OPENBLAS_NUM_THREADS": "1"} | os.environ
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


if __name__ == "__main__":
    sys.exit(main())
