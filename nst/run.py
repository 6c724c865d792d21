"""``python -m nst.run``: from the command line to a run, from an error to a sentence."""

import contextlib
import dataclasses
import os
import re
import shutil
import sys
import traceback
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hydra
from hydra.core.config_store import ConfigStore
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from nst import interrupt
from nst.config import Config, from_mapping, unknown_key
from nst.errors import UserError, did_you_mean
from nst.paths import conf_dir
from nst.validation import validated

if TYPE_CHECKING:
    from nst.transfer import Outcome

ConfigStore.instance().store(name="schema", node=Config)

#: What a user can mend, and is told in a sentence.
REFUSALS = (UserError, HydraException, OmegaConfBaseException, OSError)


HELP = """\
Neural style transfer (Gatys et al. 2015), one run or a sweep of them, each tracked.

== Groups, chosen as group=option ==
{groups}

== Keys, set as key=value ==
{keys}
Examples:
  python -m nst.run style=starry tv.gamma=1e3
  python -m nst.run content.path=me.jpg style.path=painting.jpg size=512
  python -m nst.run -m style=starry,scream pooling=avg,max
Each key's unit and range: docs/configuration.md. Options of Hydra: --hydra-help.
-v shows the whole traceback of an error."""


class _Refused(BaseException):
    """Carries a single run's error past Hydra, which would print the overrides as well."""


def main() -> None:
    """Run what the command line asks for; exit 0, 1 for an error, 130 after Ctrl-C."""
    verbose = os.environ.get("HYDRA_FULL_ERROR") == "1" or "-v" in sys.argv
    sys.argv = [argument for argument in sys.argv if argument != "-v"]
    # Hydra then raises what it would print over several lines; a sentence is made of it here.
    os.environ["HYDRA_FULL_ERROR"] = "1"
    interrupt.listen()
    error: BaseException
    try:
        if {"-h", "--help"} & set(sys.argv):
            _help([argument for argument in sys.argv[1:] if not argument.startswith("-")])
        else:
            _job()
        return
    except _Refused as refused:
        error = refused.__cause__ or refused
    except REFUSALS as raised:
        error = raised
    except ValueError as raised:
        # Hydra's own, for a group's option that isn't text: style=3.
        if not str(raised).startswith("Config group override"):
            raise
        error = raised
    except KeyboardInterrupt:
        sys.exit(130)
    if verbose:
        traceback.print_exception(error)
    sys.exit(f"nst: {sentence(error)}")


def _help(overrides: list[str]) -> None:
    """Print groups and keys; Hydra's own help takes three times as long to gather them."""
    with hydra.initialize_config_dir(str(conf_dir()), version_base="1.3"):
        composed = hydra.compose("config", overrides)
    groups = "\n".join(f"{name}: {', '.join(them)}" for name, them in sorted(_options().items()))
    print(HELP.format(groups=groups, keys=OmegaConf.to_yaml(composed)))


@hydra.main(version_base="1.3", config_path=str(conf_dir()), config_name="config")
def _job(composed: DictConfig) -> float | None:
    """Run one job; return its best total, which a search may lower."""
    try:
        return _perform(composed)
    except REFUSALS as error:
        if HydraConfig.get().mode == RunMode.MULTIRUN:
            raise
        raise _Refused from error


def _perform(composed: DictConfig) -> float | None:
    folder = Path(HydraConfig.get().runtime.output_dir)
    try:
        values = OmegaConf.to_container(composed, resolve=True, throw_on_missing=True)
        config = validated(from_mapping(values))  # type: ignore[arg-type]
        # JAX loads here, so that --help and a mistyped key answer at once.
        from nst import transfer

        interrupt.check()
        outcome = transfer.perform(_prepared(config, folder), transfer.Place(folder, **_place()))
    except (*REFUSALS, KeyboardInterrupt):
        # A sweep's folders stay: their logs say which run was refused, and why.
        if HydraConfig.get().mode == RunMode.RUN:
            _discard(folder)
        raise
    return _report(outcome)


def _prepared(config: Config, folder: Path) -> Any:
    from nst import inputs, record

    try:
        return inputs.prepare(config)
    except UserError as error:
        if HydraConfig.get().mode == RunMode.MULTIRUN:
            record.refuse(folder, config, HydraConfig.get().overrides.task, str(error))
        raise


