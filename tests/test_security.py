"""What docs/security.md promises and no other test holds: the server's doors, errors, the lock."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import socket
import sys
import time
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import requests
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from benchmarks.visitor import Visitor
from data.files import RefusedFile, UploadedFile
from data.formats import cells
from data.formats.opening import read_sheets
from data.formats.refusals import MAX_CELLS, MAX_COLUMNS, MAX_ROWS, check_table
from data.questions import check_answer
from data.reading import read_files
from data.table import LONGEST_TEXT, Sheet, searchable, sheet_of_rows, shortened, without_gaps
from tests.browser.driver import Server
from tests.conftest import ROOT
from tests.data.formats.test_formats_hostile import archive, workbook, workbook_with
from tests.data.make_upload_family import biff_bytes
from ui import quiet_log

PLANTED = "PLANTED77X"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    running = Server(tmp_path_factory.mktemp("server") / "log.txt")
    running.start()
    yield running
    running.stop()


def apart(visit: Coroutine[None, None, None]) -> None:
    """Run a visit in a thread: where browser tests run too, this one has a loop of its own."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, visit).result()


def test_the_server_listens_on_this_machine_alone(server):
    listening = (ROOT / ".streamlit" / "config.toml").read_text("utf-8")
    assert 'address = "localhost"' in listening
    assert "Uvicorn server started on localhost" in server.log.read_text("utf-8", "replace")


def test_an_upload_without_the_token_of_the_page_is_refused(server):
    async def visit() -> None:
        address = server.address.rstrip("/")
        async with Visitor(address) as visitor:
            await visitor.run()
            urls = await visitor.upload_urls("v.csv")
            for headers in (
                {},
                {"X-Xsrftoken": visitor.token},
                {"Cookie": f"_streamlit_xsrf={visitor.token}"},
                {"X-Xsrftoken": "made up", "Cookie": f"_streamlit_xsrf={visitor.token}"},
            ):
                said = await asyncio.to_thread(
                    requests.put,
                    address + urls.upload_url,
                    files={"file": ("v.csv", b"a,b\n1,2\n")},
                    headers=headers,
                    timeout=20,
                )
                assert said.status_code == 403, headers

    apart(visit())


def test_an_upload_to_a_session_that_is_not_there_is_refused(server):
    address = server.address.rstrip("/")
    token = Visitor(address)._xsrf_token()
    said = requests.put(
        f"{address}/_stcore/upload_file/no-such-session/1",
        files={"file": ("v.csv", b"a,b\n1,2\n")},
        headers={"X-Xsrftoken": token, "Cookie": f"_streamlit_xsrf={token}"},
        timeout=20,
    )
    assert said.status_code == 400


def test_another_site_cannot_open_a_session(server):
    async def visit() -> None:
        with pytest.raises(InvalidStatus) as refused:
            await connect(
                server.address.replace("http", "ws").rstrip("/") + "/_stcore/stream",
                origin="https://elsewhere.example",  # type: ignore[arg-type]
                subprotocols=["streamlit"],  # type: ignore[list-item]
            )
        assert refused.value.response.status_code == 403

    apart(visit())


def test_a_file_above_the_limit_is_refused_by_the_server_itself(server):
    async def visit() -> None:
        address = server.address.rstrip("/")
        async with Visitor(address) as visitor:
            await visitor.run()
            urls = await visitor.upload_urls("v.csv")
            said = await asyncio.to_thread(
                requests.put,
                address + urls.upload_url,
                files={"file": ("v.csv", bytes(52 * 1024 * 1024))},
                headers={
                    "X-Xsrftoken": visitor.token,
                    "Cookie": f"_streamlit_xsrf={visitor.token}",
                },
                timeout=60,
            )
            assert said.status_code == 413

    apart(visit())


