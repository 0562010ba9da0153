"""The decisions about the platform that a later change must not undo unseen."""

from __future__ import annotations

import ast
import tomllib
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from tests.app.driver import EVERY_PAGE, ROOT
from tests.conftest import trial_from
from ui import navigation

SCREEN = [ROOT / "app.py", *sorted((ROOT / "pages").glob("*.py")), *(ROOT / "ui").rglob("*.py")]
CODE = {path.relative_to(ROOT).as_posix(): ast.parse(path.read_text("utf-8")) for path in SCREEN}
MAKERS = {"list", "dict", "set", "defaultdict", "deque", "OrderedDict", "Counter", "bytearray"}
LITERALS = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
HASHED_SAFELY = {"str", "int", "float", "bool"}


def ui() -> dict[str, ast.Module]:
    return {path: tree for path, tree in CODE.items() if path.startswith("ui/")}


def called(node: ast.Call) -> str:
    return ast.unparse(node.func).split(".")[-1]


def test_no_address_is_the_stem_of_a_page_file(monkeypatch):
    monkeypatch.setattr(st, "Page", lambda path, **options: (path, options["url_path"]))
    found: dict = dict(cast("list[Any]", navigation.pages()))
    assert set(found) == set(EVERY_PAGE)
    assert len(set(found.values())) == len(EVERY_PAGE)
    stems = {path.split("/")[1].removesuffix(".py") for path in EVERY_PAGE}
    assert not stems & set(found.values())


def test_every_file_in_pages_is_in_the_menu():
    assert {f"pages/{path.name}" for path in (ROOT / "pages").glob("*.py")} == set(EVERY_PAGE)


def cached_functions() -> list[tuple[str, ast.FunctionDef, ast.expr]]:
    return [
        (path, node, decorator)
        for path, tree in CODE.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
        for decorator in node.decorator_list
        if "cache_" in ast.unparse(decorator)
    ]


SHARED_BY_ALL = {"ui/readers.py:sheet_reader", "ui/heavy_work.py:heavy_work"}
"""Caches of the whole server: idle processes that have seen no file."""


def test_every_cache_belongs_to_one_session_and_is_bounded():
    assert cached_functions()
    for path, function, decorator in cached_functions():
        place = f"{path}:{function.name}"
        assert isinstance(decorator, ast.Call), place
        options = {k.arg: ast.literal_eval(k.value) for k in decorator.keywords}
        if place in SHARED_BY_ALL:
            assert ast.unparse(function.args) == "", place
            continue
        assert options.get("scope") == "session", place
        assert 0 < options.get("max_entries", 0) <= 1000, place


def test_no_cache_is_keyed_by_a_table():
    for path, function, _ in cached_functions():
        arguments = function.args
        assert arguments.vararg is None, function.name
        assert arguments.kwarg is None, function.name
        for argument in (*arguments.args, *arguments.kwonlyargs):
            if not argument.arg.startswith("_"):
                kind = ast.unparse(argument.annotation) if argument.annotation else "anything"
                assert kind in HASHED_SAFELY, f"{path}:{function.name}({argument.arg}: {kind})"


def test_one_value_in_sixty_thousand_changes_hash_and_cached_comparison():
    rng = np.random.default_rng(1)
    people, days = 12_000, (-180.0, -90.0, 0.0, 90.0, 180.0)
    frame = pd.DataFrame(
        {
            "patient": np.repeat([f"P{i}" for i in range(people)], len(days)),
            "day": np.tile(days, people),
            "value": rng.integers(10, 40, people * len(days)).astype(float),
        }
    )
    other = frame.copy()
    other.loc[31_234, "value"] = 48.0 if frame["value"].iloc[31_234] < 40 else 0.0
    first, second = trial_from(frame, title="T"), trial_from(other, title="T")
    assert first.hash != second.hash

    def script():
        import streamlit as st

        from analysis.settings import Settings
        from ui import cache

        settings = Settings(endpoints=("alsfrs_r",), flips=1000)
        results = [cache.comparison(t, settings) for t in st.session_state["trials"]]
        st.session_state["means"] = [r.endpoints[0].change_summary.mean for r in results]
        st.session_state["again"] = [
            cache.comparison(t, settings) is r
            for t, r in zip(st.session_state["trials"], results, strict=True)
        ]

    at = AppTest.from_function(script, default_timeout=60)
    at.session_state["trials"] = (first, second)
    at.run()
    assert not at.exception
    assert at.session_state["means"][0] != at.session_state["means"][1]
    assert at.session_state["again"] == [True, True]


