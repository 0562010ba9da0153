"""Damaged files, links and settings by the thousand, against everything that reads them.

Run as ``python -m tests.fuzz --minutes 10 --seed 1``; not a part of the tests, because it takes as
long as it is given. Valid files of every format are damaged byte by byte, inside their archives and
word by word. They are read in a process of this program, and one file in 25 by the real child
process. What must hold: nothing but a refusal is raised, a refusal names the file and says what to
do, no input takes too long or too much memory, and a file that breaks this process is refused by
the child process.

A finding is printed, and its input is saved. The exit code is 1 if there is any.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import zipfile
import zlib
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

from analysis.setting_fields import FIELDS
from analysis.setting_lists import LISTS
from analysis.settings import Settings
from analysis.variants import Variant
from data.files import RefusedFile, UploadedFile
from data.formats.opening import read_sheets
from data.formats.sandbox import CPU_SECONDS, MEMORY_BYTES, SheetReader
from data.published import parse_rows
from data.reading import Reading, read_trial
from data.recipe import CellFix, TrialRecipe
from data.table import Sheet
from report.analysis_file import AnalysisFile, AnalysisFileProblem
from tests.data.formats.test_formats_hostile import archive
from tests.data.formats.test_formats_statistical import WRITERS
from tests.data.make_upload_family import write
from ui import variant_links

MAX_SECONDS = 10
"""For what the server's own process does with an input."""
READING_SECONDS = 2 * CPU_SECONDS
"""For opening a file: twice what the child process has, which stops there by itself."""
MAX_SEED_BYTES = 400_000
MAX_TEXT = 1_000_000
CHILD_SHARE = 0.04
PART_SECONDS = 60
"""A part is a process of its own: what a file has left behind there does not pile up."""
UPLOADS = Path(__file__).parent / "uploads"
TABLES = (
    "csv",
    "tsv",
    "txt",
    "xlsx",
    "xlsm",
    "xls",
    "ods",
    "zip",
    "sav",
    "zsav",
    "dta",
    "por",
    "xpt",
    "html",
)
LIBRARY = [
    path.read_bytes() for path in (Path(__file__).parents[1] / "data").glob("published_*.csv")
]
OTHERS = ("analysis", "settings", "link", "published")
PAGE = (
    "<html><head><meta charset='utf-8'></head><table border=1><tr><th>patient_id</th>"
    "<th>transplant_date</th><th>visit_date</th><th>ALSFRS-R</th></tr><tr><td rowspan=2>P1</td>"
    "<td>2020-03-01</td><td>2020-01-01</td><td>40</td></tr><tr><td>2020-03-01</td>"
    "<td>2020-06-01</td><td>38</td></tr></table></html>"
)
PLAIN = (
    b"patient_id,transplant_date,visit_date,ALSFRS_R,FVC\nP1,2020-03-01,2020-01-05,40,80\n"
    b"P1,2020-03-01,2020-06-05,38,78\nP2,01/02/2020,2020-01-05,44,3.1\nP2,,03/04/2020,43,\n"
)


class TookTooLong(BaseException):
    """An input takes longer than it may; not an ``Exception``, so that no reader catches it."""


class Broken(Exception):
    """Something that was promised does not hold."""


@dataclass
class Tally:
    """What was tried, how it ended, and what was wrong."""

    tried: Counter[str] = field(default_factory=Counter)
    ended: Counter[str] = field(default_factory=Counter)
    findings: list[dict[str, str]] = field(default_factory=list)
    slowest: list[Any] = field(default_factory=lambda: [0.0, ""])

    def add(self, other: Mapping[str, Any]) -> None:
        """Add what a part has printed."""
        self.tried.update(other["tried"])
        self.ended.update(other["ended"])
        self.findings += other["findings"]
        self.slowest = max(self.slowest, other["slowest"])


@contextmanager
def within(seconds: int) -> Iterator[None]:
    """Stop what takes longer; only where the system can."""
    if not hasattr(signal, "setitimer"):
        yield
        return

    def stop(*_: object) -> None:
        raise TookTooLong

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


# ------------------------------------------------------------------------------------------------
# What is tried
# ------------------------------------------------------------------------------------------------
def write_seeds(folder: Path) -> None:
    """Write valid files of every format into a folder."""
    write(folder)
    for path in UPLOADS.iterdir():
        if path.is_file() and path.suffix[1:] in TABLES:
            (folder / path.name).write_bytes(path.read_bytes())
    for kind, store in WRITERS.items():
        store(folder / f"made.{kind.removesuffix('8')}")
    (folder / "page.html").write_text(PAGE)
    tables = {"visits.csv": PLAIN, "sub/page.xls": PAGE.encode(), "note.pdf": b"%PDF"}
    (folder / "made.zip").write_bytes(archive(dict(tables), packed=True))


