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
from collections.abc import Iterator
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


def survives(file: Path, source: str, home: Path) -> bool:
    """Whether the tests stay green with another text in one file of the copy."""
    target = home / file.relative_to(ROOT)
    original = target.read_text("utf-8")
    target.write_text(source, "utf-8")
    try:
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"]
        command += ["-n", "auto", "--dist", "loadfile", *_TESTS]
        done = subprocess.run(command, cwd=home, capture_output=True, check=False)
        return done.returncode == 0
    finally:
        target.write_text(original, "utf-8")


def main() -> int:
    """Try some changes, chosen by a seed; return 1 if one survives."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    files = sorted((ROOT / "analysis").rglob("*.py"))
    places = [
        (file, at)
        for file in files
        for at in range(len(list(changes(ast.parse(file.read_text("utf-8"))))))
    ]
    chosen = random.Random(options.seed).sample(places, options.count)
    survivors = 0
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "copy"
        shutil.copytree(ROOT, home, ignore=_IGNORED)
        for file, at in chosen:
            tree = ast.parse(file.read_text("utf-8"))
            node = list(changes(tree))[at]
            line = getattr(node, "lineno", 0)
            said = change(node)
            lives = survives(file, ast.unparse(tree), home)
            survivors += lives
            verdict = "SURVIVED" if lives else "noticed"
            print(f"{verdict:9} {file.relative_to(ROOT)}:{line}  {said}", flush=True)
    print(f"{len(chosen) - survivors} of {len(chosen)} changes noticed")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
