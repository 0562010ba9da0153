"""What breaks in mid-work ends in a clear message, and nothing is lost that was promised.

More of these stand beside what they are about; ``make faults`` runs them all: children that die or
take too long (reading, long computations), a server that restarts, two tabs of one person.
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from urllib.parse import urlsplit

import pytest

import data.date_styles
import data.dates
from benchmarks.visitor import Visitor
from data.examples.registry import registry_csv
from data.files import UploadedFile
from data.reading import read_files
from tests.browser.driver import Server
from tests.conftest import ROOT

pytestmark = pytest.mark.fault
FIELD = "Tables of visits: Excel, CSV, ODS, SPSS, Stata, SAS or zip"
SMALL = 20_000


def limited(arguments: list[str], most_bytes: int) -> subprocess.CompletedProcess[str]:
    """Run the command line where no file may grow beyond some bytes, as on a full disk."""
    import resource

    return subprocess.run(
        [sys.executable, "-m", "alslope", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes)),
    )


@pytest.mark.skipif(sys.platform == "win32", reason="no limits of file size there")
def test_a_full_disk_is_said_and_the_earlier_file_stays(tmp_path):
    deck = tmp_path / "presentation.pptx"
    deck.write_bytes(b"the deck of yesterday")
    ended = limited(["report", "after-shamsaei-2023", "--out", str(tmp_path)], SMALL)
    assert ended.returncode != 0
    assert f"{deck}: File too large. Nothing was written there." in ended.stderr
    assert "Traceback" not in ended.stderr
    assert deck.read_bytes() == b"the deck of yesterday"
    assert os.listdir(tmp_path) == ["presentation.pptx"]


@pytest.mark.skipif(sys.platform == "win32", reason="no limits of file size there")
def test_a_full_disk_while_a_table_is_written_is_said(tmp_path):
    table = tmp_path / "table.csv"
    ended = limited(["read", "data/examples/after_shamsaei_2023.csv", "--table", str(table)], 1_000)
    assert ended.returncode != 0
    assert f"{table}: File too large. Nothing was written there." in ended.stderr
    assert os.listdir(tmp_path) == []


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "taken").write_text("a file")
    deck = tmp_path / "taken" / "deck"
    ended = subprocess.run(
        [sys.executable, "-m", "alslope", "report", "after-shamsaei-2023", "--out", str(deck)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode != 0
    assert "Not a directory" in ended.stderr or "Nothing was written there" in ended.stderr
    assert "Traceback" not in ended.stderr


class WrongClock(date):
    """A computer whose clock starts in 1970, as without a battery."""

    @classmethod
    def today(cls) -> WrongClock:
        return cls(1970, 1, 1)


def test_a_clock_that_is_wrong_changes_no_date_in_silence(monkeypatch):
    rows = ["patient_id,transplant_date,visit_date,alsfrs_r"]
    rows += [
        f"P0{p},2021-03-15,20{y}-06-1{p},4{9 - p - (y - 20)}" for p in (1, 2) for y in (20, 21)
    ]
    iso = "\n".join(rows).encode()
    short = iso.replace(b"2021-03-15", b"15.03.21")
    for p in (1, 2):
        for y in (20, 21):
            short = short.replace(f"20{y}-06-1{p}".encode(), f"1{p}.06.{y}".encode())
    now = read_files([UploadedFile("a.csv", iso)])
    monkeypatch.setattr(data.dates, "date", WrongClock)
    monkeypatch.setattr(data.date_styles, "date", WrongClock)
    then = read_files([UploadedFile("a.csv", iso)])
    assert now.trial is not None
    assert then.trial is not None
    assert then.trial.hash == now.trial.hash
    guessed = read_files([UploadedFile("a.csv", short)])
    assert guessed.trial is None
    assert "the century of the two-digit year is not certain" in str(guessed.findings)


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


def cut_off(address: str, url: str, token: str) -> None:
    """Begin an upload, send half of what was announced, and go."""
    parts = urlsplit(address)
    head = (
        f"PUT {url} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Length: 100000\r\n"
        "Content-Type: multipart/form-data; boundary=x\r\n"
        f"X-Xsrftoken: {token}\r\nCookie: _streamlit_xsrf={token}\r\n\r\n"
    )
    part = '--x\r\nContent-Disposition: form-data; name="file"; filename="v.csv"\r\n\r\n'
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=20) as line:
        line.sendall((head + part).encode() + b"patient_id," * 2_000)


def test_an_upload_that_breaks_off_leaves_the_session_as_it_was(server):
    async def visit() -> None:
        address = server.address.rstrip("/")
        async with Visitor(address) as visitor, Visitor(address) as other:
            await visitor.run()
            await other.run()
            await visitor.run("your-trial")
            urls = await visitor.upload_urls("v.csv")
            await asyncio.to_thread(cut_off, address, urls.upload_url, visitor.token)
            await visitor.run()
            assert "10 analysed of 10 loaded" in visitor.texts()
            await visitor.upload(FIELD, "v.csv", registry_csv(9))
            await visitor.run()
            assert "of 9 loaded" in visitor.texts()
            await other.run()
            assert "10 analysed of 10 loaded" in other.texts()

    apart(visit())
    assert "patient_id" not in server.log.read_text("utf-8", "replace")


def test_a_file_that_is_no_table_is_refused_and_the_trial_stays(server):
    async def visit() -> None:
        async with Visitor(server.address.rstrip("/")) as visitor:
            await visitor.run()
            await visitor.run("your-trial")
            await visitor.upload(FIELD, "v.xlsx", b"PK\x03\x04" + bytes(2_000))
            await visitor.run()
            assert "10 analysed of 10 loaded" in visitor.texts()

    apart(visit())
