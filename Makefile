# Each target does all of its own set-up: a checkout, Python 3.11+ and make are enough.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo check test coverage truth bench benchmarks docs gallery calibration pictures site lock dist sbom clean help

demo: $(READY) ## install, provide Stan, fit eight schools, print the path of the report
	$(BIN)/workbench fit stan_models/hierarchical/eight_schools.stan data/eight_schools.csv
	@echo 'next: `. $(VENV)/bin/activate` puts the command `workbench` on the PATH'

check: $(READY) ## format, lint, types, import contracts, and the tests that need no compiler: under two minutes
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -m "not stan and not browser and not truth" -n 2 --dist loadfile

test: check ## what `check` does, then the tests that compile and run Stan programs, or open reports in Chromium
	$(BIN)/pytest -m "(stan or browser) and not truth" -n 2 --dist loadfile

coverage: $(READY) ## branch coverage of both halves of the tests, by file; htmlcov/index.html shows the lines
	$(BIN)/pytest -m "not truth" -n 2 --dist loadfile --cov --cov-report=term --cov-report=html

truth: $(READY) ## the long comparisons with independent results
	$(BIN)/pytest -m truth -n 2

bench: $(READY) ## time compilation, tables, predictions, sweeps, tasks on a cluster, many rows (ROWS=1e7), reports (ARVIZ=python: ArviZ's plots), whole fits (SAMPLERS=python: other samplers)
	$(BIN)/python tests/bench/compile_times.py
	$(BIN)/python -m tests.bench.cold_start
	$(BIN)/python tests/bench/binding.py
	$(BIN)/python -m tests.bench.evaluations
	$(BIN)/python -m tests.bench.predictions
	$(BIN)/python -m tests.bench.serving --seconds 60
	$(BIN)/python -m tests.bench.sweep
	$(BIN)/python -m tests.bench.report $(ARVIZ)
	$(BIN)/python -m tests.bench.end_to_end $(if $(SAMPLERS),--samplers $(SAMPLERS))
	$(BIN)/python -m tests.bench.calibration
	$(BIN)/python -m tests.bench.execution
	$(BIN)/python -m tests.bench.vectorise
	$(BIN)/python -m tests.bench.large_data $(if $(ROWS),--rows $(ROWS))
	$(BIN)/python -m tests.bench.samplers

benchmarks: $(READY) ## measure whole fits and put the ratios into the tables of README.md and docs/benchmarks.md (quiet cores)
	$(BIN)/python -m tests.bench.end_to_end --rounds 2 --write

docs: $(READY) ## write the pages and formulas of the bundled models, and the pictures that are missing
	$(BIN)/python -m tests.library.write_pages
	$(BIN)/python -m tests.library.formulas

gallery: $(READY) ## fit every bundled model, and fail if a number on its page has moved by more than chance (NAMES=... for some)
	$(BIN)/python -m tests.library.gallery $(NAMES)

calibration: $(READY) ## fit simulated data of the bundled models that docs/calibration.json lacks (NAMES=... for some; hours for all)
	$(BIN)/python -m tests.library.calibrations $(NAMES)
	$(BIN)/python -m tests.library.calibrations --posterior $(NAMES)

pictures: $(READY) ## draw the terminal and the report that the README shows (needs Chromium)
	$(BIN)/python -m tests.library.pictures

site: $(READY) ## run every command of the documentation (RUN=no: none), then build it into docs/_build, without a network; any warning fails
	$(if $(filter no,$(RUN)),,$(BIN)/pytest tests/test_pages.py -n 2)
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --quiet --builder html docs docs/_build

$(READY): pyproject.toml requirements.lock
	@command -v $(PYTHON) > /dev/null \
	  || { echo "workbench needs Python 3.11 or newer; there is no $(PYTHON). hint: make PYTHON=python3.12 ..."; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "workbench needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V 2>&1). hint: make PYTHON=python3.12 ..."; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

lock: ## update requirements.lock from pyproject.toml (needs uv)
	uv pip compile pyproject.toml --group dev --group docs --universal --generate-hashes --no-emit-index-url \
	  --no-annotate --no-header --python-version 3.11 --quiet --output-file requirements.lock

dist: ## build the wheel and the source archive into dist/, and check both (tools from the package index)
	$(PYTHON) -m venv build/tools
	build/tools/bin/python -m pip install --quiet build twine check-wheel-contents
	rm -rf dist
	build/tools/bin/python -m build --outdir dist .
	build/tools/bin/twine check --strict dist/*
	build/tools/bin/check-wheel-contents dist/*.whl

sbom: $(READY) ## write dist/workbench.cdx.json, a CycloneDX bill of an installation without extras, and of what the first fit fetches
	$(PYTHON) -m venv build/tools
	build/tools/bin/python -m pip install --quiet cyclonedx-bom
	rm -rf build/installed
	$(PYTHON) -m venv --without-pip build/installed
	build/tools/bin/python -m pip --python build/installed/bin/python install --quiet .
	mkdir -p dist
	build/tools/bin/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible \
	  --output-file dist/workbench.cdx.json build/installed/bin/python
	$(BIN)/python -m tests.library.bill_of_materials dist/workbench.cdx.json

clean: ## remove the virtual environment and all caches of the tools
	rm -rf $(VENV) build dist htmlcov docs/_build docs/generated .coverage .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

help: ## list these targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 10
