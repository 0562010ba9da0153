"""The pages, their addresses, and how to go from one to another.

No address equals the stem of a page's file: otherwise a deep link as the first request to a fresh
server would run that file alone, without its frame.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import streamlit as st
from streamlit.navigation.page import StreamlitPage

TRIAL: Final = "pages/trial.py"
PATIENTS: Final = "pages/patients.py"
SLOPES: Final = "pages/slopes.py"
WHAT_IF: Final = "pages/what_if.py"
UNTREATED: Final = "pages/untreated.py"
PUBLISHED: Final = "pages/published.py"
PRESENT: Final = "pages/present.py"
HELP: Final = "pages/help.py"

ICON: Final = str(Path(__file__).with_name("icon.svg"))
"""The page's icon, from our own files: a named icon would be fetched from a foreign server."""

_ADDRESSES: Final = {
    TRIAL: "your-trial",
    PATIENTS: "each-patient",
    SLOPES: "before-and-after",
    WHAT_IF: "analysed-otherwise",
    UNTREATED: "with-no-transplant",
    PUBLISHED: "among-the-others",
    PRESENT: "for-the-meeting",
    HELP: "in-plain-words",
}
_ICONS: Final = {
    TRIAL: ":material/folder_open:",
    PATIENTS: ":material/person:",
    SLOPES: ":material/compare_arrows:",
    WHAT_IF: ":material/alt_route:",
    UNTREATED: ":material/blur_on:",
    PUBLISHED: ":material/library_books:",
    PRESENT: ":material/co_present:",
    HELP: ":material/help:",
}
_TITLES: Final = {
    TRIAL: "Trial",
    PATIENTS: "Patients",
    SLOPES: "Slopes",
    WHAT_IF: "What-if",
    UNTREATED: "Untreated",
    PUBLISHED: "Published",
    PRESENT: "Present",
    HELP: "Help",
}


def pages() -> list[StreamlitPage]:
    """Return the pages in the order of the menu; the slopes open first."""
    return [
        st.Page(
            path,
            title=_TITLES[path],
            icon=_ICONS[path],
            url_path=_ADDRESSES[path],
            default=path == SLOPES,
        )
        for path in _TITLES
    ]


def address(path: str) -> str:
    """Return the address of a page below the server's root; the first page has none."""
    return "" if path == SLOPES else _ADDRESSES[path]
