"""Write ``requirements.lock``: every package that is installed, with the hashes of all its files.

Run ``python deploy/make_lock.py`` after a change of ``requirements.txt``; it asks pip for the
versions that belong together, and PyPI for the hashes of the files of every system::

    pip install --require-hashes -r requirements.lock

then installs these files and no others.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
LOCK: Final = ROOT / "requirements.lock"
HEADER: Final = """\
# Every package of requirements.txt and what these need, with the hashes of their files on PyPI.
# Written by deploy/make_lock.py; install with: pip install --require-hashes -r requirements.lock
"""
ONLY_WINDOWS: Final = {"colorama": "0.4.6"}
"""Needed there alone, so that a resolution elsewhere does not name them."""


def resolved() -> dict[str, str]:
    """Return the version of every package that pip would install here."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--report", "-"]
    command += ["--ignore-installed", "-r", str(ROOT / "requirements.txt")]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    report: dict[str, Any] = json.loads(said)
    return {
        re.sub(r"[-_.]+", "-", one["metadata"]["name"]).lower(): one["metadata"]["version"]
        for one in report["install"]
    }


def hashes(name: str, version: str) -> list[str]:
    """Return the SHA-256 of every file of one version on PyPI, in order."""
    request = urllib.request.Request(
        f"https://pypi.org/simple/{name}/",
        headers={"Accept": "application/vnd.pypi.simple.v1+json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        files = json.load(answer)["files"]
    found = {file["hashes"]["sha256"] for file in files if of_version(file["filename"], version)}
    if not found:
        raise SystemExit(f"{name} {version}: PyPI names no file")
    return sorted(found)


def of_version(file: str, version: str) -> bool:
    """Tell whether a wheel or an archive of sources is of one version."""
    if file.endswith(".whl"):
        return file.split("-")[1] == version
    stem = file.removesuffix(".tar.gz").removesuffix(".zip")
    return stem != file and stem.rpartition("-")[2] == version


def main() -> None:
    """Write the lock."""
    found = resolved()
    lines = [HEADER]
    for name, version in sorted((ONLY_WINDOWS | found).items()):
        marker = "" if name in found else ' ; sys_platform == "win32"'
        digests = " \\\n".join(f"    --hash=sha256:{digest}" for digest in hashes(name, version))
        lines.append(f"{name}=={version}{marker} \\\n{digests}\n")
    LOCK.write_text("".join(lines), encoding="utf-8")
    print(f"{LOCK.name}: {len(lines) - 1} packages")


if __name__ == "__main__":
    main()
