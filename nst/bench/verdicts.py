"""What the numbers of a device mean: which are wrong, which meet their targets."""

from typing import Any

from nst.bench.plan import PEERS, Piece

#: Devices that the targets are for, as JAX names them in part.
DEVICES = ("H100", "H200")

MOST_OF_COMPILED = 1.0  # a step at 512 px, of torch.compile's
LEAST_OF_LANES = 3.0  # 64 lanes of 256 px, of PyTorch's pictures an hour
MOST_OFF = 0.15  # the estimate of memory, of what is held
#: Steps of a picture.
STEPS = 200

Sections = dict[str, list[dict[str, Any]]]


def short(piece: Piece) -> str:
    """Return what came of a piece, in a few words."""
    found = piece.found
    if why := missing(found):
        return why
    if piece.section == "correctness":
        return f"{len(found['wrong'])} wrong" if found["wrong"] else "right"
    if piece.section == "start-up":
        return f"{found['cold']:.1f} s, with a filled cache {found['warm']:.1f} s"
    if piece.section == "memory":
        return f"{found['held_bytes'] / 2**20:.0f} MiB"
    if piece.section == "largest":
        return "fits" if found["fits"] else found["why"]
    return f"{found['s_per_step']:.4f} s a step"


def missing(found: dict[str, Any]) -> str | None:
    """Return why there is nothing, None where there is something."""
    if "failed" in found:
        return f"failed: {found['failed']}"
    return f"left out: {found['left_out']}" if "left_out" in found else None


def pictures_an_hour(row: dict[str, Any]) -> float:
    """Return the pictures of 200 steps that a program makes in an hour."""
    return float(row["batch"] * 3600 / (STEPS * row["s_per_step"]))


def alike(rows: list[dict[str, Any]], **asked: Any) -> list[dict[str, Any]]:
    """Return the rows with numbers of which these are the settings."""
    return [
        row
        for row in rows
        if not missing(row) and all(row.get(name) == value for name, value in asked.items())
    ]


def of_peer(sections: Sections, row: dict[str, Any]) -> dict[str, Any] | None:
    """Return PyTorch's fastest form of one picture of a row's size and precision."""
    settings = {"size": row["size"], "precision": row["precision"]}
    rows = [one for form in PEERS for one in alike(sections["step"], **settings, engine=form)]
    return min(rows, key=lambda one: one["s_per_step"], default=None)


def wrong(pieces: list[Piece]) -> list[str]:
    """Return a sentence for each number that is wrong, and for each piece that failed."""
    found = [
        f"{piece.title}: {name} is off by {off:.2g}"
        for piece in pieces
        if piece.section == "correctness" and not missing(piece.found)
        for name, off in piece.found.get("wrong", {}).items()
    ]
    return found + [
        f"{piece.title}: failed: {piece.found['failed']}"
        for piece in pieces
        if "failed" in piece.found
    ]


def targets(device: str, sections: Sections, peer: str | None) -> list[dict[str, Any]]:
    """Return each target with what was found, and whether it is met; None where nobody can say.

    Args:
      device: as JAX names it.
      sections: rows by the section's name.
      peer: why PyTorch was not measured; None: it was.
    """
    return [
        {**one, "met": one["met"] if any(name in device for name in DEVICES) else None}
        for one in (*_steps(sections, peer), _lanes(sections, peer), *_estimates(sections))
    ]


def _steps(sections: Sections, peer: str | None) -> list[dict[str, Any]]:
    found = []
    for precision in ("tensorfloat32", "bfloat16"):
        settings: dict[str, Any] = {"size": 512, "precision": precision}
        ours = alike(sections["step"], **settings, engine="nst")
        theirs = alike(sections["step"], **settings, engine="compiled")
        ratio = ours[0]["s_per_step"] / theirs[0]["s_per_step"] if ours and theirs else None
        what = f"a step at 512 px in {precision}, of torch.compile's"
        met = ratio is not None and ratio <= MOST_OF_COMPILED
        found.append(_target(what, ratio, f"at most {MOST_OF_COMPILED:g}", met, peer))
    return found


def _lanes(sections: Sections, peer: str | None) -> dict[str, Any]:
    ratios = [
        pictures_an_hour(row) / pictures_an_hour(theirs)
        for row in alike(sections["lanes"], size=256, batch=64)
        if (theirs := of_peer(sections, row))
    ]
    ratio = max(ratios, default=None)
    met = ratio is not None and ratio >= LEAST_OF_LANES
    what = "64 lanes of 256 px, of PyTorch's pictures an hour"
    return _target(what, ratio, f"at least {LEAST_OF_LANES:g}", met, peer)


def _estimates(sections: Sections) -> list[dict[str, Any]]:
    found = []
    for row in alike(sections["memory"]):
        ratio = row["estimate_bytes"] / row["held_bytes"]
        what = f"estimate of memory, {row['batch']} of {row['size']} px in {row['precision']}"
        wanted = f"within {MOST_OFF:.0%}"
        found.append(_target(what, ratio, wanted, abs(ratio - 1) <= MOST_OFF, None))
    return found


def _target(
    what: str, ratio: float | None, wanted: str, met: bool, peer: str | None
) -> dict[str, Any]:
    why = None if ratio is not None else peer or "not measured"
    return {
        "what": what,
        "found": ratio,
        "target": wanted,
        "met": met if why is None else None,
        "why": why,
    }
