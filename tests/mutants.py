"""Whether the tests notice a wrong sign, factor, degree of freedom or limit in ``analysis/``.

``python -m tests.mutants --count 20 --seed 1`` changes one place at a time in a copy of the project
and runs the tests of the analysis there. A change that no test notices is printed as SURVIVED and
makes the exit code 1.
"""

from __future__ import annotations

import argparse
import ast
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.conftest import ROOT

_IGNORED = shutil.ignore_patterns(".venv", ".git", ".*_cache", "__pycache__", ".hypothesis")
_SWAPPED: dict[type[ast.AST], type[ast.AST]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.Lt: ast.GtE,
    ast.Gt: ast.LtE,
    ast.LtE: ast.Gt,
    ast.GtE: ast.Lt,
    ast.BitAnd: ast.BitOr,
}
_TESTS = ("tests/analysis", "tests/report", "tests/test_json_keys.py")
_EQUIVALENT = {
    "(a + b) / 2 - (b - a) / 2 * _NODES": "nodes and weights are symmetric about 0",
}
"""Changes that change no number, by what they make of the code, and why."""


def is_number(node: ast.AST) -> bool:
    """Whether a node is written as a number other than a truth value."""
    return (
        isinstance(node, ast.Constant)
        and isinstance(node.value, int | float)
        and not isinstance(node.value, bool)
    )


def is_comparison(node: ast.AST) -> bool:
    """Whether a node compares two sizes."""
    return isinstance(node, ast.Compare) and type(node.ops[0]) in _SWAPPED


def is_minus(node: ast.AST) -> bool:
    """Whether a node is a minus sign in front of something."""
    return isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)


def uncomputed(tree: ast.AST) -> set[int]:
    """Return the nodes inside annotations and decorators: they compute nothing."""
    skipped: set[int] = set()
    for node in ast.walk(tree):
        parts: list[ast.AST | None] = [getattr(node, "annotation", None)]
        parts += [getattr(node, "returns", None), *getattr(node, "decorator_list", [])]
        for part in parts:
            if part is not None:
                skipped |= {id(below) for below in ast.walk(part)}
    return skipped


def changes(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield every node that can be changed: operators of numbers, and numbers in arithmetic."""
    skipped = uncomputed(tree)
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.BinOp) and type(node.op) in _SWAPPED:
            yield node
            yield from (side for side in (node.left, node.right) if is_number(side))
        elif is_comparison(node) or is_minus(node):
            yield node


def change(node: ast.AST) -> str:
    """Change a node in place and say how."""
    before = ast.unparse(node)
    if isinstance(node, ast.BinOp):
        node.op = _SWAPPED[type(node.op)]()  # type: ignore[assignment]
    elif isinstance(node, ast.Compare):
        node.ops[0] = _SWAPPED[type(node.ops[0])]()  # type: ignore[call-overload]
    elif isinstance(node, ast.UnaryOp):
        node.op = ast.UAdd()
    elif isinstance(node, ast.Constant):
        node.value = node.value + 1  # type: ignore[operator]
    return f"{before}  →  {ast.unparse(node)}"


def is_green(home: Path, tests: Sequence[str] = _TESTS) -> bool:
    """Whether the tests pass in a copy of the project."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"]
    command += ["-n", "auto", "--dist", "loadfile", *tests]
    return subprocess.run(command, cwd=home, capture_output=True, check=False).returncode == 0


def about(file: Path, home: Path) -> list[str]:
    """Return the test files that name the module of a file: where a change is noticed soonest."""
    module = ".".join(file.relative_to(home).with_suffix("").parts)
    tests = sorted((home / "tests" / "analysis").glob("test_*.py"))
    return [str(test) for test in tests if module in test.read_text("utf-8")]


def tried(file: Path, at: int, home: Path) -> tuple[str, str]:
    """Change one place of a file in the copy for a while; return the verdict and the change."""
    original = file.read_text("utf-8")
    tree = ast.parse(original)
    node = list(changes(tree))[at]
    said = change(node)
    place = f"{file.relative_to(home)}:{getattr(node, 'lineno', 0)}  {said}"
    reason = _EQUIVALENT.get(said.split("  →  ")[1])
    if reason:
        return "the same", f"{place}  ({reason})"
    file.write_text(ast.unparse(tree), "utf-8")
    try:
        nearest = about(file, home)
        noticed = bool(nearest) and not is_green(home, nearest)
        return ("noticed" if noticed or not is_green(home) else "SURVIVED"), place
    finally:
        file.write_text(original, "utf-8")


def main() -> int:
    """Try some changes, chosen by a seed; return 1 if one survives."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--skip", type=int, default=0, help="how many of them not to try")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "copy"
        shutil.copytree(ROOT, home, ignore=_IGNORED)
        if not is_green(home):
            print("The tests fail without any change: nothing can be said.")
            return 2
        places = [
            (file, at)
            for file in sorted((home / "analysis").rglob("*.py"))
            for at in range(len(list(changes(ast.parse(file.read_text("utf-8"))))))
        ]
        chosen = random.Random(options.seed).sample(places, options.count)[options.skip :]
        survivors = 0
        for file, at in chosen:
            verdict, what = tried(file, at, home)
            survivors += verdict == "SURVIVED"
            print(f"{verdict:9} {what}", flush=True)
    print(f"{survivors} of {len(chosen)} changes survived")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