def seeds_of(folder: Path) -> dict[str, list[Path]]:
    """Return the valid files by kind."""
    found: dict[str, list[Path]] = {kind: [] for kind in TABLES}
    for path in sorted(folder.iterdir()):
        small = path.is_file() and path.stat().st_size <= MAX_SEED_BYTES
        if small and path.suffix[1:] in found:
            found[path.suffix[1:]].append(path)
    return {kind: paths for kind, paths in found.items() if paths}


def good_analysis() -> dict[str, Any]:
    """Return a saved analysis with something in every part."""
    settings = Settings()
    fix = CellFix("v.csv", "", 2, "ALSFRS_R", "40", "41", "OUT_OF_RANGE")
    recipe = TrialRecipe(
        {"MAPPING": "patient=patient_id;visit_date=visit_date", "DATE_ORDER": "dmy"},
        {"v.csv": {"FVC": "fvc"}},
        (fix,),
    )
    variant = Variant("other", settings.with_(endpoints=("alsfrs_r",)))
    return AnalysisFile(recipe, settings, (variant,), "0" * 64, "Trial").to_json()


# ------------------------------------------------------------------------------------------------
# Damage
# ------------------------------------------------------------------------------------------------
WORDS = re.findall(
    r"\S+",
    """0 -1 1e400 -1e-400 nan inf 99999999999999999999 1,5 1.5.2020 0000-00-00 9999-12-31 1e5% ½ ٪
    13/13/13 =1+1 @x +x <b> ](x) \u202e \ufeff ۱۲۳ None true [] {} null "" ' ; | & % %FF %00 ~ P1
    60000 -60000 2958466 45000.999 1.7976931348623157e308 1900-02-29 1399/12/30 30/02/2020 M-6 Day
    patient_id visit_date Date FVC ALSFRS-R transplant_date ALSFRS-R_month_99999999999 month""",
)
NUMBERS = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 1 << 62)
DEEPEST = 1_200
"""About where Python's own reader of JSON gives up."""


def damaged_bytes(rng: random.Random, content: bytes, other: bytes) -> bytes:
    """Change, take out, repeat or exchange a few stretches of bytes."""
    new = bytearray(content)
    for _ in range(rng.choice([1, 1, 2, 4, 16])):
        # Headers decide most, so every other change is near the beginning.
        at = rng.randrange(min(len(new), rng.choice([600, 10**9])) + 1)
        size = rng.choice([1, 2, 4, 8, 30, 400])
        how = rng.randrange(7)
        if how == 0:
            new[at : at + size] = rng.randbytes(size)
        elif how == 1:
            width = rng.choice([1, 2, 4, 8])
            number = rng.choice(NUMBERS) % (1 << 8 * width)
            new[at : at + width] = number.to_bytes(width, rng.choice(["little", "big"]))
        elif how == 2:
            del new[at : at + size]
        elif how == 3:
            new[at:at] = new[at : at + size] * rng.choice([1, 2, 300])
        elif how == 4:
            start = rng.randrange(len(other) + 1)
            new[at : at + size] = other[start : start + size]
        elif how == 5 and rng.random() < 0.2:
            del new[at:]
        elif at < len(new):
            new[at] ^= 1 << rng.randrange(8)
    return bytes(new)


def damaged_text(rng: random.Random, text: str) -> str:
    """Exchange words, quotes and lines of a text."""
    parts = re.split(r"([,;\t\n\r\"<>=&|/ ]+)", text)
    for _ in range(rng.choice([1, 2, 5, 20])):
        at = rng.randrange(len(parts))
        how = rng.randrange(6)
        if how < 3:
            parts[at] = rng.choice(WORDS)
        elif how == 3:
            parts[at] = (parts[at] * rng.choice([0, 2, 3, 2_000]))[:MAX_TEXT]
        elif how == 4:
            other = rng.randrange(len(parts))
            parts[at], parts[other] = parts[other], parts[at]
        else:
            parts[at:at] = parts[max(0, at - rng.choice([2, 20, 200])) : at]
    return "".join(parts)[:MAX_TEXT]


