"""Several processes that compute one picture, on one machine or many: how they talk.

Each runs the same program, as multi-controller JAX wants it. Process 0 leads.
"""

import os

import jax
import numpy as np
from jax.experimental import multihost_utils

from nst.base.errors import UserError, one_line
from nst.base.processes import ADDRESS, Process

#: Seconds that processes wait for each other to start, and until one that is silent counts as dead.
STARTING = 120
SILENT = 30


def join(process: Process) -> None:
    """Make the devices of all processes one set; before anything else is asked of JAX.

    Args:
      process: which this is.

    Raises:
      UserError: the others can't be found.
    """
    # What is left when a process dies ends by itself, with the sentence of a failed device.
    jax.config.update("jax_enable_recoverability", True)
    named = ADDRESS in os.environ  # else JAX finds number and place of srun's processes
    try:
        jax.distributed.initialize(
            num_processes=process.among if named else None,
            process_id=process.number if named else None,
            # JAX gives each process of srun one device; one that is alone on a machine has all.
            local_device_ids=[] if process.alone else None,
            initialization_timeout=STARTING,
            heartbeat_timeout_seconds=SILENT,
        )
    except (RuntimeError, ValueError) as error:
        where = f" at {os.environ[ADDRESS]}" if named else ""
        raise UserError(
            f"process {process.number} of {process.among} could not join the others{where} "
            f"({one_line(str(error))[:200]}): start all of them within {STARTING} seconds"
        ) from error


def leave() -> None:
    """End what `join` began; process 0 waits until the others have, since it keeps their list."""
    if leads():
        with multihost_utils.live_devices(jax.devices()):
            return
    jax.distributed.shutdown()


def leads() -> bool:
    """Return whether this process is alone, or the one that leads."""
    return jax.process_index() == 0


def of_each(digest: bytes) -> list[bytes]:
    """Return what each process gives, in the order of the processes.

    Args:
      digest: of the same length in each.
    """
    each = multihost_utils.process_allgather(np.frombuffer(digest, np.uint8))
    return [bytes(own) for own in np.atleast_2d(each)]


def told(value: bytes = b"") -> bytes:
    """Return what process 0 says; the others give nothing."""
    length = multihost_utils.broadcast_one_to_all(np.array(len(value), np.uint32))
    padded = np.frombuffer(value or bytes(int(length)), np.uint8)
    return bytes(multihost_utils.broadcast_one_to_all(padded)) if length else b""
