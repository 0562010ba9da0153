"""Numbers, keys, codes and bounds that the documents list are those of the program."""

from __future__ import annotations

import re
from datetime import date
from itertools import product

import numpy as np
import pytest

from analysis.day0 import WINDOW_SLACK_DAYS
from analysis.fvc_equations import available_equations, predicted_litres
from analysis.published import printed, summary_asked
from analysis.setting_fields import FIELDS, Field
from analysis.setting_lists import FILTERS, MAX_FILTERS, NOT_KNOWN
from analysis.setting_untreated import BETWEEN, RULE_BOUNDS, history_field
from analysis.untreated.plan import BOUNDS
from analysis.variants import LONGEST_NAME, MOST_VARIANTS
from data import published
from data.evidence import ROLES
from data.examples import EXAMPLE_IDS, LARGE_IDS
from data.formats import refusals, sandbox
from data.questions import QUESTIONS
from data.trial import DAYS_PER_MONTH
from report.batch import COLUMNS
from report.command_parser import command_parser
from report.deidentified import LARGEST_SHIFT
from report.patient_words import OLDEST
from report.presentation.basket import MOST_ITEMS
from tests.conftest import ROOT

DOCS = ROOT / "docs"


def text_of(document: str) -> str:
    return (DOCS / f"{document}.md").read_text("utf-8")


def section(document: str, heading: str) -> str:
    """Return the text below a heading, up to the next one that is not deeper."""
    found = re.search(
        rf"^(#+) {re.escape(heading)}\n(.*?)(?=^#{{1,6}} |\Z)",
        text_of(document),
        flags=re.MULTILINE | re.DOTALL,
    )
    assert found is not None, heading
    return found[2]


def rows(text: str) -> list[list[str]]:
    """Return the cells of the tables of a text, without headers."""
    lines = [line for line in text.split("\n") if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split(" |")] for line in lines]
    rules = [at for at, line in enumerate(lines) if set(line) <= set("|- ")]
    heads = {at - 1 for at in rules} | set(rules)
    return [cells[at] for at in range(len(cells)) if at not in heads]


def written(number: float) -> str:
    """Write a number as the documents do."""
    return f"{number:,.10g}".replace("-", "−")


def reach(field: Field) -> str:
    ends = f"{written(field.low)} to {written(field.high)}"
    return f"{ends}, or all" if field.optional else ends


# Settings


def test_the_table_of_settings_says_what_is_allowed():
    allowed = {
        row[0].strip("`"): row[2]
        for row in rows(section("command-line", "Settings"))
        if row[0].strip("`") in FIELDS
    }
    assert set(allowed) == set(FIELDS)
    for name, field in FIELDS.items():
        said = allowed[name]
        if field.choices is None:
            plain = f"{field.low:,.10g} to {field.high:,.10g}"
            plain += ", or `all`" if field.optional else ", whole" if field.whole else ""
            assert said == plain, name
        else:
            named = set(re.findall(r"`([^`]+)`", said))
            assert named == {field.to_text(choice) for choice in field.choices}, name


HISTORY = {
    "mean slope before, mean slope after": ("mean_before", "mean_after"),
    "SD of slopes before, SD of slopes after": ("sd_before", "sd_after"),
    "correlation of slopes": ("correlation",),
    "SD of a visit": ("visit_sd",),
    "SD of a visit, share of its value": ("visit_share",),
    "degrees of freedom of the scatter": ("tail_df",),
    "skew of slopes before": ("skew",),
    "curvature": ("bend",),
    "mean score at the first visit": ("level_mean",),
    "SD of scores at the first visit": ("level_sd",),
}
RULES = {
    "run-in slope at most, at least, points/month": (("slope_at_most", 0), ("slope_at_least", 0)),
    "points lost": (("points_lost", 0),),
    "weeks in which they are lost": (("points_lost", 1),),
    "ALSFRS-R at day 0 at least": (("alsfrs_r_at_least", 0),),
    "FVC at day 0 at least, % predicted": (("fvc_at_least", 0),),
}
PLAN = {
    "patients who start": "n",
    "run-in, months": "run_in_months",
    "visits up to day 0": "visits_before",
    "follow-up, months": "post_months",
    "visits after day 0": "visits_after",
    "less steep by, %": "reduction",
    "lost a month, %": "dropout_per_month",
}


def bounds() -> dict[str, tuple[str, str, str, str]]:
    """Return the table of bounds by the words of each number: page, ends, setting."""
    found = rows(section("methods", "14. Bounds of every number"))
    assert len({(row[0], row[1]) for row in found}) == len(found)
    return {f"{row[0]}: {row[1]}": (row[0], row[2], row[3], row[4]) for row in found}


def ends_of(words: str) -> tuple[str, str]:
    (row,) = (row for said, row in bounds().items() if said.endswith(f": {words}"))
    return row[1], row[2]


