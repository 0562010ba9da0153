"""Dropping files, answering what only the user can know, and opening the trial."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import streamlit as st

from data.questions import QUESTIONS, Question, check_answer, part_answers
from data.template import template_csv, template_workbook
from ui import cache, readers, state
from ui.corrections import corrections
from ui.findings import ICONS, findings_list
from ui.mapping_form import mapping_form, understood
from ui.text import inert

_FORMATS: Final = (
    "Excel (XLSX, XLSM, XLSB, XLS), OpenDocument (ODS), CSV, TSV and other text, SPSS (.sav), "
    "Stata (.dta), SAS (.xpt, .sas7bdat), HTML tables called .xls, and zip archives of these. "
    "Several files at once are one trial. One row a visit (patient, visit date or month from the "
    "transplant, ALSFRS-R, FVC, transplant date), or one row a patient with a column for each "
    "month."
)
_XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_PLAIN_NAME: Final = re.compile(r"[^=;,:{}\"\\]+")


def upload_form() -> None:
    """Draw the drop field with the templates, and read what is dropped."""
    files = st.file_uploader(
        "Tables of visits: Excel, CSV, ODS, SPSS, Stata, SAS or zip",
        accept_multiple_files=True,
        key=state.drop_field_key(),
        help=_FORMATS,
    )
    _templates()
    st.caption(
        "Files are read in a process of their own that ends afterwards, and kept only while they "
        "lie here. Nothing is sent anywhere or written to disk. Columns that identify people are "
        "left out."
    )
    if not readers.sheet_reader().limited:
        st.caption(
            "This system cannot limit the memory of that process: open only files you trust."
        )
    if not files:
        state.nothing_dropped()
        return
    if len(files) > 1:
        st.caption(
            f"These {len(files)} files are read as one trial. To open a newer version of a file, "
            "take the earlier one out first."
        )
    uploaded = readers.as_uploaded(files)
    known = state.files_dropped(readers.digest(uploaded))
    if known.reading is None:
        with st.spinner(readers.waiting_words(uploaded)):
            readers.read_as_before(uploaded, known)


def _templates() -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption("An empty table to fill in:", width="content")
        for name, kind, make in (
            ("XLSX", _XLSX, template_workbook),
            ("CSV", "text/csv", template_csv),
        ):
            st.download_button(
                f"Template, {name}",
                data=make,
                file_name=f"alslope-template.{name.lower()}",
                mime=kind,
                icon=":material/download:",
                type="tertiary",
                on_click="ignore",
                key=f"w.template-{name.lower()}",
            )


def dropped_files() -> None:
    """Ask what must be asked about the dropped files, say why one was refused, or open them."""
    known = state.dropped()
    if known is None or known.reading is None:
        return
    reading = known.reading
    if not state.files_at_hand():
        if reading.verdict == "ask":
            st.info(
                "A file still had questions; it was not kept. Drop it again to answer them.",
                icon=":material/upload_file:",
            )
        return
    if reading.trial is not None:
        if not known.opened:
            _open(known)
        elif not state.is_source(known):
            _offer(known)
        _answered(known)
        return
    if reading.verdict == "ask":
        _ask(reading.questions, known)
    else:
        stays = f"This file was not loaded; {inert(state.trial().title)} stays open."
        st.error(stays, icon=ICONS["error"])
    _answered(known)
    if reading.findings:
        findings_list(reading.findings, correctable=True)
    if not state.is_source(known):
        corrections(state.trial())
    if not any(question.code == "MAPPING" for question in reading.questions):
        understood(reading.columns, known.as_before)


def _open(known: state.Dropped) -> None:
    """Open the trial of files that were just dropped, not of files that still lie there."""
    assert known.reading is not None
    assert known.reading.trial is not None
    state.change_dropped(opened=True)
    cache.forget()
    with st.spinner("Opening the trial…"):
        state.open_trial(known.reading.trial, known.files)
    st.rerun()


def _offer(known: state.Dropped) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption("Your files lie in the field above; an example is open.", width="content")
        if st.button("Open your files", type="tertiary", key="w.open-dropped"):
            _open(known)


def _answered(known: state.Dropped) -> None:
    """Show what was answered about the files, with a way to answer again."""
    answers = known.recipe.answers
    words = [_answer_words(code, value) for code, value in answers.items()]
    if not words:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        said = "Your answer" if len(words) == 1 else "Your answers"
        st.caption(f"{said}: {'; '.join(words)}.", width="content")
        st.button("Answer again", type="tertiary", on_click=_ask_again, key="w.again")


def _answer_words(code: str, value: str) -> str:
    options = dict(QUESTIONS[code].options)
    if value in options:
        return options[value]
    pairs = part_answers(value).items()
    return ", ".join(f"{inert(name)}: {options.get(said, said)}" for name, said in pairs)


def _ask_again() -> None:
    known = state.dropped()
    if known is not None:
        state.change_dropped(recipe=replace(known.recipe, answers={}))


def _ask(questions: Sequence[Question], known: state.Dropped) -> None:
    again = " One more thing:" if known.recipe.answers else ""
    st.warning(f"Before this file can be read:{again}", icon=":material/help:")
    reading = known.reading
    choices = [question for question in questions if question.code != "MAPPING"]
    for question in questions:
        if question.code == "MAPPING" and reading is not None:
            st.markdown(f"**{inert(question.text)}**  \n{_evidence(question)}")
            mapping_form(reading.columns, key="asked")
    if choices:
        _choices(choices, known)


def _choices(questions: Sequence[Question], known: state.Dropped) -> None:
    with st.form("w.questions"):
        chosen = {question.code: _choice(question) for question in questions}
        sent = st.form_submit_button("Read the file", type="primary")
    if not sent:
        return
    given = {code: value for code, value in chosen.items() if value is not None}
    wrong = [problem for code, value in given.items() if (problem := check_answer(code, value))]
    if wrong or not given:
        st.caption(f"{inert('; '.join(wrong))}" if wrong else "Choose an answer first.")
        return
    state.change_dropped(recipe=known.recipe.with_answers(given))
    st.rerun()


def _choice(question: Question) -> str | None:
    """Draw one question; return its answer, or ``None`` while it has none."""
    options = dict(question.options)
    if question.parts:
        st.markdown(f"{inert(question.text)}  \n{_evidence(question)}")
        said = {
            part: st.selectbox(
                inert(part),
                list(options),
                format_func=options.__getitem__,
                index=None,
                placeholder="Choose",
                key=f"w.answer-{question.code}-{k}",
                width=320,
            )
            for k, part in enumerate(question.parts)
        }
        given = {part: value for part, value in said.items() if value is not None}
        return _as_answer(given) if len(given) == len(question.parts) else None
    st.markdown(f"{inert(question.text)}  \n{_evidence(question)}")
    return st.radio(
        question.text,
        list(options),
        format_func=options.__getitem__,
        index=None,
        key=f"w.answer-{question.code}",
        label_visibility="collapsed",
    )


def _evidence(question: Question) -> str:
    return f":small[:gray[{inert(question.evidence)}]]" if question.evidence else ""


def _as_answer(given: dict[str, str]) -> str:
    """Write the answers for parts as ``NAME=dmy;NAME=mdy``, or as JSON where names need it."""
    if all(_PLAIN_NAME.fullmatch(name) and name == name.strip() for name in given):
        return ";".join(f"{name}={value}" for name, value in given.items())
    return json.dumps(given, ensure_ascii=False)
