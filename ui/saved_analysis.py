"""The analysis as a file: settings, exclusions and variants, without the data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import streamlit as st

from data.trial import Trial
from report.analysis_file import NAMES_PATIENTS, AnalysisFile, AnalysisFileProblem
from ui import state
from ui.text import inert
from ui.variant_links import Variants

_OPENED: Final = "alslope.opened_analysis"
_KEY: Final = "w.open-analysis"


def save_and_open(trial: Trial) -> None:
    """Draw the buttons that save the analysis and open a saved one."""
    with st.popover("Save or open analysis", icon=":material/save:", width="content"):
        st.caption(
            "Settings, exclusions with their reasons, variants and the presentation, as one JSON "
            f"file without the data. {NAMES_PATIENTS}"
        )
        st.download_button(
            "Save analysis",
            data=_content(trial),
            file_name="analysis.json",
            mime="application/json",
            icon=":material/download:",
            type="primary",
            on_click="ignore",
            key="w.save-analysis",
        )
        st.file_uploader("Open a saved analysis", type="json", key=_KEY, on_change=_open)
    of_trial, said = st.session_state.get(_OPENED, ("", ()))
    for kind, sentence in said if of_trial == trial.instance else ():
        show = st.error if kind == "error" else st.info
        show(inert(sentence))


def _content(trial: Trial) -> Callable[[], bytes]:
    """Return what writes the file; the session is read now, as it is not known when it is saved."""
    analysis = AnalysisFile.of(trial, state.settings(), state.variants().kept, state.basket())
    return lambda: analysis.to_text().encode()


def _open() -> None:
    """Take over settings and variants of the dropped file, and note what to say of it."""
    file = st.session_state[_KEY]
    if file is None:
        _say(())
        return
    try:
        found, problems = AnalysisFile.from_bytes(file.getvalue())
    except AnalysisFileProblem as problem:
        _say((("error", f"Not opened: {problem}."),))
        return
    fields = {name: getattr(found.settings, name) for name in found.settings.__dataclass_fields__}
    state.change_settings(**fields)
    state.change_variants(Variants(found.variants))
    state.change_basket(found.basket)
    other = found.differs_from(state.trial())
    said = [("error", other)] if other else [("info", "The saved analysis is open.")]
    _say((*said, *(("info", sentence) for sentence in problems)))


def _say(sentences: tuple[tuple[str, str], ...]) -> None:
    """Note what stands under the button while this trial is open: how loud, and the sentence."""
    st.session_state[_OPENED] = (state.trial().instance, sentences)