def test_an_error_shows_no_value_on_the_page_and_leaves_none_in_the_log(tmp_path, monkeypatch):
    broken = tmp_path / "broken.py"
    broken.write_text(
        "import sys\n"
        f"sys.path.insert(0, {str(ROOT)!r})\n"
        "from ui import quiet_log\n"
        "quiet_log.install()\n"
        f"int({PLANTED!r})\n"
    )
    log = tmp_path / "log.txt"
    running = Server(log)
    monkeypatch.setattr("tests.browser.driver.APP", str(broken))
    running.start(ask="_stcore/health")

    async def visit() -> None:
        async with Visitor(running.address.rstrip("/")) as visitor:
            with pytest.raises(Exception, match="redacted"):
                await visitor.run()
            assert PLANTED.encode() not in visitor.received

    try:
        apart(visit())
    finally:
        running.stop()
    said = log.read_text("utf-8", "replace")
    assert "ValueError (text left out)" in said
    assert "broken.py" in said
    assert f"invalid literal for int() with base 10: '{PLANTED}'" not in said


def test_a_log_record_keeps_place_and_type_of_an_error(caplog):
    quiet_log.install()
    try:
        int(PLANTED)
    except ValueError:
        logging.getLogger("alslope.test").exception("it failed in %s", "here")
    assert "it failed in here" in caplog.text
    assert "test_security.py" in caplog.text
    assert "ValueError (text left out)" in caplog.text
    assert "invalid literal" not in caplog.text


LOCKED = re.compile(r"^([a-z0-9-]+)==(\S+)(?: ; (.*?))? \\$", re.MULTILINE)


def test_the_lock_holds_every_requirement_with_hashes():
    text = (ROOT / "requirements.lock").read_text("utf-8")
    locked = {name: version for name, version, _ in LOCKED.findall(text)}
    for part in LOCKED.split(text)[4::4]:
        assert len(re.findall(r"--hash=sha256:[0-9a-f]{64}", part)) >= 1
    for line in (ROOT / "requirements.txt").read_text("utf-8").splitlines():
        if pinned := re.match(r"([A-Za-z0-9._-]+)==(\S+)", line):
            name = re.sub(r"[-_.]+", "-", pinned[1]).lower()
            assert locked[name] == pinned[2], line


@pytest.mark.skipif(sys.platform == "win32", reason="other names there")
def test_no_code_loads_a_pickle_of_a_user():
    users = [
        str(path.relative_to(ROOT))
        for folder in ("data", "analysis", "report", "ui", "pages")
        for path in (ROOT / folder).rglob("*.py")
        if re.search(r"^\s*(import|from) (pickle|marshal|shelve)\b", path.read_text("utf-8"), re.M)
    ]
    # Both ends of this one are the same program.
    assert users == ["analysis/heavy_wire.py"]


# ------------------------------------------------------------------------------------------------
# What a hostile file can do to the server's own process, and limits that no other test holds
# ------------------------------------------------------------------------------------------------
HEAD = "patient_id,transplant_date,visit_date,ALSFRS_R,notes"


def opened_sheets(content: bytes, name: str) -> list[Sheet]:
    return read_sheets(UploadedFile(name, content))


def refusal(content: bytes, name: str) -> str:
    with pytest.raises(RefusedFile) as refused:
        opened_sheets(content, name)
    assert refused.value.finding.file == name
    assert refused.value.finding.next_step.endswith(".")
    return refused.value.finding.code


@pytest.mark.parametrize("letters", ["year", "_1", " ", "((a", "1-", " ±1", "\t", "٣"])
@pytest.mark.parametrize("place", ["a header", "a note", "a day"])
def test_no_text_of_a_file_takes_its_square_in_time(letters, place):
    """A header of 300,000 letters took minutes before long texts were shortened."""
    long = (letters * 300_000)[:300_000] + "x"
    header = f"{HEAD},{long}" if place == "a header" else f"{HEAD},other"
    rows = [f"P{p},2020-03-01,2020-0{m}-05,{40 - m},,1" for p in range(3) for m in (1, 5, 8)]
    rows[0] = {
        "a note": f"P0,2020-03-01,2020-01-05,39,{long},1",
        "a day": f"P0,2020-03-01,{long},39,,1",
        "a header": rows[0],
    }[place]
    started = time.process_time()
    reading = read_files([UploadedFile("v.csv", "\n".join([header, *rows]).encode())])
    assert time.process_time() - started < 5
    assert reading.trial is not None
    assert reading.trial.patient_ids == ("P0", "P1", "P2")


