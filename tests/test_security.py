"""What docs/security.md promises and no other test holds: the server's doors, errors, the lock."""

from __future__ import annotations

import asyncio
import logging
import re
import sys
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from benchmarks.visitor import Visitor
from tests.browser.driver import Server
from tests.conftest import ROOT
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