def _place() -> dict[str, Any]:
    """Return where else the run belongs, from what Hydra knows of the job."""
    settings = HydraConfig.get()
    overrides = tuple(settings.overrides.task)
    if settings.mode != RunMode.MULTIRUN:
        return {"overrides": overrides}
    # One wandb/ folder a sweep: `wandb leet` finds only the runs directly under what it is given.
    sweep = Path(settings.sweep.dir).absolute()
    from nst.tracking import sweep_group

    return {"overrides": overrides, "tracking": sweep, "group": sweep_group(sweep)}


def _report(outcome: "Outcome") -> float | None:
    if outcome.picture and outcome.best_total is not None:
        print(
            f"{os.path.relpath(outcome.picture)}  "
            f"(best at step {outcome.best_step}, total {outcome.best_total:.6g})"
        )
    if outcome.status == "interrupted":
        raise KeyboardInterrupt
    if outcome.status != "finished":
        raise UserError(
            f"{outcome.error}, so the run stopped there and kept its best picture so far, of step "
            f"{outcome.best_step}: try a lower optimizer.lr or lower weights"
        )
    return outcome.best_total


def _discard(folder: Path) -> None:
    """Remove what Hydra and W&B made for a run that never started, and nothing else."""
    if (folder / "run.json").exists():
        return
    for name in (".hydra", "wandb"):
        shutil.rmtree(folder / name, ignore_errors=True)
    (folder / "run.log").unlink(missing_ok=True)
    # Empty folders too, up to the one the user is in; elsewhere only the run's own.
    here = Path.cwd()
    for empty in (folder, *(parent for parent in folder.parents if here in parent.parents)):
        if empty != here:
            with contextlib.suppress(OSError):
                empty.rmdir()


def sentence(error: BaseException) -> str:
    """Return one line that says what is wrong and what is allowed."""
    text = str(error)
    unknown = re.match(r"Could not override '([^']+)'", text)
    if unknown:
        return str(unknown_key(unknown[1], _options()))
    if isinstance(error, MissingConfigException) and error.options is not None:
        group, _, option = (error.missing_cfg_file or "").rpartition("/")
        return _unknown_option(group, option, error.options)
    if text.startswith("Config group override"):
        return _option_that_is_no_text()
    if isinstance(error, OverrideParseException):
        return f"can't read the override {error.override!r}: it must look like key=value"
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    cause = error.__cause__
    reason = cause if isinstance(cause, OmegaConfBaseException) else error
    line = " ".join(str(reason).split("\n")[0].split())
    if line.startswith("Ambiguous value"):
        found = text.partition("'")[2].partition("'")[0]
        return f"{found} gives several values, and one run takes one: -m runs each in turn"
    key = getattr(reason, "full_key", None)
    return f"{key} {_expected(key)}: {line}" if key else line


def _expected(key: str) -> str:
    """Return what the schema says a key takes."""
    entry: Any = Config
    for part in key.split("."):
        fields = {field.name: field.type for field in dataclasses.fields(entry)}
        entry = fields.get(part, str)
        if not dataclasses.is_dataclass(entry):
            break
    kinds = {float: "a number", bool: "true or false", str: "text", list[str]: "a list of texts"}
    return f"must be {kinds.get(entry, 'given')}"


def _options() -> dict[str, list[str]]:
    """Return the options of every configuration group."""
    return {
        group.name: sorted(path.stem for path in group.glob("*.yaml"))
        for group in conf_dir().iterdir()
        if group.is_dir() and group.name != "hydra"
    }


def _unknown_option(group: str, option: str, options: Iterable[str]) -> str:
    allowed = sorted(options)
    hint = did_you_mean(option, allowed)
    return f"{group} has no option {option!r}{hint}; it has {', '.join(allowed)}"


def _option_that_is_no_text() -> str:
    # Hydra doesn't say which argument it was: the first that names no option of its group.
    for argument in sys.argv[1:]:
        group, _, option = argument.lstrip("+").partition("=")
        if group in _options() and option not in _options()[group]:
            return _unknown_option(group, option, _options()[group])
    wrong = next((a for a in sys.argv[1:] if a.startswith("=")), "an override")
    return f"can't read the override {wrong!r}: it must look like key=value"


if __name__ == "__main__":
    main()
