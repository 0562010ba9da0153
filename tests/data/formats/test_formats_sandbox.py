"""The child process: one for each file, limited, and never trusted."""

from __future__ import annotations

import io
import json
import sys
import threading
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from data.files import RefusedFile, UploadedFile
from data.formats.opening import read_sheets
from data.formats.refusals import MAX_CELLS, MAX_ROWS
from data.formats.sandbox import SheetReader
from data.formats.wire import LENGTH, Answer, InvalidAnswer, encode_refusal, encode_sheets
from data.table import Sheet

ROOT = Path(__file__).resolve().parents[3]
UPLOADS = ROOT / "tests" / "uploads"
SMALL = UploadedFile("t.csv", b"id,x\nP1,40\nP2,38\n")
on_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")


def same(left: list[Sheet], right: list[Sheet]) -> bool:
    def plain(sheet: Sheet) -> tuple:
        columns = tuple(tuple(column.list()) for column in sheet.columns)
        about = (sheet.file, sheet.name, sheet.hidden, sheet.merged, sheet.names, sheet.labels)
        return (*about, columns, tuple(sheet.row_numbers.tolist()))

    return [plain(s) for s in left] == [plain(s) for s in right]


def endless(rows: int = 250_000) -> UploadedFile:
    """Return a small file that takes seconds to read: it says how often its cells repeat."""
    cell = (
        '<table:table-cell table:number-columns-repeated="16" office:value-type="float" '
        'office:value="1"/>'
    )
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr(
            "content.xml",
            '<d xmlns:office="o" xmlns:table="t"><table:table><table:table-row '
            f'table:number-rows-repeated="{rows}">{cell}</table:table-row></table:table></d>',
        )
    return UploadedFile("t.ods", stream.getvalue())


def idle_pid(reader: SheetReader) -> int:
    reader.warm()
    return reader._idle[0].process.pid


def limits_in_force(pid: int, seconds: float = 30) -> dict[str, list[str]]:
    """Return the limits of a child once it has set them, which a busy machine delays."""
    end = time.monotonic() + seconds
    while True:
        limits = {
            line[:26].strip(): line[26:].split()[:2]
            for line in Path(f"/proc/{pid}/limits").read_text().splitlines()[1:]
        }
        # The memory is limited last.
        if limits["Max address space"][0] != "unlimited" or time.monotonic() > end:
            return limits
        time.sleep(0.1)


@pytest.fixture
def reader():
    with SheetReader() as made:
        yield made


@pytest.mark.parametrize(
    "name", ["L01_long_tidy.csv", "L04_two_sheets.xlsx", "S05_sdtm_qs.xpt", "X02_far_cell.xlsx"]
)
def test_the_child_reads_what_this_process_reads(reader, name):
    file = UploadedFile(name, (UPLOADS / name).read_bytes())
    assert same(reader.read(file), read_sheets(file))


def test_refusals_come_through_with_their_row(reader):
    with pytest.raises(RefusedFile) as refused:
        reader.read(UploadedFile("t.csv", b'a,b\n1,2\n3,"4\n'))
    finding = refused.value.finding
    assert (finding.code, finding.row, finding.file) == ("UNPARSEABLE", 3, "t.csv")


def test_every_file_has_its_own_child_that_ends(reader):
    pids = []
    for _ in range(3):
        pids.append(idle_pid(reader))
        child = reader._idle[0]
        reader.read(SMALL)
        assert not child.alive
    assert len(set(pids)) == 3


@pytest.mark.fault
def test_a_dead_idle_child_is_replaced(reader):
    idle_pid(reader)
    reader._idle[0].process.kill()
    reader._idle[0].process.wait()
    assert len(reader.read(SMALL)) == 1


@pytest.mark.fault
def test_a_child_that_is_killed_while_it_reads_is_a_refusal(reader):
    idle_pid(reader)
    child = reader._idle[0]
    killer = threading.Timer(0.6, child.process.kill)
    killer.start()
    with pytest.raises(RefusedFile, match="too large or too damaged to be read safely"):
        reader.read(endless())
    killer.join()
    assert len(reader.read(SMALL)) == 1


@pytest.mark.fault
def test_a_file_that_takes_too_long_is_a_refusal():
    with SheetReader(wall_seconds=0.5) as reader:
        idle_pid(reader)
        time.sleep(0.5)
        started = time.monotonic()
        with pytest.raises(RefusedFile) as refused:
            reader.read(endless())
    assert refused.value.finding.code == "TOO_LARGE_UNCOMPRESSED"
    assert time.monotonic() - started < 3


@on_linux
def test_processor_time_is_limited(monkeypatch):
    monkeypatch.setattr("data.formats.sandbox.CPU_SECONDS", 0)
    with SheetReader() as reader, pytest.raises(RefusedFile) as refused:
        reader.read(endless())
    assert refused.value.finding.code == "TOO_LARGE_UNCOMPRESSED"


