"""Whether the launcher's settings can be kept, before anything runs."""

import shutil
from collections.abc import Mapping

from hydra_plugins.nst_batch_launcher.launcher import BatchedLauncherConf

from nst.base.errors import UserError, did_you_mean

CLUSTERS = ("inline", "local", "slurm")


def check(conf: BatchedLauncherConf) -> None:
    """Refuse a setting that is out of its range or needs what is not installed.

    Raises:
      UserError: one is; the message says what is allowed or missing.
    """
    if conf.cluster not in CLUSTERS:
        allowed = f"must be {', '.join(CLUSTERS[:-1])} or {CLUSTERS[-1]}, not {conf.cluster!r}"
        raise UserError(
            f"hydra.launcher.cluster {allowed}{did_you_mean(conf.cluster, list(CLUSTERS))}"
        )
    for key in ("lanes", "chunk", "timeout_min", "array_parallelism"):
        value = getattr(conf, key)
        if value is not None and value < 1:
            raise UserError(f"hydra.launcher.{key} must be at least 1, not {value}")
    if conf.sbatch is not None and not isinstance(conf.sbatch, Mapping):
        raise UserError(f"hydra.launcher.sbatch must be {{option: value}}, not {conf.sbatch}")
    if conf.cluster == "inline":
        return
    try:
        import submitit  # noqa: F401
    except ImportError as error:
        raise UserError(
            f"hydra.launcher.cluster={conf.cluster} needs submitit: pip install 'nst[slurm]'"
        ) from error
    missing = [name for name in ("sbatch", "srun") if shutil.which(name) is None]
    if conf.cluster == "slurm" and missing:
        raise UserError(
            f"hydra.launcher.cluster=slurm found no {' and no '.join(missing)} here: start the "
            "sweep on a machine that submits Slurm jobs"
        )
