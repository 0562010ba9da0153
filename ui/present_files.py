"""Files of the presentation: slides, one HTML page, workbook, figures, tables for a text."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Final

import streamlit as st

from analysis.comparison import Comparison
from data.trial import Trial
from report.exhibits.chart import Chart
from report.presentation.contents import Contents, contents_of
from report.presentation.figure_files import PRESETS, figures_zip, smallest_type
from report.presentation.html_file import has_tables, html_text, tables_html
from report.presentation.workbook import workbook_bytes
from report.scene.paper import Kind
from report.slides.deck import deck_bytes
from ui import state
from ui.cache import once
from ui.text import inert
from ui.trial_title import title_field
from ui.untreated_results import is_light

_MADE: Final = "alslope.present_files"
_MIME: Final = {
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "html": "text/html",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "zip": "application/zip",
}
_SMALLEST: Final = 6.0
"""Points below which letters on paper are hard to read."""


def files(trial: Trial, comparison: Comparison) -> None:
    """Draw what makes files of the presentation, and the files that were made last."""
    st.markdown("##### Files")
    if trial.origin == "upload":
        title_field(trial)
    every = st.checkbox(
        "One slide for each patient too",
        help="Patients are called P01, P02 … and follow the other slides.",
        key="w.every-patient",
    )
    st.caption(
        "Before and after what is chosen, slides hold a title, who is analysed, the results, the "
        "methods, the limitations and the sources."
    )
    key = _key(trial, every)
    if st.button(
        "Make slides and files",
        icon=":material/slideshow:",
        type="primary",
        key="w.make-files",
    ):
        _make(trial, comparison, key, every)
    made = st.session_state.get(_MADE)
    if made is not None and made[0] == key:
        _offer(made[1])
    elif made is not None:
        st.caption("What is chosen, or the data, changed since files were made: make them again.")
    _figures(trial, comparison)
    _words(trial, comparison)


def _key(trial: Trial, every: bool) -> Hashable:
    items = tuple((item.spot, item.settings.key, item.caption) for item in state.basket())
    title = trial.title
    return repr((trial.instance, title, items, state.settings().key, every, state.variants().kept))


def _make(trial: Trial, comparison: Comparison, key: Hashable, every: bool) -> None:
    bar = st.progress(0.0, "Computing")
    contents = contents_now(trial, comparison, every, lambda share: bar.progress(0.4 * share))
    steps: tuple[tuple[str, str, Callable[[Contents], Any]], ...] = (
        (
            "pptx",
            "Drawing slides",
            lambda c: deck_bytes(c, lambda share: bar.progress(0.4 + 0.4 * share)),
        ),
        ("html", "Writing the HTML page", lambda c: html_text(c).encode()),
        ("xlsx", "Writing the workbook", workbook_bytes),
        ("tables", "Writing tables", lambda c: tables_html(c).encode() if has_tables(c) else b""),
    )
    found = {}
    for k, (name, doing, make) in enumerate(steps):
        bar.progress(0.4 if k == 0 else 0.8 + 0.05 * k, doing)
        found[name] = make(contents)
    bar.empty()
    st.session_state[_MADE] = (key, found)


def contents_now(
    trial: Trial,
    comparison: Comparison,
    every: bool = False,
    progress: Callable[[float], object] | None = None,
) -> Contents:
    """Return everything that files of the presentation hold, by the settings of now."""

    def told(share: float) -> None:
        if progress is not None:
            progress(share)

    return contents_of(
        trial,
        state.settings(),
        state.basket(),
        state.variants().kept,
        keep=once,
        every_patient=every,
        simulate=is_light(comparison),
        progress=told,
    )


def _offer(made: dict[str, bytes]) -> None:
    files_of = (
        ("PowerPoint", "pptx", "presentation.pptx", "pptx"),
        ("HTML, one file", "html", "presentation.html", "html"),
        ("Excel", "xlsx", "presentation.xlsx", "xlsx"),
        ("Tables, HTML for Word", "tables", "tables.html", "html"),
    )
    with st.container(horizontal=True):
        for label, name, file_name, kind in files_of:
            st.download_button(
                label,
                data=made[name],
                disabled=not made[name],
                help=None if made[name] else "No table and no sentences are chosen.",
                file_name=file_name,
                mime=_MIME[kind],
                icon=":material/download:",
                on_click="ignore",
                key=f"w.save-{name}",
            )
    st.caption(
        "Charts on slides are PowerPoint’s own and can be edited. Opened and checked with "
        "LibreOffice; PowerPoint itself is unchecked. Every file carries title, n, data hash, "
        "version and date; patients are called P01, P02 …"
    )


def _figures(trial: Trial, comparison: Comparison) -> None:
    with st.expander(
        "Figures for a journal or a poster", key="w.figure-files", on_change="rerun"
    ) as opened:
        if not opened.open:
            return
        with st.container(horizontal=True, vertical_alignment="bottom"):
            preset = st.selectbox(
                "Size",
                list(PRESETS),
                index=1,
                format_func=lambda name: PRESETS[name].label,
                key="w.figure-size",
                width=240,
            )
            kinds: tuple[Kind, ...] = ("pdf", "svg", "png")
            kind = st.selectbox("Format", kinds, key="w.figure-format", width=120)
            dpi = st.number_input(
                "Dots an inch (PNG)", 72, 600, 300, step=50, key="w.figure-dpi", width=180
            )
            grey = st.checkbox("Greys only", key="w.figure-grey")
        size = PRESETS[preset]
        contents = contents_now(trial, comparison)
        charts = [(p, p.exhibit) for p in contents.shown if isinstance(p.exhibit, Chart)]
        small = [
            f"{part.title} ({smallest_type(chart, size):.1f} pt)"
            for part, chart in charts
            if smallest_type(chart, size) < _SMALLEST
        ]
        if small:
            st.caption(
                f"Letters below {_SMALLEST:g} points at this size: {inert('; '.join(small))}. "
                "These figures need a wider column."
            )
        st.download_button(
            f"{len(charts)} {'figure' if len(charts) == 1 else 'figures'} as one ZIP",
            data=lambda: figures_zip(contents, kind, size, dpi=int(dpi), grey=grey),
            file_name="figures.zip",
            mime=_MIME["zip"],
            icon=":material/download:",
            on_click="ignore",
            disabled=not charts,
            key="w.save-figures",
        )


def _words(trial: Trial, comparison: Comparison) -> None:
    with st.expander(
        "Words for a text: results, methods, legends, limitations",
        key="w.words",
        on_change="rerun",
    ) as opened:
        if not opened.open:
            return
        contents = contents_now(trial, comparison)
        legends = [f"{p.title}. {p.legend}".strip() for p in contents.shown if p.legend]
        for title, lines in (
            ("Results", contents.results),
            ("Methods", (contents.methods,)),
            ("Figure legends", tuple(legends)),
            ("Limitations", contents.limitations),
        ):
            st.markdown(f"**{title}**")
            st.code("\n".join(lines) or "–", language=None, wrap_lines=True)
