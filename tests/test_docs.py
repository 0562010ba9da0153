"""The documents say what the program does: keys, settings, commands and links."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import socket
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import alslope
from analysis.opening import opening_settings
from analysis.setting_fields import FIELDS
from analysis.settings import PatientExclusion, PointDecision, Settings
from data.examples import EXAMPLE_IDS, load_example
from data.files import UploadedFile
from data.reading import read_files
from data.recipe import CellFix, TrialRecipe
from data.trial import Trial
from report.analysis_file import AnalysisFile
from report.exhibits.chart import Spot
from report.frames import VERSION
from report.json_export import SCHEMA
from report.presentation.basket import Item
from tests.conftest import ROOT
from tests.exported import exported, exported_from_litres

DOCS = ROOT / "docs"
EXAMPLES = ROOT / "tests" / "docs"
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted(DOCS.rglob("*.md")),
    *sorted((ROOT / "tests" / "reference").rglob("*.md")),
]
PLAIN = {
    "number": lambda v: isinstance(v, int | float) and not isinstance(v, bool),
    "whole number": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "text": lambda v: isinstance(v, str),
    "true or false": lambda v: isinstance(v, bool),
    "object": lambda v: isinstance(v, dict),
}
LINK = re.compile(r"\[([^\]]+)\]\(#[\w-]+\)")


# The tables of docs/compare-json.md


@dataclass
class Tables:
    """The kinds of objects that a document describes, and where a value disagrees with them.

    ``rows`` holds the type of each key by kind; ``seen`` the keys that a value had.
    """

    rows: dict[str, dict[str, str]]
    seen: set[tuple[str, str]] = field(default_factory=set)
    problems: set[str] = field(default_factory=set)

    def object(self, value: dict[str, Any], kind: str, prefix: str = "") -> None:
        """Compare an object with the table of its kind."""
        for name, below in value.items():
            path = prefix + name
            key = self._key(path, kind)
            if key is not None:
                self.seen.add((kind, key))
                self.value(below, self.rows[kind][key], f"{kind}: {path}")
            elif isinstance(below, dict) and self._opens(path, kind):
                self.object(below, kind, f"{path}.")
            else:
                self.problems.add(f"{kind}: {path} is not documented")

    def value(self, value: Any, type_: str, where: str) -> None:
        """Compare a value with a type in words, such as ``list of [test](#test) or null``."""
        if value is None and type_.endswith(" or null") and not type_.startswith("list of "):
            return
        type_ = type_ if type_.startswith("list of ") else type_.removesuffix(" or null")
        link = LINK.fullmatch(type_)
        if type_.startswith("list of ") and isinstance(value, list):
            for item in value:
                self.value(item, type_.removeprefix("list of "), where)
        elif link and isinstance(value, dict):
            self.object(value, link[1].lower())
        elif not (type_ in PLAIN and PLAIN[type_](value)):
            self.problems.add(f"{where} is {value!r}, not {type_}")

    def unseen(self) -> list[str]:
        """Return what is documented and was in no value."""
        known = {(kind, key) for kind, rows in self.rows.items() for key in rows}
        return sorted(f"{kind}: {key}" for kind, key in known - self.seen)

    def _key(self, path: str, kind: str) -> str | None:
        for key in self.rows[kind]:
            # A name such as "points_1.25" holds a point, so one name may hold several.
            pattern = re.sub(r"<\w+>", "<>", key)
            if re.fullmatch(re.escape(pattern).replace("<>", ".+"), path):
                return key
        return None

    def _opens(self, path: str, kind: str) -> bool:
        return any(key.startswith(f"{path}.") for key in self.rows[kind])


def tables_of(text: str) -> Tables:
    """Return the tables of keys in a document, by heading."""
    kinds: dict[str, dict[str, str]] = {}
    for part in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        title, _, body = part.partition("\n")
        rows = re.findall(r"^\| `([^`]+)` \| ([^|]+) \|", body, flags=re.MULTILINE)
        kinds[title.strip().lower()] = {key: type_.strip() for key, type_ in rows}
    return Tables(kinds)


RECIPE = TrialRecipe(
    mapping={"visits.csv": {"Wert A": "alsfrs_r"}},
    fixes=(CellFix("visits.csv", "", 15, "ALSFRS_R", "49", "39", "IMPOSSIBLE"),),
)


def decided(trial: Trial) -> dict[str, Any]:
    """Return the settings with which a trial opens, with a patient and a value left out."""
    last = trial.measurements.dropna(subset="day").iloc[-1]
    point = PointDecision(
        last["patient"], last["endpoint"], float(last["day"]), float(last["value"]),
        keep=False, reason="other",
    )  # fmt: skip
    return opening_settings(trial) | {
        "excluded_patients": (PatientExclusion(trial.patient_ids[-1], "other"),),
        "points": (point,),
        "model_covariates": ("age",),
        "flips": 1_000,
        "resamples": 1_000,
    }


@cache
def exports() -> tuple[dict[str, Any], ...]:
    """Return JSON that holds every key: the bundled trials, with decisions and a stray visit."""
    found = []
    for name in EXAMPLE_IDS:
        trial = load_example(name).trial
        frame = trial.measurements_frame.copy()
        frame.loc[frame.index[0], "value"] = 0.0
        trial = replace(trial, measurements_frame=frame, recipe=RECIPE)
        found.append(exported(trial, **decided(trial)))
    return (*found, exported_from_litres())


@cache
def compared() -> Tables:
    tables = tables_of((DOCS / "compare-json.md").read_text("utf-8"))
    for export in exports():
        tables.object(export, "top level")
    return tables


def test_every_key_of_the_json_is_documented_with_its_type():
    assert sorted(compared().problems) == []


def test_every_documented_key_exists():
    assert compared().unseen() == []


# Settings, commands, links


def test_the_schema_is_named():
    assert f"`{SCHEMA}`" in (DOCS / "compare-json.md").read_text("utf-8")


def test_every_setting_is_in_the_table_of_the_command_line():
    text = (DOCS / "command-line.md").read_text("utf-8")
    rows = re.findall(
        r"^\| `(\w+)` \| `([^`]+)` \| [^|]+ \| `([\w-]+)` \|", text, flags=re.MULTILINE
    )
    default = Settings()
    written = {
        name: (spec.to_text(getattr(default, name)), spec.url) for name, spec in FIELDS.items()
    }
    assert {name: (value, url) for name, value, url in rows} == written


def consoles() -> dict[str, str]:
    """Return the commands that the documents show with their output, where the files are known."""
    found = {}
    for page in PAGES:
        for block in re.findall(r"```console\n(.*?)```", page.read_text("utf-8"), flags=re.DOTALL):
            for part in re.split(r"^\$ python -m alslope ", block, flags=re.MULTILINE)[1:]:
                command, _, shown = part.partition("\n")
                verb, file = (*shlex.split(command), "")[:2]
                if verb == "published" or file in EXAMPLE_IDS or (EXAMPLES / file).is_file():
                    found[command] = shown
    return found


def commands() -> list[str]:
    """Return the commands that the documents give without output, comments left out."""
    found: dict[str, None] = {}
    for page in PAGES:
        for block in re.findall(r"```sh\n(.*?)```", page.read_text("utf-8"), flags=re.DOTALL):
            given = re.findall(r"^(?:\.venv/bin/)?python -m alslope (.+)$", block, re.MULTILINE)
            found |= dict.fromkeys(re.sub(r"\s+#.*", "", one) for one in given)
    return [one for one in found if "…" not in one and not one.startswith("serve")]


def lines_of_shell() -> list[str]:
    """Return every command in a block of shell, one a line, without comments."""
    found: dict[str, None] = {}
    for page in PAGES:
        text = page.read_text("utf-8")
        for block in re.findall(r"```sh\n(.*?)```", text, flags=re.DOTALL):
            whole = block.replace("\\\n", " ")
            found |= dict.fromkeys(
                re.sub(r"\s+#.*", "", line).strip() for line in whole.split("\n")
            )
    return [line for line in found if line]


NOT_RUN = (
    "docker build --tag alslope:local .",
    "docker run --rm --read-only",
    "docker compose -f deploy/compose.yaml up",
    "export ALSLOPE_COOKIE_SECRET=",
    "pip install -r requirements.txt",
    "pip install --no-deps --require-hashes -r requirements.lock",
    "python -m venv .venv",
    ".venv/bin/python -m pip install -r requirements-dev.txt",
    ".venv/bin/python -m pytest",
    "make test ARGS=",
    "streamlit run app.py",
)
"""Beginnings of commands that no test runs: they install, need Docker, or are the tests."""


def test_every_command_of_a_block_is_run_or_known_not_to_be():
    """Commands of ``alslope`` are run below; modules and scripts must be there."""
    unknown = [
        line
        for line in lines_of_shell()
        if not re.search(r"python -m (alslope|benchmarks|tests)\b", line)
        and not line.startswith(NOT_RUN)
    ]
    assert unknown == []


def test_every_command_with_its_output_is_run():
    """The two of ``serve`` are held by the browser tests, which wait for it, and by the next."""
    shown = {
        command
        for page in PAGES
        for block in re.findall(r"```console\n(.*?)```", page.read_text("utf-8"), flags=re.DOTALL)
        for command in re.findall(r"^\$ (.+)$", block, flags=re.MULTILINE)
    }
    left = {command.removeprefix("python -m alslope ") for command in shown} - set(consoles())
    assert left == {"serve", "serve --port 8652"}


def test_a_port_that_is_taken_is_named_as_the_document_says(capsys):
    with socket.socket() as taken:
        taken.bind(("localhost", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert alslope.main(["serve", "--port", str(port)]) == 2
    text = (DOCS / "command-line.md").read_text("utf-8")
    shown = re.search(r"^\$ python -m alslope serve --port 8652\n(.+)$", text, re.MULTILINE)
    assert capsys.readouterr().err.strip() == shown[1].replace("8652", str(port))


def named() -> dict[str, str]:
    """Return what stands between backticks or as a line of shell in the documents."""
    found = dict.fromkeys(lines_of_shell(), "a block of shell")
    for page in PAGES:
        text = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
        found |= dict.fromkeys(re.findall(r"`([^`\n]+)`", text), page.name)
    return found


def test_every_module_that_is_to_be_started_exists_with_its_options():
    missing = []
    for words in named():
        start = re.search(r"python(?:3)? (?:-m )?((?:benchmarks|tests|deploy)[\w./]+)(.*)", words)
        if start is None:
            continue
        path = ROOT / f"{start[1].removesuffix('.py').replace('.', '/')}.py"
        missing += [words] if not path.is_file() else []
        source = path.read_text("utf-8") if path.is_file() else ""
        missing += [words for option in re.findall(r"--\w[\w-]*", start[2]) if option not in source]
    assert missing == []


def test_every_target_of_make_exists():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    asked = {words.split()[1] for words in named() if re.match(r"make [a-z-]+( |$)", words)}
    assert asked - targets == set()
    assert targets - asked == {"help"}


WRITTEN_BY_A_READER = ("deploy/login.yaml", ".streamlit/secrets.toml")


def test_every_file_and_folder_that_is_named_exists():
    folders = {path.name for path in ROOT.iterdir() if path.is_dir()}
    places = {
        words: page
        for words, page in named().items()
        if re.fullmatch(r"[\w.]+/[\w./*-]*", words) and words.split("/")[0] in folders
    }
    missing = {
        words: page
        for words, page in places.items()
        if words not in WRITTEN_BY_A_READER and not any(ROOT.glob(words.rstrip("/")))
    }
    assert len(places) > 50
    assert missing == {}


VISITS = """patient_id,transplant_date,visit_date,ALSFRS_R,FVC_percent
P02,2021-11-30,2021-05-30,41,88
P02,2021-11-30,2022-05-30,38,84
"""
EXAMPLES_OF_FILES: dict[str, tuple[int, set[str]]] = {
    "patient_id,transplant_date,visit_date,ALSFRS_R,FVC_percent": (10, set()),
    "patient,month,ALSFRS_R": (5, set()),
    "patient_id;ALSFRS-R -6;ALSFRS-R -3;ALSFRS-R 0;ALSFRS-R 3;ALSFRS-R 6": (10, set()),
    "id,transplant date,date visit 1,ALSFRS-R visit 1,date visit 2,ALSFRS-R visit 2": (2, set()),
    # A course with a visit before alone.
    "patient,transplant date,date,test,result,unit": (2, {"NO_POST_VISITS"}),
    # Events are read beside visits: those of the first example, and of a second patient.
    "patient,date,event": (14, {"MULTIPLE_TRANSPLANTS"}),
}
"""Values and findings of each example of a file, by its header."""


def examples_of_files() -> dict[str, str]:
    """Return the examples of files in the documents by their header."""
    found: dict[str, str] = {}
    for page in PAGES:
        for block in re.findall(r"```csv\n(.*?)```", page.read_text("utf-8"), flags=re.DOTALL):
            header = block.partition("\n")[0]
            assert found.setdefault(header, block) == block
    return found


def test_every_example_of_a_file_is_known():
    assert set(examples_of_files()) == set(EXAMPLES_OF_FILES)


@pytest.mark.parametrize("header", EXAMPLES_OF_FILES)
def test_an_example_of_a_file_is_read_without_a_question(header):
    examples = examples_of_files()
    texts = {"example.csv": examples[header]}
    if header == "patient,date,event":
        first = next(iter(EXAMPLES_OF_FILES))
        texts |= {"visits.csv": examples[first], "more.csv": VISITS}
    reading = read_files([UploadedFile(name, text.encode()) for name, text in texts.items()])
    values, codes = EXAMPLES_OF_FILES[header]
    assert reading.questions == ()
    assert {finding.code for finding in reading.findings} == codes
    assert reading.trial is not None
    assert len(reading.trial.measurements) == values
    if header == "patient,date,event":
        kinds = {"niv", "infection", "last_contact"}
        assert set(reading.trial.events["kind"]) == kinds


def test_the_example_of_a_settings_file_is_the_one_that_is_used():
    text = (DOCS / "command-line.md").read_text("utf-8")
    (block,) = re.findall(r"```json\n(.*?)```", text, flags=re.DOTALL)
    assert json.loads(block) == json.loads((EXAMPLES / "settings.json").read_text("utf-8"))


def test_the_index_names_every_document():
    index = (DOCS / "README.md").read_text("utf-8")
    names = {path.name for path in DOCS.glob("*.md")} - {"README.md"}
    assert {name for name in names if f"]({name}" not in index} == set()


def test_every_bundled_trial_is_shown_in_use():
    assert {f"compare {name}" for name in EXAMPLE_IDS} <= set(consoles())


@pytest.mark.parametrize("command", consoles())
def test_shown_output_is_what_the_command_prints(command, capsys, monkeypatch):
    monkeypatch.chdir(EXAMPLES)
    alslope.main(shlex.split(command))
    said, shown = capsys.readouterr(), consoles()[command].strip()
    # Findings of the reading may be left out in front; the result may not be cut.
    assert shown
    assert said.out.strip() in shown
    assert (said.err + said.out).strip().endswith(shown)


def analysis_with_an_item() -> str:
    """Return a saved analysis of the example file, with one exhibit for a presentation."""
    path = EXAMPLES / "visits.csv"
    trial = read_files([UploadedFile(path.name, path.read_bytes())]).trial
    assert trial is not None
    item = Item(Spot("results"), Settings(), trial.hash)
    return AnalysisFile.of(trial, Settings(), basket=(item,)).to_text()


@pytest.mark.slow
@pytest.mark.parametrize("command", commands())
def test_every_command_of_the_documents_can_be_carried_out(command, tmp_path, monkeypatch):
    for file in EXAMPLES.iterdir():
        shutil.copy(file, tmp_path)
    (tmp_path / "trials").mkdir()
    for name in ("one", "two"):
        shutil.copy(EXAMPLES / "visits.csv", tmp_path / "trials" / f"{name}.csv")
    (tmp_path / "analysis.json").write_text(analysis_with_an_item(), "utf-8")
    monkeypatch.chdir(tmp_path)
    words = [
        part
        for word in shlex.split(command)
        for part in (sorted(map(str, Path().glob(word))) if "*" in word else [word])
    ]
    assert alslope.main(words) == 0


def anchors(text: str) -> set[str]:
    """Return the anchors that GitHub makes of headings."""
    outside_code = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^#+ (.+)$", outside_code, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path):
    text = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        path, _, anchor = link.partition("#")
        target = page if not path else (page.parent / path).resolve()
        if re.match(r"\w+:", link):
            continue
        missing = not target.exists()
        if missing or (anchor and anchor not in anchors(target.read_text("utf-8"))):
            broken.append(link)
    assert broken == []


def test_every_page_of_methods_is_in_the_table_of_contents():
    text = (DOCS / "methods.md").read_text("utf-8")
    fragments = [path.name for path in DOCS.glob("methods-*.md")]
    assert [name for name in fragments if f"({name}" not in text] == []


def test_the_reference_to_cite_and_the_changelog_name_this_version():
    cited = (ROOT / "CITATION.cff").read_text("utf-8")
    assert f"version: {VERSION}\n" in cited
    assert f"ALSlope {VERSION} (" in (ROOT / "README.md").read_text("utf-8")
    assert f"## [{VERSION}]" in (ROOT / "CHANGELOG.md").read_text("utf-8")
