"""A figure in the making, as plain dicts, for figures of many small parts.

Plotly checks and copies all that a figure holds at every part that is added, which takes longer
than everything else about the figure of a patient. Here nothing is checked: the tests have plotly
check what the drawing code makes.
"""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go

from report.look import Look, template


class Node(dict[str, Any]):
    """A dict whose entries can be read and set as attributes, as in plotly's figures."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = _as_node(value)

    def merge(self, changes: dict[str, Any]) -> None:
        """Take over entries; dicts in dicts are merged, everything else is replaced."""
        for name, value in changes.items():
            if isinstance(value, dict) and isinstance(self.get(name), Node):
                self[name].merge(value)
            else:
                self[name] = _as_node(value)


def _as_node(value: Any) -> Any:
    """Return a dict, also one in a list, as a node, and anything else as it is."""
    if isinstance(value, dict):
        node = Node()
        node.merge(value)
        return node
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [_as_node(one) for one in value]
    return value


class Sketch:
    """Takes the parts of a figure by plotly's own names, and makes the figure of them.

    Parameters
    ----------
    look
        Colours.
    height, margin
        Pixels.
    """

    def __init__(self, look: Look, height: int, margin: dict[str, int]) -> None:
        self.look = look
        self.traces: list[dict[str, Any]] = []
        self.layout = Node(height=height, margin=_as_node(margin), shapes=[], annotations=[])

    def add_scatter(self, **trace: Any) -> None:
        """Add points or a line."""
        self.traces.append({"type": "scatter"} | trace)

    def add_bar(self, **trace: Any) -> None:
        """Add bars."""
        self.traces.append({"type": "bar"} | trace)

    def add_heatmap(self, **trace: Any) -> None:
        """Add a raster."""
        self.traces.append({"type": "heatmap"} | trace)

    def add_shape(self, **shape: Any) -> None:
        """Add a line or an area of the layout."""
        self.layout.shapes.append(_as_node(shape))

    def add_annotation(self, text: dict[str, Any]) -> None:
        """Add a text of the layout."""
        self.layout.annotations.append(_as_node(text))

    def update_layout(self, changes: dict[str, Any] | None = None, **more: Any) -> None:
        """Change the layout; axes and margins keep what is not named."""
        self.layout.merge((changes or {}) | more)

    def figure(self) -> go.Figure:
        """Return the figure; plotly checks none of its parts."""
        layout = {"template": template(self.look).to_plotly_json()} | self.layout
        return go.Figure({"data": self.traces, "layout": layout}, _validate=False)
