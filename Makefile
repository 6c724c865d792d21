# Each target makes what it needs; `make` alone lists them.
PYTHON ?= python3
VENV ?= .venv
RUN = $(VENV)/bin/python

.DEFAULT_GOAL := help
.PHONY: help setup setup-gpu demo paper bench docs table test test-slow lint clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.runtime ## install nst into .venv

setup-gpu: $(VENV)/.runtime ## install nst with CUDA 13 into .venv
	$(RUN) -m pip install --quiet --constraint constraints.txt --editable '.[cuda]'

demo: $(VENV)/.runtime ## one style transfer, with everything built in
	$(RUN) -m nst.run experiment=demo preset=quick

paper: $(VENV)/.runtime ## the papers' figures; size=256 figures=7,8 choose
	$(RUN) -m nst.paper $(if $(size),size=$(size)) $(if $(figures),figures=$(figures))

# Beside PyTorch where that is installed: .venv/bin/pip install torch
bench: $(VENV)/.runtime ## speed, memory and start-up, the tables of docs/performance.md
	@against=$$($(RUN) -c 'import torch' 2>/dev/null && echo --against torch); set -ex; \
	$(RUN) -m nst.bench step --size 256 --steps 5 --repeats 3 $$against; \
	$(RUN) -m nst.bench step --size 256 --steps 5 --repeats 3 --precision bfloat16 $$against; \
	$(RUN) -m nst.bench memory --size 256 512 $$against; \
	$(RUN) -m nst.bench startup --repeats 2

# --strict with --quiet would let every warning pass.
docs: table $(VENV)/.docs ## the table of keys, then the site: build/site/index.html
	NO_MKDOCS_2_WARNING=1 $(RUN) -m mkdocs build --strict --config-file docs/site/mkdocs.yml

table: $(VENV)/.runtime
	$(RUN) -m nst.config.document

test: $(VENV)/.dev ## the tests
	$(RUN) -m pytest -n 2 --dist worksteal

test-slow: $(VENV)/.dev ## the tests that take longer
	$(RUN) -m pytest -n 2 --dist worksteal -m slow

lint: $(VENV)/.dev ## format, lint, types and the direction of imports
	$(RUN) -m ruff format --check .
	$(RUN) -m ruff check .
	$(RUN) -m mypy
	$(VENV)/bin/lint-imports --no-cache

clean: ## remove .venv and what tools left; outputs/ stays
	rm -rf $(VENV) dist build .pytest_cache .ruff_cache .mypy_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.runtime: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "nst needs Python 3.11 or newer: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.docs: $(VENV)/.runtime
	$(RUN) -m pip install --quiet --constraint constraints.txt --editable '.[docs]'
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime
	$(RUN) -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@
