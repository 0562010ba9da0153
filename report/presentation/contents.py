"""What every file of a presentation holds: one list of parts, made once from data and settings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

import pandas as pd

from analysis.comparison import Comparison
from analysis.settings import Settings
from analysis.variants import Variant
from data.endpoints import ENDPOINTS
from data.published import load_library
from data.trial import Trial
from report import tables, words
from report.caveats import caveats
from report.charts.parts import Names
from report.exhibits.chart import Chart, Exhibit, Spot
from report.exhibits.registry import make_exhibit, spot_title
from report.exhibits.sources import Keep, Memory, Sources
from report.frames import VERSION
from report.json_export import versions
from report.methods_text import methods_paragraph
from report.numbers import count
from report.presentation.basket import Item
from report.untreated_words import coverage_notes

Progress = Callable[[float], object]

_UNDER_THE_HEADLINE: Final = ("responders", "mean-course", "waterfall", "curve", "placebo")
"""Figures whose own title is the headline: here they are called by what they are."""


@dataclass(frozen=True, eq=False)
class Part:
    """One item as it is shown.

    Parameters
    ----------
    item
        What was chosen.
    title
        Of the slide or the section.
    exhibit
        What is shown; ``None`` where data and settings have nothing of this kind.
    footer
        Trial, n, settings, data hash, version and date.
    legend
        How to read it.
    changed
        What has changed since it was added; empty if nothing.
    label
        Name of its endpoint; empty where it shows all.
    groups
        Groups that it compares, each with its number of patients.
    """

    item: Item
    title: str
    exhibit: Exhibit | None
    footer: str
    legend: str
    changed: str
    label: str = ""
    groups: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, eq=False)
class Contents:
    """A whole presentation.

    Parameters
    ----------
    trial, settings
        The data, and the settings of now.
    title
        What the trial is called, with "(simulated)" where it is.
    names
        What patients are called.
    flow
        Who is analysed, step by step, by endpoint.
    parts
        The chosen exhibits in their order.
    results, methods, limitations, sources
        Sentences for a text.
    footer
        What stands on every page.
    """

    trial: Trial
    settings: Settings
    title: str
    names: Names
    flow: pd.DataFrame
    parts: tuple[Part, ...]
    results: tuple[str, ...]
    methods: str
    limitations: tuple[str, ...]
    sources: tuple[str, ...]
    footer: str

    @property
    def shown(self) -> tuple[Part, ...]:
        """The parts that have something to show."""
        return tuple(part for part in self.parts if part.exhibit is not None)


def contents_of(
    trial: Trial,
    settings: Settings,
    basket: Sequence[Item],
    variants: Sequence[Variant] = (),
    *,
    keep: Keep | None = None,
    every_patient: bool = False,
    simulate: bool = True,
    progress: Progress | None = None,
) -> Contents:
    """Make everything that the files of a presentation hold.

    Parameters
    ----------
    trial, settings
        The data, and the settings of now.
    basket
        What was chosen; each item is made with its own settings.
    variants
        Other analyses that stand beside the primary one.
    keep
        What remembers results.
    every_patient
        Whether a part for each compared patient follows.
    simulate
        Whether untreated trials may be simulated, which takes long for very many patients.
    progress
        Called with the share that is done.
    """
    memory: Keep = Memory() if keep is None else keep
    main = Sources(trial, settings, memory, simulate=simulate)
    items = [*basket]
    if every_patient:
        items += [
            Item(Spot("patient", "", at), settings, trial.hash)
            for at in range(len(trial.patient_ids))
        ]
    parts = []
    for done, item in enumerate(items):
        if progress is not None:
            progress(done / max(1, len(items)))
        own = main
        if item.settings != settings:
            own = Sources(trial, item.settings, memory, simulate=simulate)
        parts.append(_part(own, item, variants, settings))
    comparison = main.comparison
    return Contents(
        trial=trial,
        settings=settings,
        title=f"{trial.title} (simulated)" if trial.simulated else trial.title,
        names=tables.export_names(trial),
        flow=flow_table(comparison),
        parts=tuple(parts),
        results=tuple(words.results_sentence(result) for result in comparison.endpoints),
        methods=methods_paragraph(comparison, main.untreated),
        limitations=limitations_of(main),
        sources=(*_sources(trial), *_published(parts)),
        footer=footer_of(trial, comparison),
    )


def _part(sources: Sources, item: Item, variants: Sequence[Variant], now: Settings) -> Part:
    trial = sources.trial
    exhibit = make_exhibit(sources, item.spot, variants)
    legend = exhibit.frame.subtitle if isinstance(exhibit, Chart) else ""
    return Part(
        item,
        _title(trial, item, exhibit),
        exhibit,
        footer_of(trial, sources.comparison),
        legend,
        item.changed(trial, now),
        ENDPOINTS[item.spot.endpoint].label if item.spot.endpoint in ENDPOINTS else "",
        _groups(sources, item),
    )


def _groups(sources: Sources, item: Item) -> tuple[tuple[str, int], ...]:
    result = sources.result(item.spot.endpoint)
    if item.spot.kind != "groups" or result is None or result.groups is None:
        return ()
    return tuple((one.label, one.n) for one in result.groups.groups)


def _title(trial: Trial, item: Item, exhibit: Exhibit | None) -> str:
    if isinstance(exhibit, Chart) and item.spot.kind not in _UNDER_THE_HEADLINE:
        return exhibit.frame.title.removesuffix(" (simulated)")
    if exhibit is not None and not isinstance(exhibit, Chart):
        return exhibit.title
    return item_title(trial, item)


def item_title(trial: Trial, item: Item) -> str:
    """Return what an item is called where it is not made, such as in a list.

    Parameters
    ----------
    trial
        Whose patients are named as in exports.
    item
        What was chosen.
    """
    spot = item.spot
    label = ENDPOINTS[spot.endpoint].label if spot.endpoint in ENDPOINTS else ""
    names = tables.export_names(trial)
    patient = ""
    if spot.patient is not None and spot.patient < len(names):
        patient = names[spot.patient]
    return spot_title(spot, label, patient)


def footer_of(trial: Trial, comparison: Comparison, made: date | None = None) -> str:
    """Return the line that every page and sheet of an export carries.

    Parameters
    ----------
    trial, comparison
        The data and the analysis.
    made
        Date in the line; today by default.
    """
    shown = f"{comparison.n_analysed:,} of {count(len(trial.patient_ids), 'patient')}"
    name = f"{trial.title}{' (simulated data)' if trial.simulated else ''}"
    day = (made or datetime.now(UTC).date()).isoformat()
    stamp = f"data {trial.hash[:8]} · ALSlope {VERSION} · {day}"
    return f"{name} · {shown} · {design_words(comparison)} · {stamp}"


def design_words(comparison: Comparison) -> str:
    """Return what kind of evidence it is, in three words."""
    controlled = any(result.against_control is not None for result in comparison.endpoints)
    return "exploratory, with a control group" if controlled else "exploratory, single arm"


def flow_table(comparison: Comparison) -> pd.DataFrame:
    """Return how many patients remain at each step, by endpoint."""
    rows = []
    for result in comparison.endpoints:
        rows += [
            {"endpoint": result.endpoint.label, "step": step.name, "patients": step.n}
            for step in result.flow
        ]
    return pd.DataFrame(rows, columns=["endpoint", "step", "patients"])


def limitations_of(sources: Sources) -> tuple[str, ...]:
    """Return what must be said beside the numbers, the untreated sentence first."""
    controlled = any(r.against_control is not None for r in sources.comparison.endpoints)
    kind = (
        "The analysis is exploratory: windows, endpoints and tests were not registered here."
        if controlled
        else "One arm, before against after: the comparison is exploratory and cannot tell what "
        "brought a change about."
    )
    said = sources.said()
    made_up = "All data are simulated; nobody is behind them." if sources.trial.simulated else ""
    notes = coverage_notes()[:1] if said else ()
    found = (kind, said, *caveats(sources.comparison), *notes, made_up)
    return tuple(dict.fromkeys(sentence for sentence in found if sentence))


def _published(parts: Sequence[Part]) -> tuple[str, ...]:
    """Return the publications behind the chosen exhibits that show published numbers."""
    labels = [part.label for part in parts if part.item.spot.kind.startswith("published")]
    if not labels:
        return ()
    library = load_library()
    keys = {key for key, endpoint in ENDPOINTS.items() if endpoint.label in labels}
    rows = [row.source for row in library.slopes] + [row.source for row in library.responders]
    told = {
        f"{source.study} {source.year}{f', {source.link}' if source.link else ''}": None
        for source in rows
        if source.endpoint in keys or (source.endpoint == "alsfrs" and "alsfrs_r" in keys)
    }
    return (f"Published results: {'; '.join(told)}.",)


def _sources(trial: Trial) -> tuple[str, ...]:
    made = ", ".join(f"{name} {number}" for name, number in versions().items())
    # What a bundled trial is modelled on stands in its notes; a file's own could name people.
    notes = trial.notes if trial.simulated else ()
    return (f"Computed with {made}.", *notes)
