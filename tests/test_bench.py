"""The benchmark runs as a user would run it, and what it imports."""

import json
import subprocess
import sys


def test_the_grid_takes_its_size_and_steps():
    command = [sys.executable, "-m", "nst.bench", "grid", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    for option in ("--size", "--steps", "--network", "--json"):
        assert option in done.stdout


def test_the_benchmark_imports_neither_hydra_nor_wandb():
    program = "import json, sys, nst.bench; print(json.dumps(sorted(sys.modules)))"
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert not {"hydra", "wandb", "omegaconf"} & set(json.loads(done.stdout))
