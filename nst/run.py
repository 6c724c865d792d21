"""``python -m nst.run``: from the command line to a run, from an error to a sentence."""

import contextlib
import os
import re
import shutil
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hydra
from hydra.core.config_store import ConfigStore
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from nst.config import Config, from_mapping, unknown_key
from nst.errors import UserError, did_you_mean
from nst.paths import conf_dir
from nst.validation import validated

if TYPE_CHECKING:
    from nst.transfer import Outcome

ConfigStore.instance().store(name="schema", node=Config)


class _Refused(BaseException):
    """Carries a single run's error past Hydra, which would print the overrides as well."""


def main() -> None:
    """Run what the command line asks for; exit 0, 1 for an error, 130 after Ctrl-C."""
    verbose = os.environ.get("HYDRA_FULL_ERROR") == "1" or "-v" in sys.argv
    sys.argv = [argument for argument in sys.argv if argument != "-v"]
    # Hydra then raises what it would print over several lines; a sentence is made of it here.
    os.environ["HYDRA_FULL_ERROR"] = "1"
    error: BaseException
    try:
        _job()
        return
    except _Refused as refused:
        error = refused.__cause__ or refused
    except (UserError, HydraException, OmegaConfBaseException, OSError) as raised:
        error = raised
    except KeyboardInterrupt:
        sys.exit(130)
    if verbose:
        traceback.print_exception(error)
    sys.exit(f"nst: {_sentence(error)}")


@hydra.main(version_base="1.3", config_path=str(conf_dir()), config_name="config")
def _job(composed: DictConfig) -> float | None:
    """Run one job; return its best total, which a search may lower."""
    try:
        return _perform(composed)
    except (UserError, OSError) as error:
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

        outcome = transfer.perform(transfer.prepare(config), folder, **_place())
    except (UserError, OSError, KeyboardInterrupt):
        _discard(folder)
        raise
    return _report(outcome)


def _place() -> dict[str, Any]:
    """Return what else `perform` wants to know, from what Hydra knows of the job."""
    settings = HydraConfig.get()
    overrides = list(settings.overrides.task)
    if settings.mode != RunMode.MULTIRUN:
        return {"overrides": overrides}
    # One wandb/ folder a sweep: `wandb leet` finds only the runs directly under what it is given.
    sweep = Path(settings.sweep.dir).absolute()
    return {"overrides": overrides, "tracking_folder": sweep, "group": "/".join(sweep.parts[-2:])}


def _report(outcome: "Outcome") -> float | None:
    best = outcome.record.best
    if outcome.picture and best:
        steps = outcome.record.config.steps
        print(
            f"{os.path.relpath(outcome.picture)}  "
            f"(best at step {best.step} of {steps}, total {best.terms.total:.6g})"
        )
    if outcome.status == "interrupted":
        raise KeyboardInterrupt
    if outcome.status == "diverged":
        raise UserError(
            f"{outcome.error}, so the run stopped there and kept its best picture so far, of step "
            f"{best.step if best else 0}: try a lower optimizer.lr or lower weights"
        )
    return best.terms.total if best else None


def _discard(folder: Path) -> None:
    """Remove what Hydra and W&B made for a run that never started, and nothing else."""
    if (folder / "run.json").exists():
        return
    for name in (".hydra", "wandb"):
        shutil.rmtree(folder / name, ignore_errors=True)
    (folder / "run.log").unlink(missing_ok=True)
    for empty in (folder, *folder.parents[:2]):
        if empty.resolve() != Path.cwd():
            with contextlib.suppress(OSError):
                empty.rmdir()


def _sentence(error: BaseException) -> str:
    """Return one line that says what is wrong and what is allowed."""
    text = str(error)
    unknown = re.match(r"Could not override '([^']+)'", text)
    if unknown:
        groups = [path.name for path in conf_dir().iterdir() if path.is_dir()]
        return str(unknown_key(unknown[1], groups))
    if isinstance(error, MissingConfigException) and error.options is not None:
        return _unknown_option(error)
    if isinstance(error, OverrideParseException):
        return f"can't read the override {error.override!r}: it must look like key=value"
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    cause = error.__cause__
    reason = cause if isinstance(cause, OmegaConfBaseException) else error
    key = getattr(reason, "full_key", None)
    line = " ".join(str(reason).split("\n")[0].split())
    return f"{key}: {line}" if key else line


def _unknown_option(error: MissingConfigException) -> str:
    group, _, option = (error.missing_cfg_file or "").rpartition("/")
    options = sorted(error.options or ())
    return (
        f"{group} has no option {option!r}{did_you_mean(option, options)}; "
        f"it has {', '.join(options)}"
    )


if __name__ == "__main__":
    main()
