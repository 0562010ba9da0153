"""The presentation as one HTML file: interactive, offline, with text, tables, methods, settings."""

from __future__ import annotations

import base64
import gzip
import html
import json
import math
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

import pandas as pd
import plotly

from analysis.setting_fields import FIELDS
from report.exhibits.chart import Chart, Exhibit, Sentences, Table
from report.look import LIGHT
from report.presentation.contents import Contents, Part
from report.tables import cell_text

_STYLE: Final = """
:root{color-scheme:light}
body{font:16px/1.55 "Source Sans 3","Source Sans Pro","Segoe UI",system-ui,sans-serif;color:#1B242C;
background:#fff;margin:0 auto;max-width:1000px;padding:32px 24px 64px}
h1{font-size:28px;margin:0 0 4px}h2{font-size:20px;margin:40px 0 4px}
p{margin:6px 0;max-width:80ch}.quiet{color:#4F5B66}
.foot{color:#66727D;font-size:13px;margin-top:6px}
.amber{color:#B45309}.chart{overflow-x:auto}
table{border-collapse:collapse;font-size:14px;margin:8px 0}
th{text-align:left;color:#4F5B66;background:#F5F7F8;font-weight:600}
th,td{padding:4px 10px;border-bottom:1px solid #E6EAED;vertical-align:top}
.wide{overflow-x:auto}summary{cursor:pointer;color:#0F5FB3}
@media print{.chart{break-inside:avoid}details{display:none}}
"""

_SCRIPT: Final = """
async function library() {
  const packed = atob(document.getElementById("plotly").textContent.trim());
  const bytes = Uint8Array.from(packed, (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const code = await new Response(stream).text();
  const script = document.createElement("script");
  script.textContent = code;
  document.head.appendChild(script);
}
library().then(() => {
  for (const place of document.querySelectorAll(".chart")) {
    const figure = JSON.parse(place.querySelector("script").textContent);
    const options = {displaylogo: false, responsive: false,
      modeBarButtonsToRemove: ["lasso2d", "select2d"]};
    Plotly.newPlot(place.querySelector("div"), figure.data, figure.layout, options);
  }
}).catch(() => {
  for (const note of document.querySelectorAll(".failed")) note.hidden = false;
});
"""


def html_text(contents: Contents) -> str:
    """Return the presentation as one file that opens from disk and loads nothing.

    Parameters
    ----------
    contents
        What it holds.
    """
    body = [
        f"<h1>{_safe(contents.title)}</h1>",
        f'<p class="quiet">{len(contents.trial.patient_ids):,} patients around the transplant</p>',
        f'<p class="foot">{_safe(contents.footer)}</p>',
        _section("Results", _paragraphs(contents.results)),
        _section("Who is analysed", _table(contents.flow)),
        *(_part(part, contents, at) for at, part in enumerate(contents.shown)),
        _section("Methods", _paragraphs((contents.methods,))),
        _section("Limitations", _paragraphs(contents.limitations)),
        _section("Settings", _table(settings_table(contents))),
        _section("Sources", _paragraphs(contents.sources)),
    ]
    # Text that holds "</script" would end the element that carries it.
    script = f"<script>{_SCRIPT}</script>"
    packed = f'<script type="application/octet-stream" id="plotly">{_plotly()}</script>'
    head = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{_safe(contents.title)}</title><style>{_STYLE}</style></head><body>"
    )
    return head + "\n".join(body) + packed + script + "</body></html>"


def tables_html(contents: Contents) -> str:
    """Return the tables and sentences alone, plain enough to be pasted into a text.

    Parameters
    ----------
    contents
        What was chosen.
    """
    parts = [
        _section(part.title, _plain(part.exhibit, contents) + _foot(part.footer))
        for part in contents.shown
        if isinstance(part.exhibit, Table | Sentences)
    ]
    head = f'<!doctype html><html lang="en"><head><meta charset="utf-8"><style>{_STYLE}</style>'
    title = f"<title>{_safe(contents.title)}</title></head><body><h1>{_safe(contents.title)}</h1>"
    return head + title + "\n".join(parts) + "</body></html>"