def test_all_charts_go_through_one_function():
    names = {"plotly_chart", "altair_chart", "vega_lite_chart", "line_chart", "scatter_chart"}
    names |= {"pyplot", "bar_chart", "area_chart", "echarts_chart", "bokeh_chart", "html"}
    for path, tree in CODE.items():
        calls = {called(node) for node in ast.walk(tree) if isinstance(node, ast.Call)}
        # Styles: a meeting hides the sidebar, and filled buttons get letters that can be read.
        allowed = {"html"} if path in ("ui/meeting.py", "ui/readable.py") else set()
        assert not calls & names - allowed, path
        if path not in ("ui/figures.py", "ui/components/__init__.py"):
            assert "mount_chart" not in calls, path
            assert not {"component", "declare_component"} & calls, path


def is_mutable(value: ast.expr | None) -> bool:
    return isinstance(value, LITERALS) or (isinstance(value, ast.Call) and called(value) in MAKERS)


@pytest.mark.parametrize("path", sorted(ui()))
def test_no_module_of_the_screen_holds_something_that_changes(path):
    """Modules live as long as the process: what changes in one is shared by all users."""
    tree = CODE[path]
    constants = set()
    for node in tree.body:
        if isinstance(node, ast.Assign):
            assert not is_mutable(node.value), f"{path}:{node.lineno}"
            constants |= {ast.unparse(target) for target in node.targets}
        elif isinstance(node, ast.AnnAssign):
            constants.add(ast.unparse(node.target))
            if is_mutable(node.value):
                assert ast.unparse(node.annotation).split("[")[0] == "Final", node.lineno
                assert isinstance(node.value, ast.Dict), f"{path}:{node.lineno}"
    for part in ast.walk(tree):
        assert not isinstance(part, ast.Global), path
        targets = getattr(part, "targets", None) or [getattr(part, "target", None)]
        for target in targets:
            if isinstance(target, ast.Subscript | ast.Attribute):
                owner = ast.unparse(target.value)
                assert owner not in constants, f"{path}:{target.lineno}"


def test_pages_are_scripts_that_nobody_imports():
    """Their top level runs anew for every session, so their lists and dicts are nobody else's."""
    for path, tree in CODE.items():
        for node in ast.walk(tree):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not {name.split(".")[0] for name in names} & {"pages", "app"}, path


def test_configuration_is_private_and_local():
    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text("utf-8"))
    assert config["browser"]["gatherUsageStats"] is False
    assert config["client"]["showErrorDetails"] == "none"
    assert config["client"]["toolbarMode"] == "viewer"
    server = config["server"]
    assert server["address"] in ("localhost", "127.0.0.1")
    assert server.get("enableXsrfProtection", True) is True
    assert server.get("enableCORS", True) is True
    assert server["scriptHealthCheckEnabled"] is True
    assert server["maxUploadSize"] <= 50
    assert server.get("enableAgentApi", False) is False


def test_nothing_switches_the_protection_off_elsewhere():
    for path in (ROOT / "alslope.py", ROOT / "Makefile"):
        text = path.read_text("utf-8")
        for word in ("enableXsrfProtection", "enableCORS", "gatherUsageStats", "server.address"):
            assert word not in text, path


def test_no_setting_of_a_widget_is_bound_to_the_address_bar():
    for path, tree in CODE.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.keyword):
                assert node.arg not in ("bind", "persist_state"), path