def test_long_texts_are_shortened_and_stay_different():
    assert shortened("8" * LONGEST_TEXT) == "8" * LONGEST_TEXT
    one, other = shortened("8" * 5_000), shortened("8" * 5_001)
    assert one != other
    assert len(one) <= LONGEST_TEXT
    assert not one.isdecimal()
    note = "a note that is long enough  to be looked at, and not too long"
    assert without_gaps(note) == note
    assert without_gaps("ALSFRS-R" + " " * 3_000 + "total") == "ALSFRS-R total"
    assert without_gaps("a" * 50 + " \n" * 30 + "b") == "a" * 50 + "\nb"


@pytest.mark.parametrize(("many", "longest"), [(1, 5_000), (2, LONGEST_TEXT)])
def test_long_texts_stay_where_they_are_few(many, longest):
    rows = [[f"{at}" + "y" * 4_999] for at in range(many)]
    (sheet,) = searchable([sheet_of_rows("v.csv", "", rows)])
    assert max(len(text) for text in sheet.texts()) <= longest
    assert len(set(sheet.columns[0].list())) == many


def test_patients_whose_names_differ_late_stay_two():
    names = ["A" * 9_000 + "1", "A" * 9_000 + "2"]
    rows = [f"{n},2020-03-01,2020-0{m}-05,{40 - m}," for n in names for m in (1, 5)]
    trial = read_files([UploadedFile("v.csv", "\n".join([HEAD, *rows]).encode())]).trial
    assert trial is not None
    assert len(trial.patient_ids) == 2


@pytest.mark.parametrize("answer", ["[" * 100_000, '{"a":' * 100_000])
def test_an_answer_of_nested_brackets_is_no_answer(answer):
    """Answers come from saved analyses too; Python's reader of JSON gives up on these."""
    assert check_answer("DATE_ORDER_INCONSISTENT", answer)
    csv = f"{HEAD}\nP1,2020-03-01,2020-01-05,40,\n".encode()
    read_files([UploadedFile("v.csv", csv)], {"MAPPING": answer})


def test_a_stray_cell_in_an_old_workbook_costs_one_row():
    table: list[list[Any]] = [["patient_id", "score"], *[["P1", 0]] * 200]
    table += [*[[""] * 250] * 3_000, [""] * 249 + ["stray"]]
    (sheet,) = opened_sheets(biff_bytes(table), "t.xls")
    assert sheet.row_numbers.tolist() == [*range(1, 202), 3_202]
    assert sheet.row(1)[:2] == ["P1", "0"]


