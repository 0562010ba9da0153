"""A visitor without a browser: the messages that Streamlit's front end exchanges with the server.

Thirty browsers would measure the machine that runs them; thirty of these measure the server.
"""

from __future__ import annotations

import asyncio
import time
import urllib.request
from dataclasses import dataclass, field
from typing import Any, Self
from uuid import uuid4

import requests
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect

_LARGEST = 200_000_000


class ServerError(RuntimeError):
    """The server's script ended with an error, or the server said no."""


@dataclass
class Visitor:
    """One session, from the first request to the closed connection.

    Parameters
    ----------
    address
        Of the server, such as ``http://localhost:8501``.
    seconds
        The longest wait for one answer.
    """

    address: str
    seconds: float = 120.0
    times: list[float] = field(default_factory=list)
    received: bytearray = field(default_factory=bytearray)
    session: str = ""
    _pages: dict[str, str] = field(default_factory=dict)
    _page: str = ""
    _widgets: dict[str, WidgetState] = field(default_factory=dict)
    _seen: dict[tuple[str, str], Any] = field(default_factory=dict)
    _query: str = ""
    token: str = ""
    _socket: ClientConnection | None = None

    async def __aenter__(self) -> Self:
        self.token = await asyncio.to_thread(self._xsrf_token)
        self._socket = await connect(
            self.address.replace("http", "ws", 1) + "/_stcore/stream",
            subprotocols=["streamlit", self.token],  # type: ignore[list-item]
            additional_headers={"Cookie": f"_streamlit_xsrf={self.token}"},
            origin=self.address,  # type: ignore[arg-type]
            max_size=_LARGEST,
            open_timeout=self.seconds,
            ping_timeout=None,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._socket is not None:
            await self._socket.close()

    def _xsrf_token(self) -> str:
        with urllib.request.urlopen(f"{self.address}/_stcore/health", timeout=self.seconds) as said:
            for cookie in said.headers.get_all("Set-Cookie") or ():
                name, _, rest = cookie.partition("=")
                if name == "_streamlit_xsrf":
                    return str(rest.partition(";")[0])
        return ""

    async def run(self, page: str | None = None) -> float:
        """Run the app, on another page if one is named, and return the seconds it took."""
        message = BackMsg()
        asked = message.rerun_script
        asked.query_string = self._query
        asked.page_script_hash = self._page
        if page is not None and self._pages:
            asked.page_script_hash = self._page = self._pages[page]
        asked.widget_states.widgets.extend(self._widgets.values())
        started = time.monotonic()
        self._seen.clear()
        await self._send(message)
        while True:
            answer = await self._answer()
            kind = answer.WhichOneof("type")
            if kind == "script_finished":
                if answer.script_finished == ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                    continue
                break
            self._take(kind, answer)
        self._widgets = {k: s for k, s in self._widgets.items() if not s.HasField("trigger_value")}
        self.times.append(time.monotonic() - started)
        return self.times[-1]

    def _take(self, kind: str | None, answer: ForwardMsg) -> None:
        if kind == "navigation":
            self._pages = {p.url_pathname: p.page_script_hash for p in answer.navigation.app_pages}
            self._page = answer.navigation.page_script_hash
        elif kind == "page_info_changed":
            self._query = answer.page_info_changed.query_string
        elif kind == "new_session":
            self.session = answer.new_session.initialize.session_id or self.session
        elif kind == "delta" and answer.delta.WhichOneof("type") == "new_element":
            element = answer.delta.new_element
            name = element.WhichOneof("type")
            if name == "exception":
                raise ServerError(element.exception.message[:200])
            if name is not None:
                one = getattr(element, name)
                self._seen[name, getattr(one, "label", "") or str(len(self._seen))] = one

    def texts(self) -> str:
        """Return every text of the last run."""
        return " ".join(one.body for (kind, _), one in self._seen.items() if kind == "markdown")

    def sees(self, kind: str, label: str) -> bool:
        """Whether the last run drew a widget."""
        return (kind, label) in self._seen

    async def choose(self, label: str, option: str) -> float:
        """Choose an option of a select box."""
        box = self._seen["selectbox", label]
        self._widgets[box.id] = WidgetState(id=box.id, string_value=option)
        return await self.run()

    async def press(self, label: str) -> float:
        """Press a button."""
        button = self._seen["button", label]
        self._widgets[button.id] = WidgetState(id=button.id, trigger_value=True)
        return await self.run()

    async def upload(self, label: str, name: str, content: bytes) -> float:
        """Drop a file."""
        field_id = self._seen["file_uploader", label].id
        urls = await self.upload_urls(name)
        await asyncio.to_thread(self._put, urls.upload_url, name, content)
        state = WidgetState(id=field_id)
        info = state.file_uploader_state_value.uploaded_file_info.add()
        info.file_id, info.name, info.size = urls.file_id, name, len(content)
        info.file_urls.CopyFrom(urls)
        self._widgets[field_id] = state
        return await self.run()

    async def upload_urls(self, name: str) -> Any:
        """Return the addresses at which the server waits for a file."""
        message = BackMsg()
        asked = message.file_urls_request
        asked.request_id, asked.session_id = uuid4().hex, self.session
        asked.file_names.append(name)
        await self._send(message)
        while (answer := await self._answer()).WhichOneof("type") != "file_urls_response":
            continue
        return answer.file_urls_response.file_urls[0]

    def _put(self, url: str, name: str, content: bytes) -> None:
        said = requests.put(
            self.address + url,
            files={"file": (name, content)},
            headers={"X-Xsrftoken": self.token, "Cookie": f"_streamlit_xsrf={self.token}"},
            timeout=self.seconds,
        )
        if said.status_code not in (200, 204):
            raise ServerError(f"upload answered {said.status_code}")

    async def _send(self, message: BackMsg) -> None:
        assert self._socket is not None
        await self._socket.send(message.SerializeToString())

    async def _answer(self) -> ForwardMsg:
        assert self._socket is not None
        raw = await asyncio.wait_for(self._socket.recv(), self.seconds)
        assert isinstance(raw, bytes)
        self.received += raw
        answer = ForwardMsg()
        answer.ParseFromString(raw)
        return answer
