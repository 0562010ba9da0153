"""A figure that writes its annotations and shapes together instead of one by one."""

from __future__ import annotations

from typing import Any, Self

import plotly.graph_objects as go


class LateNotes(go.Figure):  # type: ignore[misc]  # plotly has no types
    """A plotly figure whose annotations and shapes are checked once.

    Plotly checks all annotations again for each one that is added, which takes most of the time of
    a figure with many. Here they wait until the layout is asked for.
    """

    def add_annotation(self, arg: Any = None, **options: Any) -> Self:
        """Add an annotation, as plotly does."""
        return self._add_late("annotations", go.layout.Annotation(arg, **options))

    def add_shape(self, arg: Any = None, **options: Any) -> Self:
        """Add a shape, as plotly does."""
        return self._add_late("shapes", go.layout.Shape(arg, **options))

    @property
    def layout(self) -> Any:
        """The layout with everything that was added to it."""
        self._write()
        return self._layout_obj

    @layout.setter
    def layout(self, layout: Any) -> None:
        self.__dict__.pop("_late", None)
        go.Figure.layout.fset(self, layout)

    def to_dict(self) -> dict[str, Any]:
        """Return the figure as a dictionary."""
        self._write()
        plain: dict[str, Any] = super().to_dict()
        return plain

    def _add_late(self, name: str, one: Any) -> Self:
        self.__dict__.setdefault("_late", {}).setdefault(name, []).append(one)
        return self

    def _write(self) -> None:
        late = self.__dict__.pop("_late", None)
        for name, added in (late or {}).items():
            self._layout_obj[name] = (*self._layout_obj[name], *added)