@on_linux
def test_memory_is_limited(monkeypatch):
    monkeypatch.setattr("data.formats.sandbox.MEMORY_BYTES", 400 * 2**20)
    text = "\n".join(f"{i},{i},{i},{i},{i}" for i in range(900_000))
    with SheetReader() as reader, pytest.raises(RefusedFile) as refused:
        reader.read(UploadedFile("t.csv", text.encode()))
    assert refused.value.finding.code == "TOO_LARGE_UNCOMPRESSED"


@on_linux
def test_the_child_has_no_environment_and_may_not_write(reader, monkeypatch):
    monkeypatch.setenv("SECRET_TOKEN", "secret")
    reader.read(SMALL)
    pid = idle_pid(reader)
    limits = limits_in_force(pid)
    environment = Path(f"/proc/{pid}/environ").read_bytes()
    assert b"SECRET" not in environment
    assert b"HOME=" not in environment
    assert limits["Max file size"] == ["0", "0"]
    assert limits["Max core file size"] == ["0", "0"]
    assert limits["Max open files"] == ["32", "32"]
    assert int(limits["Max address space"][0]) <= 2 * 2**30
    assert reader.limited


def test_threads_share_a_reader():
    with SheetReader(concurrent=2) as reader, ThreadPoolExecutor(6) as threads:
        files = [UploadedFile(f"{i}.csv", f"id,x\nP{i},{i}\n".encode()) for i in range(12)]
        for i, sheets in enumerate(threads.map(reader.read, files)):
            assert sheets[0].row(1) == [f"P{i}", str(i)]
        assert len(reader._idle) <= 2


def test_a_closed_reader_reads_nothing_and_leaves_no_child():
    reader = SheetReader()
    idle_pid(reader)
    child = reader._idle[0]
    reader.close()
    assert not child.alive
    with pytest.raises(ValueError, match="closed"):
        reader.read(SMALL)


@pytest.mark.parametrize("module", ["sandbox", "worker", "wire"])
def test_nothing_is_pickled(module):
    source = (ROOT / "data" / "formats" / f"{module}.py").read_text()
    imports = [line for line in source.splitlines() if line.startswith(("import ", "from "))]
    assert not [line for line in imports if "pickle" in line or "marshal" in line]
    assert "multiprocessing" not in source


def answer(header: object, arrays: bytes = b"") -> list[Sheet]:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    stream = io.BytesIO(LENGTH.pack(len(text)) + text + arrays)

    def exactly(size: int) -> bytes:
        piece = stream.read(size)
        if len(piece) < size:
            raise InvalidAnswer("short")
        return piece

    return Answer(SMALL, exactly).sheets()


def described(**changes: object) -> dict:
    sheet = {"file": "t", "name": "", "rows": 1, "hidden": False, "merged": [], "names": None}
    sheet |= {"labels": [], "columns": [{"width": 1, "texts": ["a"]}]}
    return {"sheets": [sheet | changes]}


def test_an_honest_answer_is_accepted():
    sheets = read_sheets(SMALL)
    header, arrays = encode_sheets(sheets)
    assert same(answer(header, b"".join(arrays)), sheets)
    assert answer(described(), b"\1\0\0\0\0")[0].row(0) == ["a"]


@pytest.mark.parametrize(
    ("header", "arrays"),
    [
        (b"no json", b""),
        (b"[" * 100_000, b""),
        ([], b""),
        ({}, b""),
        ({"sheets": None}, b""),
        ({"sheets": [described()] * 3}, b""),
        (described(), b"\1\0\0\0\1"),
        (described(), b"\1\0\0\0"),
        (described(rows=-1), b""),
        (described(rows=MAX_ROWS + 1), b""),
        (described(rows=True), b""),
        (described(rows=MAX_ROWS, columns=[{"width": 1, "texts": [""]}] * 100), b""),
        (described(columns=[{"width": 8, "texts": ["a"]}]), bytes(16)),
        (described(columns=[{"width": 1, "texts": [1]}]), bytes(16)),
        (described(columns="ab"), bytes(16)),
        (described(names=["a", "b"]), bytes(16)),
        (described(labels=[None]), bytes(16)),
        (described(merged=[[0, 0, 5, 0]]), bytes(16)),
        (described(merged=[[0, 0, 0]]), bytes(16)),
        (described(file=7), bytes(16)),
        ({"refusal": {"code": "<script>", "text": "", "next_step": "", "file": ""}}, b""),
        ({"refusal": "no"}, b""),
    ],
)
def test_a_dishonest_answer_is_not_used(header, arrays):
    with pytest.raises(InvalidAnswer):
        answer(header, arrays)


def test_words_of_a_refusal_are_cut_short():
    with pytest.raises(RefusedFile) as honest:
        read_sheets(UploadedFile("t.csv", b""))
    with pytest.raises(RefusedFile) as caught:
        answer(encode_refusal(honest.value.finding).replace(b"is empty", b"x" * 9_000))
    assert len(caught.value.finding.text) <= 1_000
    assert MAX_CELLS > 0
