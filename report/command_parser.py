"""The words of the command line: commands, options and what they are for."""

from __future__ import annotations

import argparse

from analysis.published.consistency import READINGS
from analysis.setting_fields import FIELDS
from analysis.untreated.history import PRESETS
from data.examples import EXAMPLE_IDS, LARGE_IDS
from report.presentation import figure_files


def command_parser(description: str) -> argparse.ArgumentParser:
    """Return the parser of all commands; it leaves the command's name in ``command``."""
    parser = argparse.ArgumentParser(prog="alslope", description=description)
    commands = parser.add_subparsers(required=True, metavar="COMMAND", dest="command")
    read = commands.add_parser("read", help="read files and say what was understood")
    _add_files(read)
    read.add_argument("--report", metavar="FILE", help="write the report as JSON")
    read.add_argument("--table", metavar="FILE", help="write the values as CSV")
    comparing = commands.add_parser("compare", help="compare slopes before and after day 0")
    _add_files(comparing)
    _add_settings(comparing)
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
    varying = commands.add_parser("whatif", help="say how the result changes with other choices")
    _add_files(varying)
    _add_settings(varying)
    _add_variants(varying)
    placing = commands.add_parser(
        "published", help="put a trial among published results, or check printed numbers"
    )
    _add_files(placing, "*")
    _add_settings(placing)
    _add_published(placing)
    presenting = commands.add_parser("report", help="write slides, a page, a workbook and figures")
    _add_files(presenting)
    _add_settings(presenting, prints=False)
    _add_report(presenting)
    _add_batch(commands.add_parser("batch", help="compare many trials, one file each"))
    serve = commands.add_parser("serve", help="start the app and warm it")
    serve.add_argument("--port", type=int, default=8501)
    return parser


def _add_batch(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", metavar="FILE", help="one trial each")
    parser.add_argument("--out", metavar="FILE", help="write the table as CSV")
    _add_answers(parser)
    _add_assignments(parser)
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="processes; -1: all")
    parser.add_argument("--dask", default="", metavar="ADDRESS", help="a Dask scheduler instead")


def _add_report(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", metavar="DIR", required=True, help="folder to write to")
    parser.add_argument("--each-patient", action="store_true", help="one slide a patient too")
    parser.add_argument(
        "--figures",
        choices=tuple(figure_files.PRESETS),
        help="figures as PDF, SVG and PNG too, in a size",
    )
    parser.add_argument("--grey", action="store_true", help="figures in greys")


def _add_files(parser: argparse.ArgumentParser, many: str = "+") -> None:
    parser.add_argument(
        "files",
        nargs=many,
        metavar="FILE",
        help="a table of visits, or the name of a bundled trial: "
        + ", ".join((*EXAMPLE_IDS, *LARGE_IDS)),
    )
    _add_answers(parser)


def _add_answers(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--answer",
        action="append",
        default=[],
        metavar="CODE=VALUE",
        help="answer a question of the reader, such as DATE_ORDER=dmy",
    )


def _add_settings(parser: argparse.ArgumentParser, *, prints: bool = True) -> None:
    files = parser.add_mutually_exclusive_group()
    files.add_argument("--analysis", metavar="FILE", help="an analysis that the app saved")
    files.add_argument("--settings", metavar="FILE", help="settings as JSON")
    _add_assignments(parser)
    if prints:
        parser.add_argument("--json", action="store_true", help="print every number as JSON")


def _add_assignments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="change one setting, such as post_months=6; known: " + ", ".join(FIELDS),
    )


def _add_variants(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--vary",
        action="append",
        default=[],
        metavar="NAME=VALUE[,NAME=VALUE…]",
        help="put a variant beside the primary analysis, such as post_months=6",
    )
    parser.add_argument(
        "--without",
        action="append",
        default=[],
        metavar="PATIENT",
        help="put the analysis without a patient beside the primary one",
    )
    parser.add_argument(
        "--equal-windows", action="store_true", help="put equally long periods beside it"
    )
    parser.add_argument(
        "--curve",
        choices=("small", "full", "none"),
        default="small",
        help="choices of the specification curve",
    )
    parser.add_argument("--visits-of", metavar="PATIENT", help="leave out each visit of a patient")


def _add_published(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--check",
        action="append",
        default=[],
        metavar="ROW",
        help="check a printed row, such as 'ALSFRS-R: -5.4±2.3 -> -2±3.08, P=0.014, whole'; "
        "several rows are of one publication",
    )
    parser.add_argument(
        "--preset", metavar="STUDY", help="check the rows of a study in the library"
    )
    parser.add_argument(
        "--reading",
        choices=READINGS,
        default="exact",
        help="how the printed numbers are read where every test is listed",
    )
    parser.add_argument(
        "--rows", action="append", default=[], metavar="FILE", help="add rows to the library (CSV)"
    )