def test_bounds_of_settings_are_those_of_the_program():
    named = set()
    for words, (_, low, high, setting) in bounds().items():
        for name in re.findall(r"`(\w+)`", setting):
            if name not in FIELDS or words.startswith("Untreated, *Planning*"):
                continue
            named.add(name)
            own = setting.partition(": ")[2] or f"{low} to {high}"
            assert own == reach(FIELDS[name]), words
    assert named == {name for name, field in FIELDS.items() if field.choices is None}


@pytest.mark.parametrize("words", HISTORY)
def test_bounds_of_the_natural_history_are_those_of_the_program(words):
    low, high = ends_of(words)
    for field, endpoint in product(HISTORY[words], ("alsfrs_r", "fvc")):
        spec = history_field(f"{endpoint}.{field}")
        most = high.partition("; ALSFRS-R ")
        assert low == written(spec.low)
        assert (most[2] if endpoint == "alsfrs_r" and most[2] else most[0]) == written(spec.high)


def test_bounds_of_the_correlation_between_endpoints_are_those_of_the_program():
    spec = history_field(BETWEEN)
    assert ends_of("correlation of the slopes of both endpoints") == (
        written(spec.low),
        written(spec.high),
    )


@pytest.mark.parametrize("words", RULES)
def test_bounds_of_the_entry_rule_are_those_of_the_program(words):
    for name, at in RULES[words]:
        assert ends_of(words) == tuple(written(end) for end in RULE_BOUNDS[name][at])
    assert {name for rule in RULES.values() for name, _ in rule} == set(RULE_BOUNDS)


@pytest.mark.parametrize("words", PLAN)
def test_bounds_of_a_plan_are_those_of_the_program(words):
    scale = 100 if words.endswith("%") else 1
    low, high = ends_of(words)
    assert (low, high.removesuffix(", or empty")) == tuple(
        written(scale * end) for end in BOUNDS[PLAN[words]]
    )


def test_bounds_of_printed_numbers_are_those_of_the_program():
    assert ends_of("n of a printed row") == ("2", f"{printed.MOST_PATIENTS:,}, or empty")
    assert ends_of("mean and SD of a printed row")[1] == (
        f"{printed.LARGEST:,.0f}, with at most {printed.MOST_DECIMALS} decimals"
    )
    assert ends_of("number of a row that you add") == (
        f"{written(-published.LARGEST)}; an SD 0",
        written(published.LARGEST),
    )
    months, asked = written(summary_asked.LONGEST), summary_asked
    assert ends_of("people") == (str(asked.FEWEST), str(asked.MOST))
    assert ends_of("months before, months after") == ("1", months)
    assert ends_of("visits a period") == ("2", str(asked.MOST_VISITS))


CONTROLS = {
    "all_patients_parts.py": 1,
    "meeting.py": 1,
    "patient_cards.py": 1,
    "planning_tab.py": 1,
    "present_files.py": 1,
    "published_check.py": 1,
    "published_picture.py": 1,
    "setting_widgets.py": 2,
    "untreated_assumptions.py": 1,
    "untreated_entry.py": 1,
    "what_if_editor.py": 2,
}
"""Fields and sliders of numbers by file of ``ui/``; a new one needs a row in the table."""


def test_every_control_of_a_number_is_known():
    pattern = re.compile(r"\.(?:number_input|slider|select_slider)\(")
    files = [*(ROOT / "ui").rglob("*.py"), *(ROOT / "pages").glob("*.py")]
    found = {path.name: len(pattern.findall(path.read_text("utf-8"))) for path in files}
    assert {name: count for name, count in found.items() if count} == CONTROLS


@pytest.mark.parametrize(
    ("file", "code", "words"),
    [
        ("meeting.py", r'"Hide results of fewer patients than",\s+1,\s+20,', "1 20"),
        ("present_files.py", r'"Dots an inch \(PNG\)", 72, 600,', "72 600"),
        ("published_check.py", r"min_value=0,\s+max_value=100,", "0 (none) 100"),
        ("published_picture.py", r'"Random seed", 0, 999_999,', "0 999,999"),
        ("published_picture.py", r"label, -1\.0, 1\.0,", "−1 1"),
        ("what_if_editor.py", r'"Days left out after day 0", 0, 180, step=5', "0 180"),
        ("what_if_editor.py", r"_SHIFT: Final = 365", "−365 365"),
        ("view.py", r"FARTHEST_MONTH: Final = 60", "1 24; the last visit where that is later, "),
    ],
)
def test_bounds_that_stand_in_a_page_are_those_of_the_table(file, code, words):
    assert re.search(code, (ROOT / "ui" / file).read_text("utf-8"))
    assert any(f"{low} {high}".startswith(words) for _, low, high, _ in bounds().values())


# Codes, roles, columns


