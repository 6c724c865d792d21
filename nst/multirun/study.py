"""A search's study: where its trials are kept, who proposes them, and who is at work on which.

It lies in the sweep's folder or in any storage that Optuna takes, and several processes may work on
it.
"""

import contextlib
import json
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from nst.base import locks
from nst.base.errors import UserError
from nst.config.running import Search
from nst.metrics.objective import Objective
from nst.multirun.journal import journal
from nst.multirun.samplers import sampler
from nst.multirun.space import Dimension

#: Of the study in the sweep's folder; `optuna-dashboard FILE` opens it.
JOURNAL = "study.journal"
#: A file for each trial that a process is at work on, which it holds locked.
CLAIMS = ".search"
#: Under which a study keeps what it looks for.
QUESTION = "nst"
DIRECTIONS = {"lower": StudyDirection.MINIMIZE, "higher": StudyDirection.MAXIMIZE}


@dataclass(frozen=True)
class Question:
    """What a search looks for, and among what."""

    space: Sequence[Dimension]
    objectives: Sequence[Objective]
    given: Sequence[str]  # overrides that all its runs have

    def as_json(self) -> dict[str, Any]:
        """Return what a study has to have in common with another to be the same."""
        space = {
            one.name: json.loads(optuna.distributions.distribution_to_json(one.distribution))
            for one in self.space
        }
        objectives = [one.name for one in self.objectives]
        return {"space": space, "objective": objectives, "overrides": sorted(self.given)}


@dataclass(frozen=True)
class Proposed:
    """A trial that this process is to run."""

    number: int  # of the trial and its run's folder
    overrides: list[str]  # of its run, beside those that all have


class Study:
    """A search's trials, this process's and others'."""

    def __init__(self, question: Question, settings: Search, folder: Path, name: str):
        """Open the study, or begin it.

        Args:
          question: what is looked for.
          settings: checked by `check_sampler`.
          folder: of the sweep; made if missing.
          name: of a study in `settings.storage`, where `settings.study` has none.

        Raises:
          UserError: the storage can't be had, or has another study of this name.
        """
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self.question, self._settings, self.folder = question, settings, folder
        self.trials = settings.trials
        folder.mkdir(parents=True, exist_ok=True)
        self._study = _opened(question, settings, folder, settings.study or name)
        if not self._study.get_trials(deepcopy=False) and any(folder.glob("*/run.json")):
            raise UserError(f"{folder} has runs that are of no search: take another folder")

    @contextlib.contextmanager
    def round(self, size: int) -> Iterator[list[Proposed]]:
        """Yield the trials of the next round, which no other process takes meanwhile.

        First those that a process of this folder left unfinished. None are left when all are done,
        or others are at work on the last ones.

        Args:
          size: trials of a round. Rounds end at its multiples, so that a search which was cut off
            asks for the rest of one with what it knew at its beginning.
        """
        with ExitStack() as held:
            with locks.file_lock(self.folder / "search"):
                found = [self._again(trial) for trial in self._left(held, size)]
                last = found[-1].number if found else size - 1
                while (last + 1) % size or not found:
                    if len(self._study.get_trials(deepcopy=False)) >= self._settings.trials:
                        break
                    found.append(self._asked(held))
                    last = found[-1].number
            yield found

    def tell(self, number: int, values: Sequence[float] | None, why: str, pruned: bool) -> None:
        """Record how a trial ended.

        Args:
          number: of the trial.
          values: of each objective; None where the run failed or has no finite value.
          why: it has none, in a sentence.
          pruned: it was ended because others were better.
        """
        if values is None:
            (trial,) = (t for t in self._study.get_trials(deepcopy=False) if t.number == number)
            ended = optuna.trial.Trial(self._study, trial._trial_id)  # noqa: SLF001
            state = TrialState.PRUNED if pruned else TrialState.FAIL
            ended.set_user_attr("why", why)
            self._study.tell(number, state=state)
        else:
            self._study.tell(number, list(values))
        with locks.file_lock(self.folder / "search"):  # nobody claims one meanwhile
            (self.folder / CLAIMS / str(number)).unlink(missing_ok=True)
            with contextlib.suppress(OSError):  # others are at work
                (self.folder / CLAIMS).rmdir()

    def finished(self) -> list[FrozenTrial]:
        """Return the trials that have a value."""
        return self._study.get_trials(deepcopy=False, states=[TrialState.COMPLETE])

    def best(self) -> list[FrozenTrial]:
        """Return the best trial, or of several objectives all that no other one beats."""
        return self._study.best_trials if self.finished() else []

    def _asked(self, held: ExitStack) -> Proposed:
        number = len(self._study.get_trials(deepcopy=False))
        self._study.sampler = sampler(self._settings, number)
        trial = self._study.ask()
        claimed = self._claim(trial.number, held)
        assert claimed, "nobody else asks in this folder"
        return self._suggested(trial)

    def _again(self, trial: FrozenTrial) -> Proposed:
        self._study.sampler = sampler(self._settings, trial.number)
        # What it has already is kept; a kill may have come before the rest was drawn.
        return self._suggested(optuna.trial.Trial(self._study, trial._trial_id))  # noqa: SLF001

    def _suggested(self, trial: optuna.trial.Trial) -> Proposed:
        overrides = []
        for at, one in enumerate(self.question.space, 1):
            self._study.sampler = sampler(self._settings, trial.number, at)
            overrides.append(one.suggest(trial))
        trial.set_user_attr("overrides", " ".join(overrides))
        return Proposed(trial.number, overrides)

    def _left(self, held: ExitStack, size: int) -> list[FrozenTrial]:
        """Return trials that a process of this folder left unfinished, and claim them."""
        found: list[FrozenTrial] = []
        for trial in self._study.get_trials(deepcopy=False, states=[TrialState.RUNNING]):
            known = (self.folder / CLAIMS / str(trial.number)).exists()
            # In a storage for many folders, a trial without a claim here is another's.
            ours = known or not self._settings.storage
            if len(found) < size and ours and self._claim(trial.number, held):
                found.append(trial)
        return found

    def _claim(self, number: int, held: ExitStack) -> bool:
        """Claim a trial until `held` is closed; return False where another process has it."""
        (self.folder / CLAIMS).mkdir(exist_ok=True)
        release = locks.claim(self.folder / CLAIMS / str(number))
        if release:
            held.callback(release)
        return release is not None


def _opened(question: Question, settings: Search, folder: Path, name: str) -> optuna.Study:
    directions = [DIRECTIONS[one.better] for one in question.objectives]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            study = optuna.create_study(
                study_name=name,
                storage=settings.storage or journal(folder / JOURNAL),
                directions=directions,
                load_if_exists=True,
            )
            # For optuna-dashboard.
            study.set_metric_names([one.title for one in question.objectives])
    except (UserError, KeyboardInterrupt):
        raise
    except Exception as error:
        # Each database has errors of its own, and Optuna passes them on.
        said = " ".join(str(error).split("\n")[0].split()) or type(error).__name__
        raise UserError(f"search.storage can't be opened: {said}") from error
    own = json.loads(json.dumps(question.as_json()))
    found = study.user_attrs.get(QUESTION)
    if found is None and not study.get_trials(deepcopy=False):
        study.set_user_attr(QUESTION, own)
    elif found != own:
        # An address may have a password.
        where = "search.storage" if settings.storage else folder / JOURNAL
        raise UserError(
            f"{where} has another search of the name {name!r}, which differs in "
            f"{_difference(found, own)}: take another search.study or folder"
        )
    return study


def _difference(found: Mapping[str, Any] | None, own: Mapping[str, Any]) -> str:
    if not found:
        return "that it is not nst's"
    if found["space"] != own["space"]:
        keys = found["space"].keys() | own["space"].keys()
        changed = [key for key in keys if found["space"].get(key) != own["space"].get(key)]
        return f"the range of {', '.join(sorted(changed))}"
    if found["objective"] != own["objective"]:
        return f"its objective, {', '.join(found['objective'])}"
    changed = sorted(set(found["overrides"]) ^ set(own["overrides"]))
    return " and ".join(changed) or "its overrides' order"
