"""Many people on one server: errors, waiting, memory, and whether anybody sees another's data.

Run ``OPENBLAS_NUM_THREADS=1 python -m benchmarks.load`` on an idle machine (Linux); the table is in
the docs. ``--people 30 --seconds 30`` are the defaults.

Everybody opens the app, drops a file of their own whose patients have names that stand in no other
file, looks at the patients, then changes a setting once a second on Slopes. Then one more visitor
starts a computation of a minute (untreated trials of 12,000 patients) while the others go on. At
last half of them press "Clear data", and all leave. The answers that each visitor got are searched
for the names in the others' files. Times are those of the server, without a browser's drawing.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.visitor import ServerError, Visitor
from data.examples.registry import registry_csv
from tests.browser.driver import Server

TTL_SECONDS = 5
AFTER_SECONDS = 45
PATIENTS = 20
DAY0 = ("as after", "in both", "in neither", "as before")
FIELD = "Tables of visits: Excel, CSV, ODS, SPSS, Stata, SAS or zip"


@dataclass
class Phase:
    """The waiting times of one part of the run, in seconds."""

    name: str
    times: list[float] = field(default_factory=list)

    def row(self) -> str:
        """Return the line of the table."""
        ordered = sorted(self.times)
        p95 = ordered[max(0, round(0.95 * len(ordered)) - 1)]
        return (
            f"| {self.name} | {len(ordered):,} | {statistics.median(ordered):.2f} | {p95:.2f} | "
            f"{ordered[-1]:.2f} |"
        )


def planted(who: int) -> bytes:
    """Return the beginning of the names in one visitor's file; it stands in no other one."""
    return f"PLANTED{who:03d}X".encode()


def megabytes(process: int) -> float:
    """Return the memory of a process and its children that lies in RAM."""
    total = 0
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = dict(
                    line.split(":", 1) for line in (folder / "status").read_text().splitlines()
                )
            except OSError:
                continue
            if int(folder.name) == process or int(fields["PPid"]) == process:
                total += int(fields.get("VmRSS", "0 kB").split()[0])
    return total / 1024


async def visit(visitor: Visitor, who: int, phases: dict[str, Phase]) -> None:
    """Open the app, drop the file and look at its patients."""
    phases["open"].times.append(await visitor.run())
    await visitor.run("your-trial")
    content = registry_csv(PATIENTS).replace(b"R0", planted(who))
    phases["drop a file"].times.append(await visitor.upload(FIELD, "visits.csv", content))
    phases["another page"].times.append(await visitor.run("each-patient"))
    phases["another page"].times.append(await visitor.run(""))


async def click(visitor: Visitor, until: float, phase: Phase) -> None:
    """Change a setting once a second, or as soon as the last change is answered."""
    lap = 0
    while time.monotonic() < until:
        started = time.monotonic()
        phase.times.append(await visitor.choose("Day-0 visit counts", DAY0[lap % len(DAY0)]))
        lap += 1
        await asyncio.sleep(max(0.0, 1.0 - (time.monotonic() - started)))


async def heavy(address: str) -> float:
    """Start the untreated trials of 12,000 patients, and return the seconds they took."""
    async with Visitor(address, seconds=300) as visitor:
        await visitor.run()
        await visitor.run("your-trial")
        await visitor.press("Simulated registry, 12,000 patients")
        return await visitor.run("with-no-transplant")


async def crowd(address: str, people: int, seconds: float, process: int) -> list[str]:
    """Run everything and return the lines to print."""
    names = ("open", "drop a file", "another page", "a setting a second", "the same beside a")
    phases = {name: Phase(name) for name in names}
    phases["the same beside a"].name = "the same beside a long computation"
    lines = [f"before anybody came: {megabytes(process):,.0f} MB"]
    visitors = [Visitor(address) for _ in range(people)]
    failed: list[str] = []

    async def stay(who: int, visitor: Visitor) -> None:
        try:
            async with visitor:
                await asyncio.sleep(0.2 * who)
                await visit(visitor, who, phases)
                await met.wait()
                await click(visitor, time.monotonic() + seconds, phases["a setting a second"])
                await met.wait()
                started.set()
                await click(visitor, time.monotonic() + seconds, phases["the same beside a"])
                if who % 2:
                    await visitor.run("your-trial")
                    await visitor.press("Clear data")
                await met.wait()
        except (ServerError, OSError, TimeoutError, KeyError) as problem:
            failed.append(f"{type(problem).__name__}: {problem}")
            await met.abort()

    met, started = asyncio.Barrier(people), asyncio.Event()

    async def long() -> float:
        await started.wait()
        return await heavy(address)

    computing = asyncio.create_task(long())
    await asyncio.gather(*(stay(who, visitor) for who, visitor in enumerate(visitors)))
    lines.append(f"with {people} people: {megabytes(process):,.0f} MB")
    took = 0.0 if failed else await computing
    computing.cancel()
    await asyncio.sleep(AFTER_SECONDS)
    lines.append(f"{AFTER_SECONDS} s after they left: {megabytes(process):,.0f} MB")
    lines.append(f"the long computation took {took:.0f} s")
    lines += _seen(visitors)
    lines.append(f"errors: {len(failed)} {'; '.join(failed)[:500]}")
    table = ["| | answers | median, s | 95 %, s | longest, s |", "| --- | --- | --- | --- | --- |"]
    return [*table, *(p.row() for p in phases.values() if p.times), "", *lines]


def _seen(visitors: list[Visitor]) -> list[str]:
    own = sum(planted(who) in visitor.received for who, visitor in enumerate(visitors))
    strange = [
        (who, other)
        for who, visitor in enumerate(visitors)
        for other in range(len(visitors))
        if other != who and planted(other) in visitor.received
    ]
    return [f"own names seen by {own} of {len(visitors)}; names of others seen: {len(strange)}"]


def main() -> int:
    """Print a table of times and what happened to the memory; fail on any error."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--rounds", type=int, default=1, help="whole crowds after each other")
    asked = parser.parse_args()
    os.environ["STREAMLIT_SERVER_DISCONNECTED_SESSION_TTL"] = str(TTL_SECONDS)
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder) / "log", warmed=True)
        server.start()
        try:
            assert server.process is not None
            for _ in range(asked.rounds):
                lines = asyncio.run(
                    crowd(
                        server.address.rstrip("/"),
                        asked.people,
                        asked.seconds,
                        server.process.pid,
                    )
                )
                print("\n".join(lines), flush=True)
                bad += not any(line == "errors: 0 " for line in lines)
                bad += not any(line.endswith("names of others seen: 0") for line in lines)
        finally:
            server.stop()
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