def codes(text: str) -> set[str]:
    """Return the codes in the first cells of the tables of a text."""
    return {code for row in rows(text) for code in re.findall(r"`([A-Z][A-Z0-9_]+)`", row[0])}


def test_every_finding_that_the_reader_makes_is_listed_and_no_other():
    listed = codes(section("data-formats", "Findings"))
    made = {
        code
        for path in (ROOT / "data").rglob("*.py")
        for code in re.findall(r'"([A-Z][A-Z0-9_]+)"', path.read_text("utf-8"))
    }
    assert listed - made == set()
    mentioned = set(re.findall(r"`([A-Z][A-Z0-9]+(?:_[A-Z0-9]+)+)`", text_of("data-formats")))
    assert (mentioned & made) - listed - set(QUESTIONS) <= {"ALSFRS_R", "FVC_L", "ALSFRS_SCALE"}
    no_findings = {*QUESTIONS, "ALSFRS_SCALE", "FVC_L", "FVC_PCT", "SVC_L", "SVC_PCT"}
    no_findings |= {"FINE_MOTOR", "GROSS_MOTOR", "MALLOC_ARENA_MAX"}
    no_findings |= {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"}
    assert {code for code in made if "_" in code} - listed - no_findings == set()


def test_every_question_is_listed_with_its_answers():
    listed = {row[0].strip("`"): row[2] for row in rows(section("data-formats", "Questions"))}
    assert set(listed) - {"ALSFRS_SCALE"} == set(QUESTIONS) - {"ALSFRS_SCALE"}
    for code, question in QUESTIONS.items():
        options = {option for option, _ in question.options}
        answers = set(re.findall(r"`([^`]+)`", listed[code]))
        if options and code != "DATE_ORDER_INCONSISTENT":
            assert answers == options, code


def test_every_role_of_a_column_is_listed():
    (said,) = re.findall(r"^Roles for `MAPPING`: (.*?)\n\n", text_of("command-line"), re.M | re.S)
    named = set(re.findall(r"`([^`]+)`", said))
    between = {f"item {n}" for n in range(2, 12) if n != 5}
    assert named | between == set(ROLES)


def test_every_bundled_trial_is_named():
    (said,) = re.findall(r"^`FILE` is a table .*?\n\n", text_of("command-line"), re.M | re.S)
    assert set(re.findall(r"`([a-z0-9-]+)`", said)) == {*EXAMPLE_IDS, *LARGE_IDS}


def test_every_column_of_the_table_of_many_trials_is_listed():
    found = rows(section("command-line", "batch"))
    named = [name for row in found for name in re.findall(r"`(\w+)`", row[0])]
    assert [name for name in named if name in COLUMNS] == list(COLUMNS)


def test_every_option_of_a_command_is_listed():
    """Each command has a section whose table holds its options; "as for" points to another."""
    parser = command_parser("")
    (commands,) = (dict(action.choices) for action in parser._actions if action.choices)
    assert set(commands) == set(
        re.findall(r"^python -m alslope (\w+)", text_of("command-line"), re.MULTILINE)
    ) - {""}
    for name, command in commands.items():
        options = {
            option
            for action in command._actions
            for option in action.option_strings
            if option.startswith("--") and option != "--help"
        }
        said = set(re.findall(r"--[a-z][\w-]*", section("command-line", name)))
        # `report` always writes its JSON, as a file.
        said |= {"--json"} if name == "report" else set()
        assert options - said == set(), name


def test_every_filter_is_listed_with_its_values():
    listed = {
        field: row[1]
        for row in rows(section("methods", "Filters"))
        for field in re.findall(r"`(\w+)`", row[0])
    }
    assert set(listed) == set(FILTERS)
    for name, spec in FILTERS.items():
        if spec.words is not None:
            values = set(spec.words) - {NOT_KNOWN}
            assert values <= set(re.findall(r"`([^`]+)`", listed[name])), name
    assert f"at most {MAX_FILTERS} values" in section("methods", "Filters")


def test_limits_of_files_are_those_of_the_program():
    limits = section("data-formats", "Files")
    million = 1024 * 1024
    for said in (
        f"| a file | {refusals.MAX_FILE_BYTES // million} MB (50 × 1,048,576 bytes) |",
        f"| {refusals.MAX_EXPANDED_BYTES // million} MB, and {refusals.MAX_RATIO} times its size",
        f"where that is more than {refusals.RATIO_FROM_BYTES // million} MB |",
        f"| members of an archive | {refusals.MAX_MEMBERS:,} |",
        f"| sheets of a workbook | {refusals.MAX_SHEETS} |",
        f"| {refusals.MAX_SHEET_ROWS:,} rows, {refusals.MAX_SHEET_CELLS:,} cells |",
        f"| {refusals.MAX_ROWS:,} rows, {refusals.MAX_CELLS:,} cells |",
        f"| columns | {refusals.MAX_COLUMNS:,} |",
        f"| a cell of a text file | {refusals.MAX_FIELD:,} characters |",
    ):
        assert said in limits


def test_limits_of_the_child_process_are_those_of_the_program():
    memory, cpu, wall = sandbox.MEMORY_BYTES // 1024**3, sandbox.CPU_SECONDS, sandbox.WALL_SECONDS
    said = f"{memory} GB of memory, {cpu} s of processor time, {wall:g} s in all"
    assert f"| the child process that reads a file | {said} |" in section("data-formats", "Files")


def test_limits_of_a_saved_analysis_are_those_of_the_program():
    text = " ".join(text_of("what-if").split())
    assert MOST_VARIANTS == 4
    assert "At most four variants are kept." in text
    assert f"`presentation` (at most {MOST_ITEMS} items" in text
    assert f"names are cut to {LONGEST_NAME} characters" in text
    assert f"At most {MOST_ITEMS} items." in text_of("present")


def test_the_range_of_shifted_dates_is_that_of_the_program():
    text = " ".join(text_of("data-formats").split())
    assert f"1 to {LARGEST_SHIFT} days back or forth" in text
    assert f"ages above {OLDEST}," in text


# Tables of modules and benchmarks


def test_every_module_that_reads_is_in_the_table():
    text = section("development", "How files are read")
    named = {
        name.removeprefix("formats/")
        for row in rows(text)
        for name in re.findall(r"`([\w/]+)`", row[0])
    }
    modules = {path.stem for path in (ROOT / "data").glob("*.py")}
    modules |= {path.stem for path in (ROOT / "data" / "formats").glob("*.py")}
    assert named == modules - {"__init__"}


def test_every_benchmark_is_in_the_table():
    named = re.findall(r"`python -m benchmarks\.(\w+)`", section("development", "Benchmarks"))
    modules = {path.stem for path in (ROOT / "benchmarks").glob("*.py")}
    # visitor is what the load test is made of
    assert set(named) == modules - {"__init__", "visitor"}


def test_every_folder_is_in_the_table():
    named = {row[0].strip("`/") for row in rows(section("development", "Folders"))}
    folders = {p.name for p in ROOT.iterdir() if p.is_dir() and p.name[0] not in "._"}
    folders -= {"htmlcov"}
    assert {name.split("/")[0] for name in named} >= folders


# Numbers in sentences


@pytest.mark.parametrize(("months", "share"), [(3.0, "0.37"), (4.5, "0.57"), (6.0, "0.70")])
@pytest.mark.parametrize("visits", [2, 3])
def test_the_part_of_short_run_ins_that_is_not_noise(months, share, visits):
    times = np.linspace(0, months, visits)
    error = 1.6**2 / np.sum((times - times.mean()) ** 2)
    assert f"{0.58**2 / (0.58**2 + error):.2f}" == share
    row = next(
        line for line in text_of("methods").split("\n") if line.startswith("| short run-ins")
    )
    assert share in row


def test_the_error_of_a_slope_from_two_visits_60_days_apart():
    assert f"{1.6 * np.sqrt(2) / (60 / DAYS_PER_MONTH):.2f}" == "1.15"
    assert "its SE is 1.15 points/month" in text_of("methods")


def test_calendar_months_are_longer_than_windows_by_at_most_what_is_said():
    longest: dict[int, float] = {}
    for start, months in product(range(48), range(1, 121)):
        end = start + months
        days = date(2001 + end // 12, end % 12 + 1, 1) - date(2001 + start // 12, start % 12 + 1, 1)
        longest[months] = max(longest.get(months, 0.0), days.days - months * DAYS_PER_MONTH)
    at = max(longest, key=longest.__getitem__)
    assert (at, round(longest[at], 2)) == (23, 2.94)
    assert longest[at] < WINDOW_SLACK_DAYS == 3
    assert "up to 2.94 days longer" in text_of("methods")
    assert "(the most is at 23 months)" in " ".join(text_of("methods").split())


def test_the_table_of_fvc_from_litres():
    text = text_of("methods-fvc-litres")
    people = re.findall(
        r"^\| (man|woman), ([\d.]+) years, (\d+) cm, ([\d.]+) L \| (.*) \|$", text, re.MULTILINE
    )
    assert len(people) == 4
    equations = set(available_equations()) - {"none"}
    for who, age, height, volume, shares in people:
        said = dict(zip(("nhanes_iii", "gli_2012", "gli_global"), shares.split(" | "), strict=True))
        sex = np.asarray(["M" if who == "man" else "F"])
        for key in equations:
            litres = predicted_litres(
                key, sex, np.asarray([float(age)]), np.asarray([float(height)])
            )
            assert f"{100 * float(volume) / litres[0]:.1f} %" == said[key]
