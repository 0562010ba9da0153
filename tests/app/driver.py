"""What the tests of the screen share: opening the app, reading it, and files to drop."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import parse_qs, urlsplit

from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).resolve().parents[2]
TRIAL, PATIENTS, SLOPES = "pages/trial.py", "pages/patients.py", "pages/slopes.py"
WHAT_IF, UNTREATED = "pages/what_if.py", "pages/untreated.py"
PUBLISHED = "pages/published.py"
PRESENT = "pages/present.py"
HELP = "pages/help.py"
PAGES = (TRIAL, PATIENTS, SLOPES, WHAT_IF, UNTREATED, PUBLISHED, PRESENT)
EVERY_PAGE = (*PAGES, HELP)
EXAMPLE = "after-shamsaei-2023"
EXAMPLE_TITLE = "Simulated trial, modelled on Shamsaei 2023"
ALERTS = ("error", "warning", "info", "success")
HEADER = "patient_id,transplant_date,visit_date,alsfrs_r,fvc_percent"


FOLDED = ("w.more", "w.exploratory")
"""Expanders that are drawn when they are open; tests look into all of them."""


def opened(page: str = SLOPES, **query: str) -> AppTest:
    """Open the app as a link with ``query`` would, on one page."""
    at = AppTest.from_file(ROOT / "app.py", default_timeout=30)
    for name, value in query.items():
        at.query_params[name] = value
    for folded in FOLDED:
        at.session_state[folded] = True
    at.run()
    return at if page == SLOPES else go_to(at, page)


def go_to(at: AppTest, page: str) -> AppTest:
    """Change to a page as the menu does."""
    return at.switch_page(page).run()


def every_page(at: AppTest) -> Iterator[str]:
    """Visit each page about the trial; fail where one raises."""
    for page in (*PAGES, TRIAL):
        go_to(at, page)
        healthy(at)
        yield page


def healthy(at: AppTest) -> AppTest:
    """Fail if the page shows an exception."""
    assert [e.message for e in at.exception] == []
    return at


def markdown(at: AppTest) -> list[str]:
    """Return every text on the page that goes through markdown, tooltips included."""
    texts = [str(e.value) for kind in ("markdown", "caption", *ALERTS) for e in found(at, kind)]
    texts += [str(cell) for table in at.table for cell in table.value.to_numpy().ravel()]
    texts += [str(tab.label) for tab in at.tabs] + [str(box.label) for box in at.expander]
    return texts + [text for element in walk(at) if (text := help_of(element))]


def text_of(at: AppTest) -> str:
    """Return what the page says, without the backslashes that keep markdown quiet."""
    return "\n".join(markdown(at)).replace("\\", "")


def alerts(at: AppTest) -> str:
    """Return the warnings, errors and notes of the page as one text."""
    return "\n".join(str(e.value) for kind in ALERTS for e in found(at, kind)).replace("\\", "")


def walk(block: Any) -> Iterator[Any]:
    """Yield every element and block of the page."""
    children = block._tree if isinstance(block, AppTest) else block
    for child in children.children.values():
        yield child
        if hasattr(child, "children"):
            yield from walk(child)


def help_of(element: Any) -> str:
    """Return the tooltip of an element."""
    return str(getattr(getattr(element, "proto", None), "help", "") or "")


def found(at: AppTest, kind: str) -> list[Any]:
    """Return every element of one kind, untyped: AppTest has no class for some of them."""
    return list(at.get(kind))


def bar(at: AppTest, key: str) -> Any:
    """Return a segmented control or a row of chips."""
    return next(w for w in found(at, "button_group") if w.key == key)


def headline(at: AppTest, endpoint: str = "ALSFRS-R") -> str:
    """Return the card of one endpoint on the Slopes page: heading, numbers and means."""
    return next(m.value for m in at.markdown if m.value.startswith(f"### {endpoint}: "))


def chips(at: AppTest) -> list[str]:
    """Return the texts of the chips, without their crosses."""
    bars = [w for w in found(at, "button_group") if w.key == "w.chips"]
    return [text.removesuffix(" ✕").replace("\\", "") for bar in bars for text in bar.options]


def query(at: AppTest) -> dict[str, str]:
    """Return the parameters in the address bar."""
    return {name: v[0] if isinstance(v, list) else v for name, v in at.query_params.items()}


def components(at: AppTest) -> dict[str, dict[str, Any]]:
    """Return the data of our own components by key."""
    return {c.key: json.loads(c.proto.json) for c in found(at, "bidi_component")}


def charts(at: AppTest) -> dict[str, dict[str, Any]]:
    """Return what each chart on the page is made from, by name."""
    ours = components(at)
    return {k.removeprefix("chart-"): v for k, v in ours.items() if k.startswith("chart-")}


def copied_link(at: AppTest) -> tuple[str, dict[str, str]]:
    """Return address and parameters of the link that *Copy link* copies."""
    parts = urlsplit(components(at)["copy-link"]["path"])
    return parts.path, {name: values[0] for name, values in parse_qs(parts.query).items()}


def drop(
    at: AppTest, content: bytes | str, name: str = "secret-name.csv", more: Mapping[str, bytes] = {}
) -> AppTest:
    """Drop a file on the Trial page, in place of what lay there."""
    go_to(at, TRIAL)
    data = content.encode() if isinstance(content, str) else content
    files = [(n, c, "text/csv") for n, c in {name: data, **more}.items()]
    return at.file_uploader[0].set_value(files).run()


def press(at: AppTest, label: str) -> AppTest:
    """Press the first button with this label."""
    return next(b for b in at.button if b.label == label).click().run()


def labels(at: AppTest) -> list[str]:
    """Return the labels of all buttons of the page."""
    return [button.label for button in at.button]


def loaded(at: AppTest) -> str:
    """Return the name of the trial that the page's head shows."""
    head = at.markdown[0].value
    return str(head.split(":small[:gray[")[1].split("]]")[0])


def trial_csv(
    names: list[str] | int = 8,
    *,
    with_fvc: bool = True,
    months: tuple[int, ...] = (-9, -6, -3, 0, 3, 6, 9),
    header: str = HEADER,
) -> str:
    """Return a file of made patients who decline by 1 and then by 0.5 points a month."""
    people = [f"A{i + 1}" for i in range(names)] if isinstance(names, int) else names
    chance = Random(2023)
    lines = [header if with_fvc else header.replace(",fvc_percent", "")]
    for i, name in enumerate(people):
        for month in months:
            years, rest = divmod(month + 5, 12)
            fall = -month if month <= 0 else -0.5 * month
            score = round(32 + fall + chance.gauss(0, 2))
            fvc = f",{80 + 1.5 * fall + chance.gauss(0, 5):.1f}" if with_fvc else ""
            cell = '"' + name.replace('"', '""') + '"'
            day = 1 + i % 20
            lines.append(
                f"{cell},2021-06-{day:02d},{2021 + years}-{rest + 1:02d}-{day:02d},{score}{fvc}"
            )
    return "\n".join(lines) + "\n"