def damaged(rng: random.Random, content: bytes, other: bytes) -> bytes:
    """Damage a file: outside, inside one member of an archive, or in its words."""
    if rng.random() < 0.8 and zipfile.is_zipfile(io.BytesIO(content)):
        with zipfile.ZipFile(io.BytesIO(content)) as old:
            members: dict[str, bytes | str] = {name: old.read(name) for name in old.namelist()}
        # Styles and themes are long and say little; sheets and texts are what is read.
        names = [name for name in members if "theme" not in name]
        for name in rng.sample(names, min(len(names), rng.choice([1, 1, 2]))):
            member = members[name]
            assert isinstance(member, bytes)
            members[name] = damaged(rng, member, other)
        return archive(members, packed=True)
    if b"\x00" not in content[:400] and rng.random() < 0.7:
        text = damaged_text(rng, content.decode("utf-8", "surrogateescape"))
        return text.encode(rng.choice(["utf-8"] * 9 + ["utf-16"]), "surrogatepass")
    return damaged_bytes(rng, content, other)


def damaged_json(rng: random.Random, plain: Any) -> bytes:
    """Exchange some of the values and names in JSON values, or damage the text."""
    text = json.dumps(plain)
    if rng.random() < 0.3:
        return damaged_text(rng, text).encode("utf-8", "replace")
    deep = rng.randrange(1, DEEPEST)
    junk = [rng.choice(WORDS), 10**400, -1, 0.5, True, None, [], {}, [[]], {"": {}}, [{}] * 30]
    values = [json.dumps(one) for one in junk] + ["[" * deep + "]" * deep, "1e999", '"[[["']
    values += ['{"a":' * deep + "1" + "}" * deep, json.dumps("[" * 5_000), '"' + "x" * 5_000 + '"']
    pieces = re.split(r'("[^"]*"|\[\]|\{\}|[\w.+-]+)', text)
    for _ in range(rng.choice([1, 1, 2, 5])):
        pieces[2 * rng.randrange(len(pieces) // 2) + 1] = rng.choice(values)
    return "".join(pieces).encode()


# ------------------------------------------------------------------------------------------------
# What must hold
# ------------------------------------------------------------------------------------------------
def check_refusal(refused: RefusedFile) -> str:
    """Check that a refusal names the file and says what to do; return its code."""
    found = refused.finding
    said = found.text.endswith(".") and found.next_step.endswith(".")
    if not (said and found.file and found.code.isupper()):
        raise Broken(f"a refusal that does not say enough: {found}")
    return found.code


def understood(sheets: Sequence[Sheet], recipe: TrialRecipe, rng: random.Random) -> str:
    """Make a trial of sheets, with every question answered somehow; return the last verdict."""
    reading = Reading("ask")
    for _ in range(4):
        reading = read_trial(sheets, recipe)
        answers: dict[str, str] = {}
        for question in reading.questions:
            options = [value for value, _ in question.options]
            answers[question.code] = rng.choice(options) if options else "patient=A"
            if question.parts and options:
                answers[question.code] = json.dumps(
                    {p: rng.choice(options) for p in question.parts}
                )
        if reading.verdict != "ask" or not answers:
            break
        recipe = recipe.with_answers(answers)
    errors = [finding for finding in reading.findings if finding.severity == "error"]
    if reading.verdict == "reject" and not any(e.text and e.next_step for e in errors):
        raise Broken("a rejected trial without a reason or without a next step")
    return reading.verdict


def try_file(file: UploadedFile, rng: random.Random, reader: SheetReader | None) -> str:
    """Read a file here or in the child process; return how it ended."""
    try:
        with within(READING_SECONDS):
            sheets = reader.read(file) if reader else read_sheets(file)
    except TookTooLong:
        if reader:
            raise
        return "would be stopped by the child's clock"
    except RefusedFile as refused:
        code = check_refusal(refused)
        if reader and "too large or too damaged" in refused.finding.text:
            # Honest, but it says less than a reader could: the child ended without an answer.
            return f"child ended: {code}"
        return f"refused {code}"
    with within(MAX_SECONDS):
        return understood(sheets, TrialRecipe(), rng)


def try_analysis(content: bytes, rng: random.Random) -> str:
    """Open a saved analysis, use its recipe, and save it again."""
    try:
        opened, problems = AnalysisFile.from_bytes(content)
    except AnalysisFileProblem as problem:
        if not str(problem):
            raise Broken("a refusal without a reason") from None
        return "refused"
    try:
        opened.to_text()
    except AnalysisFileProblem:
        return "too large to be saved"
    understood(read_sheets(UploadedFile("v.csv", PLAIN)), opened.recipe, rng)
    return "opened, with remarks" if problems else "opened"


def try_settings(content: bytes) -> str:
    """Read settings as JSON values, and write them in every form."""
    try:
        plain = json.loads(content)
    except (ValueError, RecursionError):
        return "no JSON"
    if not isinstance(plain, dict):
        return "no object"
    settings, problems = Settings.from_json(plain)
    return _written(settings, problems)


def _written(settings: Settings, problems: Sequence[str]) -> str:
    settings.differences()
    json.dumps(settings.to_json(), allow_nan=False)
    again, lost = Settings.from_query(settings.to_query())
    if lost or again.key != settings.with_(excluded_patients=(), points=()).key:
        raise Broken(f"a link does not give the same settings: {lost}")
    return "read, with remarks" if problems else "read"


def try_link(query: str) -> str:
    """Read the settings and variants of a link, and write the link again."""
    pairs = dict(parse_qsl(query, keep_blank_values=True))
    beside, vain = variant_links.from_link(
        {name: pairs.pop(name, "") for name in variant_links.PARAMETERS}
    )
    settings, problems = Settings.from_query(pairs)
    variant_links.to_link(beside, settings, with_names=True)
    return _written(settings, (*problems, *vain))


def try_published(content: bytes) -> str:
    """Read rows of published trials."""
    parsed = parse_rows(content, "own.csv")
    if any(not str(problem) for problem in parsed.problems):
        raise Broken("a problem without words")
    return "rows refused" if parsed.problems else "rows read"


# ------------------------------------------------------------------------------------------------
# Trying
# ------------------------------------------------------------------------------------------------
def chosen(
    rng: random.Random, seeds: Mapping[str, Sequence[Path]], reader: SheetReader
) -> tuple[str, str, bytes, Callable[[], str]]:
    """Return kind, name, content and trial of the next input."""
    kind = rng.choice([*seeds, *seeds, *OTHERS])
    if kind == "analysis":
        content = damaged_json(rng, good_analysis())
        return kind, "a.json", content, lambda: try_analysis(content, rng)
    if kind == "settings":
        content = damaged_json(rng, Settings().to_json())
        return kind, "s.json", content, lambda: try_settings(content)
    if kind == "link":
        pairs = _url_names(rng) | {"variant-1": f"a~{urlencode(_url_names(rng))}", "trial": "x"}
        query = urlencode(pairs)
        query = damaged_text(rng, query) if rng.random() < 0.6 else query
        return kind, "link.txt", query.encode("utf-8", "replace"), lambda: try_link(query)
    if kind == "published":
        content = damaged(rng, rng.choice(LIBRARY), PLAIN)
        return kind, "own.csv", content, lambda: try_published(content)
    path, other = rng.choice(seeds[kind]), rng.choice(seeds[rng.choice(list(seeds))])
    content = damaged(rng, path.read_bytes(), other.read_bytes())
    file = UploadedFile(path.name, content)
    through = reader if rng.random() < CHILD_SHARE else None
    label = f"{kind} (child)" if through else kind
    return label, path.name, content, lambda: try_file(file, rng, through)


def _url_names(rng: random.Random) -> dict[str, str]:
    urls = [spec.url for spec in FIELDS.values()] + [url for url, _ in LISTS.values()]
    words = [*WORDS, "9" * 5000, "yes", "alsfrs_r", "a-b", "[" * 5_000, "alsfrs_r,fvc", ""]
    return {url: rng.choice(words) for url in rng.sample(urls, min(len(urls), 5))}


def save(folder: Path, kind: str, name: str, content: bytes, error: str) -> dict[str, str]:
    """Save an input that broke something, with the error beside it."""
    mark = f"{zlib.crc32(content):08x}"
    target = folder / f"{mark}-{Path(name).name}"
    target.write_bytes(content)
    target.with_name(target.name + ".error.txt").write_text(error, "utf-8", "replace")
    last = error.strip().splitlines()
    place = [line.strip() for line in last if line.strip().startswith("File ")]
    said = f"{last[-1][:200]} @ {place[-1] if place else ''}"
    return {"kind": kind, "input": str(target), "said": said}


def part(seed: str, seconds: float, folder: Path) -> int:
    """Try inputs in this process, and write down what came of it."""
    # Somewhat more than the child has: this process holds the statistics as well.
    limit_memory()
    rng, seeds, tally = random.Random(seed), seeds_of(folder / "seeds"), Tally()
    running = folder / "running.json"
    end = time.monotonic() + seconds
    with SheetReader() as reader:
        while time.monotonic() < end:
            kind, name, content, attempt = chosen(rng, seeds, reader)
            kept = {"kind": kind, "name": name, "content": b64encode(content).decode()}
            running.write_text(json.dumps(kept))
            tally.tried[kind] += 1
            started = time.monotonic()
            try:
                if kind in OTHERS:
                    attempt = within(MAX_SECONDS)(attempt)
                tally.ended[attempt()] += 1
            except (Exception, TookTooLong):
                said = traceback.format_exc()
                tally.ended["FINDING"] += 1
                tally.findings.append(save(folder, kind, name, content, said))
            tally.slowest = max(tally.slowest, [time.monotonic() - started, kind])
            # After every input: what is known must not go with a process that ends.
            (folder / "tally.json").write_text(json.dumps(vars(tally)))
            running.unlink()
    return 0


def answered_by_child(kind: str, name: str, content: bytes) -> bool:
    """Whether the child process answers for a file that broke a process of this program."""
    if kind.removesuffix(" (child)") not in TABLES or "child" in kind:
        return False
    with SheetReader() as reader:
        try:
            reader.read(UploadedFile(name, content))
        except RefusedFile as refused:
            check_refusal(refused)
    return True


def limit_memory() -> None:
    """Limit the memory of this process, where the system can."""
    if sys.platform != "win32":
        import resource

        most = MEMORY_BYTES + 1024**3
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def main(minutes: float, seed: int, folder: Path) -> int:
    """Run parts until the time is over, and print the sum."""
    (folder / "seeds").mkdir(parents=True, exist_ok=True)
    write_seeds(folder / "seeds")
    total, end, number = Tally(), time.monotonic() + 60 * minutes, 0
    while (left := end - time.monotonic()) > 1:
        number += 1
        words = ["--part", f"{seed}.{number}", "--seconds", str(min(PART_SECONDS, left))]
        command = [sys.executable, "-m", "tests.fuzz", "--folder", str(folder), *words]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        if (folder / "tally.json").exists():
            total.add(json.loads((folder / "tally.json").read_text()))
            (folder / "tally.json").unlink()
        if ended.returncode == 0:
            continue
        if (folder / "running.json").exists():
            kept = json.loads((folder / "running.json").read_text())
            said = f"{ended.stderr[-3000:]}\nthe process ended with {ended.returncode}"
            content = b64decode(kept["content"])
            total.tried[kept["kind"]] += 1
            # Readers written in C can break their process: that is what the child is for.
            if answered_by_child(kept["kind"], kept["name"], content):
                total.ended["broke a process of its own, refused by the child"] += 1
            else:
                total.findings.append(save(folder, kept["kind"], kept["name"], content, said))
            (folder / "running.json").unlink()
        else:
            print(ended.stderr[-3000:])
            return 2
    print(f"seed {seed}, {minutes:g} minutes: {sum(total.tried.values()):,} inputs")
    print("tried:", ", ".join(f"{k} {n:,}" for k, n in sorted(total.tried.items())))
    print("ended:", ", ".join(f"{k} {n:,}" for k, n in total.ended.most_common()))
    print(f"slowest input: {total.slowest[0]:.1f} s ({total.slowest[1]})")
    print(f"findings: {len(total.findings)} in {folder}")
    for said, n in Counter(f["said"] for f in total.findings).most_common():
        first = next(f for f in total.findings if f["said"] == said)
        print(f"  {n} x {first['kind']}: {said}\n      {first['input']}")
    return 1 if total.findings else 0


if __name__ == "__main__":
    words = argparse.ArgumentParser(description="Damage files and read them.")
    words.add_argument("--minutes", type=float, default=10)
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--folder", type=Path, default=None, help="for inputs that break something")
    words.add_argument("--part", default="", help=argparse.SUPPRESS)
    words.add_argument("--seconds", type=float, default=60, help=argparse.SUPPRESS)
    given = words.parse_args()
    place = given.folder or Path(tempfile.mkdtemp(prefix="alslope-fuzz-"))
    sys.exit(
        part(given.part, given.seconds, place)
        if given.part
        else main(given.minutes, given.seed, place)
    )
