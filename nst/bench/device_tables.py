"""What was found of a device, as tables."""

import sys
from typing import Any

from rich.console import Console
from rich.table import Table

from nst.bench.plan import PEERS
from nst.bench.verdicts import DEVICES, STEPS, missing, of_peer, pictures_an_hour

MIB = 2**20


def show(found: dict[str, Any]) -> None:
    """Print what `nst.bench.device.measure` returned."""
    # In a file a table is as wide as it needs to be.
    console = Console(width=None if sys.stdout.isatty() else 120)

    def line(text: str) -> None:
        # soft_wrap: a line of text is one line also where the terminal is narrow.
        console.print(text, soft_wrap=True, highlight=False, markup=False)

    versions = ", ".join(f"{name} {version}" for name, version in found["versions"].items())
    line(f"{found['device']}, {found['memory_bytes'] / 2**30:.0f} GiB; {versions}")
    sections = found["sections"]
    for title, table in (
        ("Losses against those of a CPU", _correctness(sections["correctness"])),
        ("A step, in milliseconds", _steps(sections["step"], found["torch"])),
        (f"Runs side by side, of {STEPS} steps each", _lanes(sections, found["torch"])),
        ("Start-up", _start(sections["start-up"])),
        ("Memory, the search for convolutions not among it", _memory(sections["memory"])),
        ("The largest picture", _largest(sections["largest"])),
        (f"Targets, of an {' or '.join(DEVICES)}", _targets(found["targets"])),
    ):
        line(f"\n{title}")
        console.print(table)
    line(f"\n{found['seconds']:.0f} of {found['budget_s']} s")
    if found["stopped"]:
        line("stopped by Ctrl-C")
    for one in found["wrong"]:
        line(f"wrong: {one}")


def _table(*titles: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for title in titles:
        table.add_column(title, overflow="fold")
    return table


def _correctness(rows: list[dict[str, Any]]) -> Table:
    table = _table("precision", "programs", "off by at most", "allowed", "")
    for row in rows:
        if why := missing(row):
            table.add_row(row["precision"], "", "", "", why)
            continue
        off, allowed = (
            ", ".join(f"{far:.2g} {when}" for when, far in row[key].items())
            for key in ("off", "allowed")
        )
        verdict = f"wrong: {len(row['wrong'])}" if row["wrong"] else "right"
        table.add_row(row["precision"], str(len(row["programs"])), off, allowed, verdict)
    return table


def _steps(rows: list[dict[str, Any]], peer: str) -> Table:
    table = _table(
        "size", "precision", "nst", "compiled in s", "PyTorch, eager", "compiled", "ratio"
    )
    cells: dict[tuple[int, str], dict[str, dict[str, Any]]] = {}
    for row in rows:
        cells.setdefault((row["size"], row["precision"]), {})[row["engine"]] = row
    for (size, precision), by_engine in cells.items():
        ours = by_engine.get("nst", {})
        theirs = [_milliseconds(by_engine.get(form), peer) for form in PEERS]
        speeds = [
            one["s_per_step"] for form in PEERS if "s_per_step" in (one := by_engine.get(form, {}))
        ]
        ratio = f"{ours['s_per_step'] / min(speeds):.2f}" if speeds and "s_per_step" in ours else ""
        compiling = f"{ours['compile_s']:.1f}" if "compile_s" in ours else ""
        table.add_row(str(size), precision, _milliseconds(ours, ""), compiling, *theirs, ratio)
    return table


def _milliseconds(row: dict[str, Any] | None, peer: str) -> str:
    if not row:
        return peer if peer.startswith("not measured") else "not measured"
    return missing(row) or f"{1000 * row['s_per_step']:.2f}"


def _lanes(sections: dict[str, list[dict[str, Any]]], peer: str) -> Table:
    table = _table(
        "runs", "size", "precision", "pictures an hour", "PyTorch's, one by one", "times"
    )
    for row in sorted(sections["lanes"], key=lambda row: row["batch"]):
        begin = str(row["batch"]), str(row["size"]), row["precision"]
        if why := missing(row):
            table.add_row(*begin, why)
            continue
        theirs = of_peer(sections, row)
        own = pictures_an_hour(row)
        if theirs is None:
            table.add_row(*begin, f"{own:.0f}", _milliseconds(None, peer))
        else:
            other = pictures_an_hour(theirs)
            table.add_row(*begin, f"{own:.0f}", f"{other:.0f}", f"{own / other:.2f}")
    return table


def _start(rows: list[dict[str, Any]]) -> Table:
    table = _table("until the first step, empty cache", "filled cache", "until the end of --help")
    for row in rows:
        why = missing(row)
        table.add_row(
            *([why] if why else [f"{row[key]:.1f} s" for key in ("cold", "warm", "help")])
        )
    return table


def _memory(rows: list[dict[str, Any]]) -> Table:
    table = _table("runs", "size", "precision", "held, MiB", "estimate, MiB", "estimate / held")
    for row in rows:
        begin = str(row["batch"]), str(row["size"]), row["precision"]
        if why := missing(row):
            table.add_row(*begin, why)
            continue
        held, estimate = row["held_bytes"], row["estimate_bytes"]
        table.add_row(
            *begin, f"{held / MIB:.0f}", f"{estimate / MIB:.0f}", f"{estimate / held:.2f}"
        )
    return table


def _largest(rows: list[dict[str, Any]]) -> Table:
    table = _table("precision", "by the estimate, px", "tried, px", "")
    for row in rows:
        if why := missing(row):
            table.add_row(row["precision"], "", "", why)
            continue
        how = f"fits: {row['peak_bytes'] / MIB:.0f} MiB, {row['seconds']:.0f} s with its start"
        table.add_row(
            row["precision"],
            str(row["estimate"]),
            str(row["tried"]),
            how if row["fits"] else f"does not fit: {row['why']}",
        )
    return table


def _targets(rows: list[dict[str, Any]]) -> Table:
    table = _table("", "found", "target", "")
    for row in rows:
        found = row["why"] or f"{row['found']:.2f}"
        verdict = {True: "met", False: "missed", None: "" if row["why"] else "not for this device"}
        table.add_row(row["what"], found, row["target"], verdict[row["met"]])
    return table
