"""``nst run``, and ``nst`` alone: from the command line to a run, from an error to a sentence."""

import logging
import os
import sys
import traceback
from pathlib import Path
from typing import Any

import hydra
from hydra.core.config_store import ConfigStore
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from nst.base import interrupt, processes
from nst.base.errors import UserError, take_any_text
from nst.base.files import conf_dir
from nst.base.processes import Process
from nst.command import given, placing, typed
from nst.command.hydra_private import composing, of_options
from nst.command.options import options
from nst.command.placing import Refused
from nst.command.sentence import REFUSALS, sentence
from nst.config import output, structured
from nst.config.schema import Config, from_mapping
from nst.config.validation import validated
from nst.engine import jax_settings
from nst.runner import precision
from nst.runner.job import Place
from nst.runner.outcome import Outcome, reached

ConfigStore.instance().store(name="schema", node=structured.Config)

HELP = """\
Neural style transfer (Gatys et al. 2015), one run or a sweep of them, each tracked.

== Groups, chosen as group=option ==
{groups}

== Keys, set as key=value ==
{keys}
Examples:
  nst style=starry tv.gamma=1e3
  nst content.path=me.jpg style.path=painting.jpg size=512
  nst -m style=starry,scream pooling=avg,max
Each key's unit and range: docs/configuration.md. Options of Hydra: --hydra-help.
-v shows the whole traceback of an error."""


def main() -> None:
    """Run what the command line asks for; exit 0, 1 for an error, 130 after Ctrl-C."""
    verbose = os.environ.get("HYDRA_FULL_ERROR") == "1" or "-v" in sys.argv
    sys.argv = [argument for argument in sys.argv if argument != "-v"]
    # Hydra then raises what it would print over several lines; a sentence is made of it here.
    os.environ["HYDRA_FULL_ERROR"] = "1"
    # A log that can't be written, on a full disk say, would cost a traceback a line.
    logging.raiseExceptions = False
    take_any_text()
    interrupt.listen()
    error: BaseException
    try:
        sys.argv[1:] = typed.understood(sys.argv[1:])
        given.check(sys.argv[1:])
        if {"-h", "--help"} & set(sys.argv):
            _help([argument for argument in sys.argv[1:] if not argument.startswith("-")])
        else:
            _job()
        return
    except Refused as refused:
        error = refused.__cause__ or refused
    except REFUSALS as raised:
        error = raised
    except Exception as raised:
        # Hydra has no error of its own for some overrides and options: style=3, --resolve alone.
        if not (composing(raised) or of_options(raised)):
            raise
        error = raised
    except KeyboardInterrupt:
        placing.leave_no_empty()
        sys.exit(130)
    placing.leave_no_empty()
    if verbose:
        traceback.print_exception(error)
    sys.exit(f"nst: {sentence(error)}")


def _help(overrides: list[str]) -> None:
    """Print groups and keys; Hydra's own help takes three times as long to gather them."""
    with hydra.initialize_config_dir(str(conf_dir()), version_base="1.3"):
        composed = hydra.compose("config", overrides)
    groups = "\n".join(f"{name}: {', '.join(them)}" for name, them in sorted(options().items()))
    print(HELP.format(groups=groups, keys=OmegaConf.to_yaml(composed)))


@hydra.main(version_base="1.3", config_path=str(conf_dir()), config_name="config")
def _job(composed: DictConfig) -> Any:
    """Run one job; return its `search.objective`, several as a list."""
    try:
        return _perform(composed)
    except REFUSALS as error:
        if HydraConfig.get().mode == RunMode.MULTIRUN:
            raise
        raise Refused from error


def _perform(composed: DictConfig) -> Any:
    folder = Path(HydraConfig.get().runtime.output_dir)
    given.check_base(HydraConfig.get())
    given.check_options(HydraConfig.get())
    values = OmegaConf.to_container(composed, resolve=True, throw_on_missing=True)
    config = from_mapping(values)  # type: ignore[arg-type]
    if config.devices == "rows" and (process := processes.here()):
        return _perform_together(process, config, folder, composed)
    config = _validated(config, folder)
    from nst.runner import session

    outcome = session.perform(_prepared(config, folder), _place(folder, composed))
    _report(outcome, config)
    return reached(outcome, config.search.objective)


def _perform_together(process: Process, config: Config, folder: Path, composed: DictConfig) -> Any:
    """Run one job of which each of several processes computes a part."""
    jax_settings.load()
    from nst.runner import session
    from nst.runner.together import Together

    with Together(process) as others:
        prepared = others.prepared(lambda: _prepared(_validated(config, folder), folder))
        if not others.leads:
            others.follow(prepared)
            placing.leave_no_empty()
            return None
        outcome = session.perform(prepared, _place(folder, composed), others=others)
        _report(outcome, prepared.config)
        return reached(outcome, prepared.config.search.objective)


def _validated(config: Config, folder: Path) -> Config:
    config = validated(config, lambda: precision.auto(folder))
    # JAX loads here, so that --help and a mistyped key answer at once.
    jax_settings.load()
    interrupt.check()
    return config


def _prepared(config: Config, folder: Path) -> Any:
    from nst.rundir import refusal
    from nst.runner import prepare

    try:
        return prepare.prepare(config)
    except UserError as error:
        if HydraConfig.get().mode == RunMode.MULTIRUN:
            overrides = placing.as_typed(HydraConfig.get().overrides.task)
            refusal.write(folder, config, overrides, str(error))
        raise


def _place(folder: Path, composed: DictConfig) -> Place:
    """Return where the run belongs, from what Hydra knows of the job."""
    settings = HydraConfig.get()
    several = settings.mode == RunMode.MULTIRUN
    # One wandb/ folder a sweep: `wandb leet` finds only the runs directly under what it is given.
    sweep = Path(settings.sweep.dir).absolute() if several else None
    whole = HydraConfig.instance().cfg
    assert whole is not None
    texts = placing.texts(composed, whole)
    return Place(folder, placing.as_typed(settings.overrides.task), sweep, texts)


def _report(outcome: Outcome, config: Config) -> None:
    if outcome.picture and outcome.best_total is not None:
        outcome.picture.stat()  # whoever removed it at the last moment is told, too
        print(
            f"{os.path.relpath(outcome.picture)}  "
            f"({config.keep} at step {outcome.best_step}, total {outcome.best_total:.6g})"
        )
        for name in output.files(config.output):
            print(os.path.relpath(outcome.picture.with_name(name)))
    if outcome.status == "interrupted":
        raise KeyboardInterrupt
    if outcome.status == "failed":
        raise UserError(f"{outcome.error}; in this folder sweep.retry=true tries it again")
    if outcome.status == "diverged":
        raise UserError(
            f"{outcome.error}, so the run stopped there and kept its {config.keep} picture so "
            f"far, of step {outcome.best_step}: try a lower optimizer.lr or lower weights"
        )


if __name__ == "__main__":
    main()
