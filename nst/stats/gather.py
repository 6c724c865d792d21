"""From folders to what is compared: runs, the settings that were named, the numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nst.base.errors import UserError, did_you_mean
from nst.metrics.registry import PREFERENCE
from nst.report import axes, compared, factors, voted
from nst.report.factors import SEED, Factor
from nst.report.reading import runs_in
from nst.report.summary import Key, Report
from nst.rundir import planned
from nst.rundir.runs import Broken, Run

MIX = "init.mix"
#: Up to this share of noise a start differs by less than 0.02 gray levels: nobody can see it, and
#: runs that differ in it alone are reruns.
UNSEEN = 1e-4
_WEIGHTS = ("alpha", "beta")


@dataclass(frozen=True)
class Sweep:
    """The runs of some folders, and what is compared in them."""

    report: Report  # runs, keys that vary, those that can't be read
    every: list[Factor]  # what sets its runs apart
    by: list[Factor]  # those that were named
    metrics: list[dict[str, Any]]  # as nst.report.compared lists them, with the name one types


def gather(folders: Sequence[Path], by: Sequence[str], metrics: Sequence[str]) -> Sweep:
    """Return what is to be compared.

    Args:
      folders: with runs at any depth.
      by: dotted keys.
      metrics: as they were typed; none: every metric of the pictures.

    Raises:
      UserError: there are no runs, nothing varies, or a key or a metric can't be compared.
    """
    runs, broken, base = runs_in(folders)
    votes = voted.read(folders, base, runs)
    runs = voted.added(runs, votes)
    keys = _keys(runs, by, broken)
    begun = [run.folder for run in runs] + [one.folder for one in broken]
    waiting = planned.waiting(folders, begun)
    report = Report("", base, runs, broken, keys, {}, [], [], waiting=waiting, voted=votes)
    every = factors.of(keys, runs)
    named = [one for one in every if set(by) & {key.name for key in one.keys}]
    return Sweep(report, every, named, _metrics(report, metrics))


def _keys(runs: list[Run], by: Sequence[str], broken: list[Broken]) -> list[Key]:
    """Return the keys that vary with those of `by` among them, and replicates as one key, seed."""
    if len(runs) == 1:
        others = f" ({len(broken)} more can't be read)" if broken else ""
        raise UserError(f"there is one run alone{others}, and nothing to compare it with")
    keys = axes.varying(runs)
    if set(by) & set(_WEIGHTS):  # who names one of the two weights wants them apart
        apart = [axes.key(name, runs) for name in _WEIGHTS]
        keys = [one for one in keys if one.name != axes.RATIO]
        known = {one.name for one in keys}
        keys += [one for one in apart if len(one.values) > 1 and one.name not in known]
    keys = _with_replicates(keys, runs, by)
    for name in by:
        if name not in [one.name for one in keys]:
            told = [one for one in keys if one.name != SEED]
            keys.append(axes.named("--by", name, runs, told))
    if not by:
        vary = axes.listed([one.name for one in keys if one.name != SEED])
        raise UserError(f"name what to compare with --by KEY: {vary}")
    return keys


def _with_replicates(keys: list[Key], runs: list[Run], by: Sequence[str]) -> list[Key]:
    """Return the keys, seed and a start's noise that nobody can see as one of the name seed."""
    if SEED in by:
        raise UserError(
            "--by seed: seeds stand for chance, and are what the others are judged by; "
            + axes.listed([one.name for one in keys if one.name != SEED])
        )
    mix = next((one for one in keys if one.name == MIX), None)
    unseen = mix and mix.numbers and max(mix.numbers) <= UNSEEN
    if not (mix and unseen) or MIX in by:
        return keys
    seed = next((one for one in keys if one.name == SEED), None)
    of = {
        run.name: " ".join(one.of.get(run.name, "") for one in (seed, mix) if one) for run in runs
    }
    both = Key(SEED, SEED, list(dict.fromkeys(of.values())), of, None)
    return [one for one in keys if one not in (mix, seed)] + [both]


def _metrics(report: Report, asked: Sequence[str]) -> list[dict[str, Any]]:
    known = {_typed(one): one for one in compared.by(report)}
    if not asked:
        found = [name for name, one in known.items() if one["group"] == "metrics"]
        if not found:
            raise UserError(
                f"no run has metrics{_why_none(report.runs)}; name a loss with --metric: "
                f"{', '.join(known) or 'there is none either'}"
            )
        return [known[name] | {"typed": name} for name in found]
    return [known[name] | {"typed": name} for name in dict.fromkeys(_known(known, report, asked))]


def _known(known: dict[str, dict[str, Any]], report: Report, asked: Sequence[str]) -> list[str]:
    names = []
    for name in asked:
        short = name.removeprefix("metrics/").removeprefix("best/")
        titles = {one["title"]: typed for typed, one in known.items()}
        if short not in known and name in titles:
            short = titles[name]
        if short not in known and (layer := _loss(short, report)):
            known[short] = layer
        if short not in known:
            hint = did_you_mean(short, known)
            if short.partition("/")[0] == PREFERENCE.name:
                hint = ", since there are no votes on these pictures yet: nst choose takes them"
            raise UserError(
                f"--metric: no run has {name!r}{hint}; they have {', '.join(known) or 'none'}"
            )
        names.append(short)
    return names


def _loss(name: str, report: Report) -> dict[str, Any] | None:
    """Return a loss that the page doesn't list: the total, or one layer's."""
    group, _, rest = name.partition("/")
    if group != "loss" or not any(compared.value(run, "losses", rest) for run in report.runs):
        return None
    meaning = "Loss of the result."
    return dict(group="losses", name=rest, title=f"{rest} loss", better="lower", meaning=meaning)


def _typed(metric: dict[str, Any]) -> str:
    """Return what one types for a number, the column of metrics.csv: ssim, loss/style, steps_s."""
    start = {"losses": "loss/", "last": "last/loss/"}.get(metric["group"], "")
    return start + metric["name"]


def _why_none(runs: list[Run]) -> str:
    finished = sum(run.status == "finished" for run in runs)
    return "" if finished else f", since none of the {len(runs)} finished"
