"""Trial: bring the data in, see what was understood, and what was not."""

import streamlit as st

from data.examples import EXAMPLE_IDS, LARGE_IDS, example_title
from data.examples.registry import registry_csv
from ui import cache, state
from ui.header import page_header
from ui.navigation import TRIAL
from ui.reading_report import reading_report
from ui.upload import dropped_files, upload_form

page_header("Trial", TRIAL, with_switch=False)


def open_button(example_id: str) -> None:
    """Draw the button that opens a bundled trial."""
    st.button(
        example_title(example_id),
        icon=":material/science:",
        on_click=state.open_example,
        args=(example_id,),
        key=f"w.open-{example_id}",
        width="stretch",
    )


grid = st.grid(2, min_column_width=420)
with grid.cell():
    st.markdown("##### Use your own data")
    upload_form()
with grid.cell():
    st.markdown("##### Simulated examples")
    for example_id in EXAMPLE_IDS:
        open_button(example_id)
    st.caption("No person is behind any value of these trials.")
    with st.expander("Large examples"):
        for example_id in LARGE_IDS:
            open_button(example_id)
        st.caption(
            "Slopes, models, bands and single patients work with 12,000 patients. What-if is "
            "interactive to 2,000; beyond, its tabs say what they leave out or ask before they "
            "compute."
        )
        st.download_button(
            "File of the registry of 12,000, CSV",
            data=lambda: registry_csv(12_000),
            file_name="registry.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
            key="save-registry",
            type="tertiary",
        )
    if st.button(
        "Clear data",
        icon=":material/delete:",
        help="Forgets the trial, the settings, your answers, corrections and assigned columns, and "
        "everything computed in this session.",
        key="w.clear",
    ):
        state.clear()
        cache.forget_widgets()
        cache.forget()
        st.rerun()

dropped_files()
reading_report(state.trial())
