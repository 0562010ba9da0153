"""Two small components of our own: the chart and the copy-link button.

Streamlit's own plotly element rebuilds a chart whenever a value in it changes, which loses the
reader's zoom. This one updates in place, around the plotly.js that plotly's Python package ships.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import plotly
import streamlit as st
from streamlit.components.v1 import declare_component
from streamlit.runtime.scriptrunner import get_script_run_ctx

_FOLDER: Final = Path(__file__).resolve().parent

_CHART_HTML: Final = (
    '<div class="alslope-chart"><div class="alslope-chart-plot" role="img"></div>'
    '<div class="alslope-chart-tools"></div></div>'
)
_LINK_HTML: Final = (
    '<div class="alslope-link"><button type="button">Copy link</button>'
    '<input type="text" readonly hidden aria-label="Link to copy"></div>'
)


def plotly_path() -> str:
    """Return the address, below the server's root, from which plotly.js is served."""
    library = declare_component("plotlyjs", path=Path(plotly.__file__).parent / "package_data")
    return f"component/{library.name}/plotly.min.js"


def mount_chart(data: dict[str, Any], key: str, on_add: Callable[[], None]) -> str | None:
    """Draw a chart and return the patient whose mark was just clicked, if any.

    ``on_add`` is called when the reader adds the chart to the presentation.
    """
    renderer = st.components.v2.component(
        "alslope_chart",
        html=_CHART_HTML,
        css=_source("chart.css"),
        js=_source("chart.js"),
        isolate_styles=False,
    )
    result = renderer(
        key=key,
        data=data,
        on_click_change=_nothing,
        on_print_change=_nothing,
        on_add_change=on_add,
    )
    return result.click if isinstance(result.click, str) else None


def asked_for(key: str) -> str:
    """Return the download of a chart that the reader has just asked for, such as "PNG", or ""."""
    return str(getattr(st.session_state.get(key), "print", None) or "")


def mount_copy_link(path: str, hint: str, key: str) -> None:
    """Show a button that copies the link to ``path`` (below the server's root).

    It also restores what was open when a restarted server meets a page of an earlier session.
    """
    context = get_script_run_ctx()
    session = context.session_id if context else ""
    renderer = st.components.v2.component(
        "alslope_copy_link",
        html=_LINK_HTML,
        css=_source("chart.css"),
        js=_source("copy_link.js"),
        isolate_styles=False,
    )
    renderer(
        key=key, data={"path": path, "hint": hint, "session": _digest(session)}, width="content"
    )


def _digest(session: str) -> str:
    """Return a text that differs between sessions and does not tell their names."""
    return hashlib.blake2b(session.encode(), digest_size=8).hexdigest()


def _source(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


def _nothing() -> None:
    """Do nothing: the caller reads the click from the result."""