@pytest.mark.parametrize(
    ("rows", "columns", "code"),
    [
        (MAX_ROWS + 1, 1, "TOO_LARGE_DIMENSIONS"),
        (MAX_CELLS // 1_000 + 1, 1_000, "TOO_LARGE_DIMENSIONS"),
        (1, MAX_COLUMNS + 1, "TOO_MANY_COLUMNS"),
    ],
)
def test_a_table_has_at_most_so_many_rows_cells_and_columns(rows, columns, code):
    with pytest.raises(RefusedFile) as refused:
        check_table(UploadedFile("t.csv", b""), rows, columns)
    assert refused.value.finding.code == code
    check_table(UploadedFile("t.csv", b""), MAX_CELLS // 1_000, 1_000)


@pytest.mark.parametrize("limit", ["MAX_SHEET_ROWS", "MAX_SHEET_CELLS", "MAX_CELLS"])
def test_a_sheet_of_a_workbook_has_its_limits(limit, monkeypatch):
    assert len(opened_sheets(workbook(), "t.xlsx")) == 1
    monkeypatch.setattr(cells, limit, 40)
    assert refusal(workbook(), "t.xlsx") == "TOO_LARGE_DIMENSIONS"


def test_what_an_archive_unpacks_to_has_a_limit_of_its_own(monkeypatch):
    content = archive({"a.csv": "a,b\n" * 500})
    monkeypatch.setattr("data.formats.archive.MAX_EXPANDED_BYTES", 1_000)
    assert refusal(content, "t.zip") == "TOO_LARGE_UNCOMPRESSED"


def test_an_archive_that_lies_about_a_size_is_damaged():
    content = bytearray(archive({"a.csv": b"0" * 20_000_000}, packed=True))
    size = (20_000_000).to_bytes(4, "little")
    assert content.count(size) == 2
    assert refusal(bytes(content.replace(size, (900).to_bytes(4, "little"))), "t.zip") == "CORRUPT"


@pytest.mark.parametrize("depth", [1_000, 100_000])
def test_nesting_without_end_breaks_no_reader(depth):
    page = "<html><table><tr><td>" + "<div>" * depth + "x</td></tr></table></html>"
    with suppress(RefusedFile):
        opened_sheets(page.encode(), "t.html")
    sheet = "<worksheet>" + "<sheetData>" * depth + "</sheetData>" * depth + "</worksheet>"
    with suppress(RefusedFile):
        opened_sheets(workbook_with("xl/worksheets/sheet1.xml", sheet), "t.xlsx")


def test_a_hostile_name_of_a_file_is_only_shown():
    for name in ("../../etc/passwd", "/etc/passwd", "a\x00b.csv", "=cmd()|x.csv", "x" * 50_000):
        rows = [f"P{p},2020-03-01,2020-0{m}-05,{40 - m}," for p in range(3) for m in (1, 5)]
        reading = read_files([UploadedFile(name, "\n".join([HEAD, *rows]).encode())])
        assert reading.trial is not None
        assert max(map(len, reading.trial.measurements["file"])) <= LONGEST_TEXT


# ------------------------------------------------------------------------------------------------
# What the server and the pipeline would do by themselves
# ------------------------------------------------------------------------------------------------
@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_large_upload_touches_no_file(server):
    def files() -> list[str]:
        folder = Path(f"/proc/{server.process.pid}/fd")
        links = [os.readlink(link) for link in folder.iterdir() if link.is_symlink()]
        return [link for link in links if link.endswith("(deleted)")]

    def half(url: str, token: str) -> list[str]:
        head = (
            f"PUT {url} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 8000000\r\n"
            "Content-Type: multipart/form-data; boundary=x\r\n"
            f"X-Xsrftoken: {token}\r\nCookie: _streamlit_xsrf={token}\r\n\r\n"
            '--x\r\nContent-Disposition: form-data; name="file"; filename="v.csv"\r\n\r\n'
        )
        with socket.create_connection(("localhost", server.port), timeout=20) as line:
            line.sendall(head.encode() + b"patient_id," * 400_000)
            for _ in range(20):
                if held := files():
                    return held
                time.sleep(0.1)
        return []

    async def visit() -> list[str]:
        async with Visitor(server.address.rstrip("/")) as visitor:
            await visitor.run()
            urls = await visitor.upload_urls("v.csv")
            return await asyncio.to_thread(half, urls.upload_url, visitor.token)

    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(asyncio.run, visit()).result() == []


def test_a_pipeline_without_advisories_fails():
    """Without ``--strict``, pip-audit passes although it could ask nothing."""
    assert "pip_audit --strict" in (ROOT / ".github/workflows/ci.yml").read_text("utf-8")
