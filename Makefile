# Each target does all of its own set-up: a checkout, Python 3.11+ and make are enough.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo test truth bench docs lock clean

demo: $(READY) ## install, provision Stan, fit eight schools, print the path of the report
	$(BIN)/workbench fit stan_models/hierarchical/eight_schools.stan data/eight_schools.csv

test: $(READY) ## lint, types, import contract and the default tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -m "not truth" -n 2 --dist loadfile

truth: $(READY) ## the longer comparisons with independent results
	$(BIN)/pytest -m truth -n 2

bench: $(READY) ## compile times beside CmdStan's own way; a large table; sweeps; reports (ARVIZ=python: beside ArviZ's plots)
	$(BIN)/python tests/bench/compiling.py
	$(BIN)/python tests/bench/binding.py
	$(BIN)/python -m tests.bench.sweeping
	$(BIN)/python -m tests.bench.reporting $(ARVIZ)

docs: $(READY) ## the pages of the bundled models, and their pictures where there are none
	$(BIN)/python -m tests.library.write_pages

$(READY): pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "workbench needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V 2>&1). hint: make PYTHON=python3.12 ..."; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

lock: ## write requirements.lock anew from pyproject.toml (needs uv)
	uv pip compile pyproject.toml --group dev --universal --generate-hashes --no-emit-index-url \
	  --no-annotate --no-header --python-version 3.11 --quiet --output-file requirements.lock

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache
