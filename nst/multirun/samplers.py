"""What proposes a search's trials: Optuna's samplers, by name, drawn anew for each value."""

import importlib.util
import warnings
from collections.abc import Callable, Sequence

import numpy as np
import optuna
from optuna.samplers import BaseSampler, RandomSampler

from nst.base.errors import UserError
from nst.config.running import Search
from nst.metrics.objective import Objective


def _qmc(seed: int, own: int) -> BaseSampler:
    # Its points are one sequence; only what it leaves to the other sampler is drawn anew.
    return optuna.samplers.QMCSampler(
        scramble=True,
        seed=seed,
        independent_sampler=RandomSampler(own),
        warn_independent_sampling=False,
    )


def _cmaes(seed: int, own: int) -> BaseSampler:
    return optuna.samplers.CmaEsSampler(seed=own, warn_independent_sampling=False)


#: Each sampler, made from the search's seed and one of the trial's own.
SAMPLERS: dict[str, Callable[[int, int], BaseSampler]] = {
    "tpe": lambda seed, own: optuna.samplers.TPESampler(seed=own),
    # Optuna's 50 to a generation are more than most searches have.
    "nsga2": lambda seed, own: optuna.samplers.NSGAIISampler(seed=own, population_size=16),
    "random": lambda seed, own: RandomSampler(own),
    "qmc": _qmc,
    "cmaes": _cmaes,
    "gp": lambda seed, own: optuna.samplers.GPSampler(seed=own, warn_independent_sampling=False),
}


def sampler(settings: Search, number: int, at: int = 0) -> BaseSampler:
    """Return a sampler that draws the same however often a search is cut off.

    Args:
      settings: the group ``search``.
      number: of the trial.
      at: of the value that is drawn, from 1; 0: of all at once.
    """
    own = int(np.random.SeedSequence([settings.seed, number, at]).generate_state(1)[0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "experimental"
        return SAMPLERS[settings.sampler](settings.seed, own)


def check_sampler(settings: Search, objectives: Sequence[Objective]) -> None:
    """Refuse a sampler that is not installed or can't have so many objectives.

    Args:
      settings: validated.
      objectives: of the search.

    Raises:
      UserError: says what is missing or allowed.
    """
    if settings.sampler == "gp" and importlib.util.find_spec("torch") is None:
        raise UserError("search.sampler=gp needs PyTorch, which is missing: pip install torch")
    if settings.sampler == "cmaes" and len(objectives) > 1:
        raise UserError(
            f"search.sampler=cmaes looks for one objective, not for {len(objectives)}: give "
            "search.objective one name, or take search.sampler=tpe"
        )
