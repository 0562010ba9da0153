"""The one way in which a figure reaches the screen."""

from __future__ import annotations

from functools import partial
from typing import Final

import streamlit as st

from data.trial import Trial
from report.charts.parts import with_frame
from report.exhibits.chart import Chart as Chart
from report.look import LIGHT, LOOKS
from report.tables import csv_text, export_names
from ui import basket
from ui.cache import once
from ui.components import asked_for, mount_chart, plotly_path

_MANY_PATIENTS: Final = 500
"""Beyond, a table is written only when it is asked for: it would delay every change."""


def show_figure(chart: Chart, trial: Trial | None) -> int | None:
    """Draw a chart with its downloads and return the position of a clicked patient.

    The screen follows the reader's light or dark mode; downloads are always light, with title,
    subtitle, footer and, where that is so, the words "simulated data", and patients are called P01,
    P02 … there. Without a trial the figure shows no patient. The figure for print is drawn only in
    the run in which the reader asks for it, and so is the table of very many patients.
    """
    mode = st.context.theme.type or "light"
    look = LOOKS[mode]
    names = export_names(trial) if trial else ()
    key = (chart.name, trial.instance if trial else "", chart.depends)

    def on_screen() -> tuple[str, int]:
        figure = chart.build(look, trial.patient_ids if trial else ())
        figure.update_layout(uirevision=f"{chart.name} {chart.keep_zoom}")
        return str(figure.to_json(engine="json")), int(figure.layout.height)

    def on_paper() -> str:
        framed = with_frame(
            chart.build(LIGHT, names),
            chart.frame,
            LIGHT,
            width=chart.print_width,
            simulated=trial is not None and trial.simulated,
        )
        return str(framed.to_json(engine="json"))

    def as_csv() -> str:
        return csv_text(chart.numbers(names), trial, chart.frame.note, chart.frame.untreated)

    widget = f"chart-{chart.name}"
    asked = asked_for(widget)
    prints = asked not in ("", "CSV")
    tables = chart.saves and (asked == "CSV" or len(names) <= _MANY_PATIENTS)
    drawn, height = once(("screen", look.name, key), on_screen)
    clicked = mount_chart(
        {
            "figure": drawn,
            "height": height,
            "minWidth": chart.min_width,
            "saves": chart.saves,
            "adds": chart.spot is not None,
            "chosen": basket.holds(chart.spot),
            "printed": once(("print", chart.frame, key), on_paper) if prints else "",
            "printWidth": chart.print_width,
            "csv": once(("csv", chart.frame.untreated, key), as_csv) if tables else "",
            "name": chart.file_name or chart.name,
            "title": chart.frame.title,
            "alt": chart.alt,
            "plotly": plotly_path(),
        },
        key=widget,
        on_add=partial(basket.add, chart.spot),
    )
    if chart.frame.note:
        st.caption(chart.frame.note)
    return int(clicked) if clicked is not None and clicked.isdigit() else None
