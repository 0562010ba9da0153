"""The layers, sizes and habits of the code, read from its syntax trees."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LAYERS = ("app", "pages", "ui", "report", "analysis", "data")
COMMAND_LINE = ("alslope", "report", "analysis", "data")
OURS = {*LAYERS, *COMMAND_LINE}
SCREEN = ("app", "pages", "ui")
WITHOUT_SCREEN = COMMAND_LINE
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 80
MAX_PARAMETERS = 8

Function = ast.FunctionDef | ast.AsyncFunctionDef


def sources(*layers: str) -> dict[Path, ast.Module]:
    """Return the syntax trees of the files of some layers."""
    files: list[Path] = []
    for layer in layers:
        files += [p for p in [ROOT / f"{layer}.py"] if p.exists()]
        files += sorted((ROOT / layer).rglob("*.py"))
    return {path.relative_to(ROOT): ast.parse(path.read_text("utf-8")) for path in files}


CODE = sources(*sorted(OURS))


def layer_of(path: Path) -> str:
    return path.parts[0].removesuffix(".py")


def imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield line and full name of every import, also those inside functions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"relative import in line {node.lineno}"
            yield node.lineno, node.module or ""


def functions(tree: ast.AST) -> Iterator[Function]:
    yield from (node for node in ast.walk(tree) if isinstance(node, Function))


def allowed(layer: str) -> set[str]:
    """Return what a layer may import: itself and all that stands to its right."""
    return {
        other
        for chain in (LAYERS, COMMAND_LINE)
        if layer in chain
        for other in chain[chain.index(layer) :]
    }


def test_code_is_found():
    assert {"analysis", "data", "report"} <= {layer_of(path) for path in CODE}


def test_nothing_imports_to_its_left():
    wrong = [
        f"{path}:{line} imports {name}"
        for path, tree in CODE.items()
        for line, name in imports(tree)
        if (top := name.split(".")[0]) in OURS and top not in allowed(layer_of(path))
    ]
    assert wrong == []


def test_only_the_screen_imports_streamlit():
    wrong = [
        f"{path}:{line}"
        for path, tree in sources(*WITHOUT_SCREEN).items()
        for line, name in imports(tree)
        if name.split(".")[0] == "streamlit"
    ]
    assert wrong == []


def test_everything_but_the_screen_runs_without_loading_streamlit():
    modules = [
        ".".join(path.with_suffix("").parts).removesuffix(".__init__")
        for path in sources(*WITHOUT_SCREEN)
    ]
    code = (
        "import importlib, sys\n"
        f"for name in {modules!r}: importlib.import_module(name)\n"
        "assert 'streamlit' not in sys.modules\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_no_file_is_too_long():
    lengths = {str(path): len((ROOT / path).read_text("utf-8").splitlines()) for path in CODE}
    assert {path: n for path, n in lengths.items() if n > MAX_FILE_LINES} == {}


def test_no_function_is_too_long():
    wrong = {
        f"{path}:{f.name}": length
        for path, tree in CODE.items()
        for f in functions(tree)
        if (length := (f.end_lineno or 0) - f.lineno + 1) > MAX_FUNCTION_LINES
    }
    assert wrong == {}


def test_no_function_has_too_many_parameters():
    def count(function: Function) -> int:
        a = function.args
        names = [arg.arg for arg in (*a.posonlyargs, *a.args, *a.kwonlyargs)]
        return len([n for n in names if n not in ("self", "cls")]) + bool(a.vararg) + bool(a.kwarg)

    wrong = {
        f"{path}:{f.name}": count(f)
        for path, tree in CODE.items()
        for f in functions(tree)
        if count(f) > MAX_PARAMETERS
    }
    assert wrong == {}


def public(tree: ast.Module | ast.ClassDef) -> Iterator[Function | ast.ClassDef]:
    """Yield the public functions, classes and methods of a module."""
    for node in tree.body:
        if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from public(node)


def test_what_is_public_in_analysis_and_data_is_described():
    trees = sources("analysis", "data")
    wrong = [str(path) for path, tree in trees.items() if not ast.get_docstring(tree)]
    wrong += [
        f"{path}:{node.name}"
        for path, tree in trees.items()
        for node in public(tree)
        if not ast.get_docstring(node)
    ]
    assert wrong == []


def test_no_exception_is_caught_blindly():
    def names(node: ast.expr | None) -> set[str]:
        parts = node.elts if isinstance(node, ast.Tuple) else [node] if node else []
        return {ast.unparse(part).split(".")[-1] for part in parts} or {"everything"}

    wrong = [
        f"{path}:{node.lineno}"
        for path, tree in CODE.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler)
        and names(node.type) & {"everything", "Exception", "BaseException"}
    ]
    assert wrong == []


def test_no_html_reaches_the_page_unescaped():
    wrong = [
        f"{path}:{node.value.lineno}"
        for path, tree in CODE.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.keyword)
        and node.arg == "unsafe_allow_html"
        and not (isinstance(node.value, ast.Constant) and node.value.value is False)
    ]
    assert wrong == []


# Their caches hold idle processes that have seen no data; the whole server shares them.
SHARED_BY_ALL = (Path("ui/readers.py"), Path("ui/heavy_work.py"))


def test_every_cache_is_bounded_and_belongs_to_one_session():
    wrong = []
    for path, tree in sources(*SCREEN).items():
        calls = {id(node.func): node for node in ast.walk(tree) if isinstance(node, ast.Call)}
        for node in ast.walk(tree):
            name = getattr(node, "attr", getattr(node, "id", ""))
            if name not in ("cache_data", "cache_resource") or not isinstance(node, ast.expr):
                continue
            call = calls.get(id(node))
            options = {k.arg: ast.unparse(k.value) for k in call.keywords} if call else {}
            bounded = options.get("max_entries", "None") != "None"
            scopes = (None,) if path in SHARED_BY_ALL else ("'session'",)
            if not bounded or options.get("scope") not in scopes:
                wrong.append(f"{path}:{node.lineno}")
    assert wrong == []


EXTRA = (ROOT / "requirements-extra.txt").read_text("utf-8")
IMPORTED_AS = {"python_pptx": "pptx"}


def requirements() -> dict[str, str]:
    """Return the version specifier of every line of requirements.txt."""
    text = (ROOT / "requirements.txt").read_text("utf-8")
    lines = [line.split("#")[0].strip() for line in text.splitlines()]
    matches = [re.match(r"([A-Za-z0-9._-]+)(.*)", line) for line in lines if line]
    return {match[1].lower().replace("-", "_"): match[2] for match in matches if match}


def test_every_requirement_is_pinned_exactly():
    loose = {n: v for n, v in requirements().items() if not re.fullmatch(r"==\d+(\.\d+)+", v)}
    assert loose == {}


def test_requirements_are_exactly_what_is_imported():
    imported = {name.split(".")[0] for tree in CODE.values() for _, name in imports(tree)}
    third_party = imported - OURS - set(sys.stdlib_module_names)
    optional = {name for name in third_party if f"\n{name}==" in EXTRA}
    assert {IMPORTED_AS.get(name, name) for name in requirements()} == third_party - optional
