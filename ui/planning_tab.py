"""The tab in which a trial is planned: power, false success, smallest change, visits."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import streamlit as st

from analysis.comparison import Comparison, EndpointComparison
from analysis.setting_untreated import NO_RULE, RULE_BOUNDS
from analysis.untreated.assumed import assumed_history
from analysis.untreated.history import HISTORIES
from analysis.untreated.plan import BOUNDS, Plan, PlanProblem
from analysis.untreated.plan_presets import PlanPreset, more_designs
from analysis.untreated.plan_seed import plan_like
from analysis.untreated.plan_visits import VisitDesign
from analysis.untreated.planning import Planning, planning
from data.endpoints import ENDPOINTS
from data.trial import Trial
from report import planning_tables as tables
from report import planning_words as words
from report.charts.planning import curves_alt, curves_figure, visits_alt, visits_figure
from report.frames import frame_for
from report.tables import csv_text
from ui import state
from ui.figures import Chart, show_figure
from ui.tables import show_small_table
from ui.text import inert
from ui.untreated_results import computed

_WIDGET: Final = "w.plan-"
_NEVER_LIGHT: Final = math.inf
"""A plan has its own work, whatever the present trial has: it always shows its progress."""

_NUMBERS: Final[dict[str, tuple[str, float, str]]] = {
    "n": ("Patients who start", 1, "Those who are lost later included."),
    "run_in_months": ("Run-in, months", 0.5, "From the first visit that is analysed to day 0."),
    "visits_before": ("Visits up to day 0", 1, "Evenly spaced; the one on day 0 included."),
    "post_months": ("Follow-up, months", 0.5, "From day 0 to the last visit."),
    "visits_after": ("Visits after day 0", 1, "Evenly spaced, the last one at the end."),
    "reduction": ("Less steep by, %", 5, "Of the true decline after day 0, in every patient."),
    "dropout_per_month": (
        "Lost a month, %",
        0.5,
        "Of those still followed, whatever their course. Empty: deaths and dropout of the natural "
        "history, which follow the course.",
    ),
}
_PERCENT: Final = ("reduction", "dropout_per_month")
_RULES: Final[dict[str, tuple[str, float, str]]] = {
    "slope_at_most": ("Slope at most", 0.1, "ALSFRS-R points/month over the run-in, as measured."),
    "slope_at_least": (
        "Slope at least",
        0.1,
        "ALSFRS-R points/month over the run-in, as measured.",
    ),
    "points_lost": ("Points lost, at least", 1, "ALSFRS-R points lost in the weeks up to day 0."),
    "weeks": ("… in weeks", 1, "Weeks up to day 0. A screening visit is added where none is near."),
    "alsfrs_r_at_least": ("ALSFRS-R at least", 1, "Score on day 0."),
    "fvc_at_least": ("FVC at least, %", 5, "% predicted on day 0."),
}
_USUAL_WEEKS: Final = 12.0


def planning_tab(trial: Trial, comparison: Comparison) -> None:
    """Draw the plan of a trial, seeded from the present one, and what simulated trials show."""
    results = {r.endpoint.key: r for r in comparison.endpoints if r.endpoint.key in HISTORIES}
    if not results:
        st.info(
            "A plan needs ALSFRS-R or FVC % predicted: of no other endpoint a natural history is "
            "known.",
            icon=":material/info:",
        )
        return
    st.caption(
        "A planned trial with one arm, compared before and after day 0. The numbers start from the "
        "present trial; slopes are made as in its settings, and untreated people come from the "
        f"natural history of this page. {words.NO_PROMISE}"
    )
    result = results[_endpoint(tuple(results))]
    try:
        plan = _form(trial, result, plan_like(result, comparison.settings))
        found = _planned(trial, comparison, plan)
    except PlanProblem as problem:
        st.warning(inert(f"This plan cannot be simulated: {problem}."), icon=":material/warning:")
        return
    if found is None:
        return
    _answer(trial, comparison, found)
    if found.planned is None:
        return
    more = _more(trial, comparison, found)
    if more is not None:
        _visits(trial, comparison, found, *more)
    _assumptions(trial, found, *(more or ((), ())))


def _endpoint(keys: tuple[str, ...]) -> str:
    if len(keys) == 1:
        return keys[0]
    key = f"{_WIDGET}endpoint"
    state.recall(key)
    chosen = st.segmented_control(
        "Endpoint",
        keys,
        format_func=lambda k: ENDPOINTS[k].label,
        default=None if key in st.session_state else keys[0],
        key=key,
        label_visibility="collapsed",
    )
    state.remember(key)
    return chosen if chosen in keys else keys[0]


def _form(trial: Trial, result: EndpointComparison, start: Plan) -> Plan:
    """Draw the inputs of a plan, which start from the present trial, and return the plan."""
    where = f"{_WIDGET}{trial.instance}-{result.endpoint.key}-"
    with st.form(f"{where}form", border=True):
        values = _inputs(where, start)
        st.markdown("**Entry rule**, all of it must hold on day 0; empty fields ask nothing")
        entry = _entry(where, start)
        st.form_submit_button("Simulate this plan", type="primary")
    for name, value in values.items():
        if value is None and name != "dropout_per_month":
            raise PlanProblem(f"the field “{_NUMBERS[name][0]}” is empty")
    whole = {name: int(values[name]) for name in ("n", "visits_before", "visits_after")}
    return start.with_(**values | whole, entry=entry)


def _inputs(where: str, start: Plan) -> dict[str, Any]:
    values: dict[str, Any] = {}
    grid = st.grid(4, min_column_width=170)
    for name, (label, step, help_text) in _NUMBERS.items():
        scale = 100 if name in _PERCENT else 1
        low, high = (scale * end for end in BOUNDS[name])
        first = getattr(start, name)
        with grid.cell():
            shown = _number(
                where + name,
                label,
                (low, high, step),
                None if first is None else scale * first,
                help_text,
            )
        values[name] = None if shown is None else shown / scale
    return values


def _entry(where: str, start: Plan) -> tuple[str, ...]:
    """Draw the conditions of the entry rule and return those that are filled in."""
    present = {kind: numbers for kind, *numbers in (text.split(":") for text in start.entry)}
    shown: dict[str, float | None] = {}
    grid = st.grid(6, min_column_width=130)
    for name, (label, step, help_text) in _RULES.items():
        kind, at = ("points_lost", 1) if name == "weeks" else (name, 0)
        numbers = present.get(kind)
        first = float(numbers[at]) if numbers else (_USUAL_WEEKS if name == "weeks" else None)
        with grid.cell():
            shown[name] = _number(
                where + name, label, (*RULE_BOUNDS[kind][at], step), first, help_text
            )
    texts = []
    for kind in RULE_BOUNDS:
        value = shown[kind]
        if value is None:
            continue
        weeks = f":{shown['weeks'] or _USUAL_WEEKS:g}" if kind == "points_lost" else ""
        texts.append(f"{kind}:{value:g}{weeks}")
    return tuple(texts) or (NO_RULE,)


def _number(
    key: str,
    label: str,
    bounds: tuple[float, float, float],
    first: float | None,
    help_text: str,
) -> float | None:
    """Draw a number that may be empty; a step of 1 or more means whole numbers."""
    low, high, step = bounds
    whole = step >= 1
    kind: Callable[[float], float] = round if whole else float
    state.recall(key)
    if key not in st.session_state:
        st.session_state[key] = None if first is None else kind(first)
    shown = st.number_input(
        label,
        min_value=kind(low),
        max_value=kind(high),
        value=None,
        step=kind(step),
        format=None if whole else "%.1f",
        key=key,
        help=help_text,
        placeholder="none",
    )
    state.remember(key)
    return shown


def _planned(trial: Trial, comparison: Comparison, plan: Plan) -> Planning | None:
    assumed = assumed_history(comparison.settings)
    return computed(
        f"plan {plan}",
        trial,
        comparison,
        partial(planning, plan, assumed),
        times=_NEVER_LIGHT,
    )


def _answer(trial: Trial, comparison: Comparison, found: Planning) -> None:
    st.markdown(f"##### {inert(words.heading(found))}")
    if caution := words.warning(found):
        st.warning(inert(caution), icon=":material/warning:")
    grid = st.grid(2, min_column_width=420)
    with grid.cell():
        st.markdown("\n".join(f"- {inert(text)}" for text in words.answer(found)))
    chart = Chart(
        name="plan-curves",
        build=lambda look, names: curves_figure(found, look),
        depends=repr((found.plan, found.assumed)),
        frame=frame_for(words.heading(found), " ".join(words.answer(found)), comparison, trial),
        alt=curves_alt(found),
        numbers=lambda names: tables.curve_table(found),
        saves=found.planned is not None,
    )
    with grid.cell():
        show_figure(chart, trial)


def _more(
    trial: Trial, comparison: Comparison, found: Planning
) -> tuple[tuple[VisitDesign, ...], tuple[PlanPreset, ...]] | None:
    """Return the plan with other visits and natural histories, if they are asked for."""
    st.markdown("##### More visits or more patients?")
    if not st.toggle(
        "Compare with 2 to 8 visits a side, and with every natural history",
        key=f"{_WIDGET}more",
    ):
        return None
    settings = comparison.settings

    return computed(
        f"more of {found.plan}",
        trial,
        comparison,
        partial(more_designs, found, settings),
        times=_NEVER_LIGHT,
    )


def _visits(
    trial: Trial,
    comparison: Comparison,
    found: Planning,
    designs: tuple[VisitDesign, ...],
    presets: tuple[PlanPreset, ...],
) -> None:
    sentence = words.visits_sentence(found, designs)
    chart = Chart(
        name="plan-visits",
        build=lambda look, names: visits_figure(found, designs, look),
        depends=repr((found.plan, found.assumed)),
        frame=frame_for(
            f"{found.plan.measured.label}: visits and patients", sentence, comparison, trial
        ),
        alt=visits_alt(found, designs),
        numbers=lambda names: tables.visits_numbers(found, designs),
    )
    grid = st.grid(2, min_column_width=420)
    with grid.cell():
        st.markdown(inert(sentence))
        show_small_table(tables.visits_table(found, designs), "plan-visits", trial)
    with grid.cell():
        show_figure(chart, trial)
    st.markdown("##### If another natural history is true")
    st.markdown(inert(words.presets_sentence(presets)))
    show_small_table(tables.presets_table(presets), "plan-presets", trial)


def _assumptions(
    trial: Trial,
    found: Planning,
    designs: tuple[VisitDesign, ...],
    presets: tuple[PlanPreset, ...],
) -> None:
    table = tables.assumptions(found)
    with st.expander("Assumptions of this plan, each with its source"):
        show_small_table(table.astype(str), "plan-assumptions", trial, export=table)

    def as_json() -> bytes:
        plain = tables.plan_json(found, designs, presets)
        return json.dumps(plain, indent=2, ensure_ascii=False, allow_nan=False).encode()

    def as_csv() -> bytes:
        return ("\ufeff" + csv_text(table, trial)).encode()

    with st.container(horizontal=True):
        for label, data, ending in (
            ("Plan with assumptions, JSON", as_json, "json"),
            ("Assumptions, CSV", as_csv, "csv"),
        ):
            st.download_button(
                label,
                data=data,
                file_name=f"plan.{ending}",
                mime=f"{'application' if ending == 'json' else 'text'}/{ending}",
                icon=":material/download:",
                on_click="ignore",
                key=f"{_WIDGET}save-{ending}",
            )
