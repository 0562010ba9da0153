"""The Help page: first steps, every word in one line, and the documents, all from this computer."""

from __future__ import annotations

from typing import Final

import streamlit as st

from report.glossary import every_term
from report.handbook import DOCUMENTS, FOLDER, address, found_in, part
from ui import state
from ui.explain import as_list
from ui.first_steps import steps

_CHOICE: Final = "w.document"


def handbook() -> None:
    """Draw the page."""
    document = state.view().document
    st.markdown("### Help")
    if not document:
        steps()
        _words()
    _documents()


def _words() -> None:
    st.markdown("#### Every number in one line")
    for page, terms in every_term():
        with st.expander(page):
            st.markdown(as_list(terms))


def _documents() -> None:
    st.markdown("#### How it is made: formulas, sources, edge cases")
    if not FOLDER.is_dir():
        st.info("This copy of ALSlope came without its folder docs.", icon=":material/folder_off:")
        return
    wanted = st.text_input("Find in all documents", key="w.find", max_chars=60)
    if wanted:
        _hits(wanted)
    document, _, anchor = state.view().document.partition(":")
    st.session_state[_CHOICE] = document or None
    st.selectbox(
        "Document",
        list(DOCUMENTS),
        format_func=DOCUMENTS.__getitem__,
        key=_CHOICE,
        placeholder="Choose a document",
        on_change=lambda: state.change_view(document=st.session_state[_CHOICE] or ""),
    )
    if not document:
        return
    if anchor:
        st.button(
            "Show the whole document",
            icon=":material/unfold_more:",
            on_click=lambda: state.change_view(document=document),
            key="w.whole-document",
        )
    for section in part(document, anchor):
        # Two sizes below the page's own heads, so that a document stays a part of the page.
        draw = st.header if section.level == 1 else st.subheader
        draw(section.title, anchor=section.anchor)
        st.markdown(section.text)


def _hits(wanted: str) -> None:
    hits = found_in(wanted)
    if not hits:
        st.info("Nothing found. Try a shorter word.", icon=":material/search:")
        return
    st.markdown(
        "\n".join(
            f"- [{DOCUMENTS[name]}: {section.title}]({address(name, section.anchor)})"
            for name, section in hits
        )
    )