def has_tables(contents: Contents) -> bool:
    """Whether anything that :func:`tables_html` holds is chosen."""
    return any(isinstance(part.exhibit, Table | Sentences) for part in contents.shown)


def settings_table(contents: Contents) -> pd.DataFrame:
    """Return every setting by name, and whether it differs from the default.

    Who was left out is counted, not named: such decisions can hold what people wrote.
    """
    nameless = contents.settings.with_(excluded_patients=(), points=())
    differs = nameless.differences()
    rows = [
        {
            "setting": name,
            "in words": FIELDS[name].words(getattr(nameless, name)) if name in FIELDS else "",
            "value": _setting(value),
            "differs": "yes" if name in differs else "",
        }
        for name, value in nameless.to_json().items()
        if name not in ("excluded_patients", "points")
    ]
    for name in ("excluded_patients", "points"):
        n = len(getattr(contents.settings, name))
        said = "not named here" if n else ""
        rows.append({"setting": name, "in words": "", "value": str(n), "differs": said})
    return pd.DataFrame(rows)


def _setting(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _part(part: Part, contents: Contents, at: int) -> str:
    exhibit = part.exhibit
    said = [text for text in (part.item.caption, part.legend) if text]
    body = "".join(f'<p class="quiet">{_safe(text)}</p>' for text in said)
    if part.changed:
        body = f'<p class="amber">{_safe(part.changed)}</p>{body}'
    if isinstance(exhibit, Chart):
        body += _chart(exhibit, contents, at)
        if exhibit.frame.untreated:
            body += f'<p class="quiet">{_safe(exhibit.frame.untreated)}</p>'
    elif exhibit is not None:
        body += _plain(exhibit, contents)
    return _section(part.title, body + _foot(part.footer))


def _chart(chart: Chart, contents: Contents, at: int) -> str:
    figure = chart.build(LIGHT, contents.names)
    figure.update_layout(width=chart.print_width)
    plain = str(figure.to_json(engine="json")).replace("</", "<\\/")
    numbers = _table(chart.numbers(contents.names))
    return (
        f'<div class="chart" role="img" aria-label="{_safe(chart.said)}"><div id="c{at}"></div>'
        f'<script type="application/json">{plain}</script></div>'
        '<p class="failed amber" hidden>This browser is too old to draw the figure; its numbers '
        f"stand below.</p><details><summary>Numbers</summary>{numbers}</details>"
    )


def _plain(exhibit: Exhibit | None, contents: Contents) -> str:
    if isinstance(exhibit, Table):
        said = f'<p class="quiet">{_safe(exhibit.untreated)}</p>' if exhibit.untreated else ""
        return _table(exhibit.cells(contents.names)) + said
    if isinstance(exhibit, Sentences):
        return _paragraphs(exhibit.lines(contents.names))
    return ""


def _section(title: str, body: str) -> str:
    return f"<section><h2>{_safe(title)}</h2>{body}</section>"


def _paragraphs(lines: Sequence[str]) -> str:
    return "".join(f"<p>{_safe(line)}</p>" for line in lines)


def _foot(text: str) -> str:
    return f'<p class="foot">{_safe(text)}</p>'


def _table(cells: pd.DataFrame) -> str:
    head = "".join(f"<th>{_safe(str(name))}</th>" for name in cells.columns)
    rows = [
        "".join(f"<td>{_safe(_cell(value))}</td>" for value in row)
        for row in cells.itertuples(index=False)
    ]
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return f'<div class="wide"><table><tr>{head}</tr>{body}</table></div>'


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.6g}".replace("-", "−")
    # A table that is pasted into a sheet must not become a formula there.
    return "" if value is None else cell_text(str(value))


def _safe(text: str) -> str:
    return html.escape(text, quote=True)


@cache
def _plotly() -> str:
    """Return the library that draws, packed."""
    folder = Path(plotly.__file__).parent / "package_data"
    return base64.b64encode(gzip.compress((folder / "plotly.min.js").read_bytes(), 9)).decode()
