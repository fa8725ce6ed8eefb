# The front door. Each target sets up what it needs, once, in .venv: a machine with Python 3.11 or
# newer and make is enough. The set-up is redone when pyproject.toml or constraints.txt changes. The demo
# needs little of it; Spark, which is large, comes with the tests.
#
#   make demo    show a trade-in from the IMEI to the coupon
#   make test    run the tests and the examples in the documentation, in minutes
#   make cover   run the plain tests once more, traced, and check the coverage bounds
#   make test-lowest   run the tests with the lowest versions that pyproject.toml allows, in a set-up of its own
#   make sweep   try every law with more examples, go through all there is, and run the benchmarks small
#   make lint    check style, format, types and coverage, and build the site
#   make docs    build the site of the pages in build/site, every link checked, without the network
#   make pyodide   fetch what the page that values a phone in the browser runs on; then make docs
#   make bench   measure, and print what it is measured against
#   make bench-check   measure, and fail if a figure is worse than benchmarks/baseline.json by more than its tolerance
#   make bench-update DATE=2026-11-30   measure, make that the baseline, and add it to the history and its chart
#   make bench-tuning   measure how well fits predict, beside their peers (DATA=folder of the public data)
#   make prove   sweep with four times as many examples, let the ledger's proofs run in full and fuzz every reader, which takes long; figures in
#                docs/reliability.md
#   make format  let ruff put right what it can
#   make texts   bring the catalogues of translations up to date with data/reason_texts.csv
#   make lock    choose new versions for constraints.txt
#   make sbom    write what the package depends on, with versions and licences, to dist/ (CycloneDX), and print the licences
#   make clean   remove what the targets above made
#
# make PYTHON=/path/to/python3 uses that Python.

SHELL := /bin/sh
VENV := .venv
CONSTRAINTS := constraints.txt
BIN := $(VENV)/bin
EXTRAS := all,service
PROFILE := full
LIGHT := $(VENV)/.light
READY := $(VENV)/.ready
# What builds packages: hatchling and editables build ours, setuptools pyspark.
BUILD_TOOLS := hatchling editables setuptools
# pyspark is published as source only. Everything else comes as a wheel, or pip stops: a package that has to be built
# needs its build tools above.
FROM_SOURCE := pyspark
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input install --quiet --constraint $(CONSTRAINTS) \
	--only-binary :all: --no-binary $(FROM_SOURCE) --use-pep517 --no-build-isolation

SITE = $(BIN)/python -m sphinx --quiet --fail-on-warning --conf-dir docs --doctree-dir build/doctrees . build/site

# Everything but these is the core, where every branch is covered.
ISLANDS := */miexchange/batch/*,*/miexchange/cases/*,*/miexchange/cli/*,*/miexchange/_demo.py,*/miexchange/display.py,*/miexchange/laws/*,*/miexchange/ledger/*,*/miexchange/losses.py,*/miexchange/pricelists/*,*/miexchange/prove/*,*/miexchange/report/*,*/miexchange/simulator/*,*/miexchange/spark.py,*/miexchange/sql/*,*/miexchange/strategies.py,*/miexchange/strategies/*,*/miexchange/tuning/*

# A caller's own paths must not decide which code is tested; and what is compiled once need not be compiled by each test.
unexport PYTHONPATH PYTHONHOME PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test cover test-lowest lowest sweep lint docs pyodide bench bench-check bench-update bench-tuning prove format texts lock sbom clean
.DELETE_ON_ERROR:

define FIND_PYTHON
found=; \
for candidate in $(PYTHON) python3 python3.11 python3.12 python3.13 python3.14 python; do \
	if "$$candidate" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
		found=$$candidate; break; \
	fi; \
done; \
if [ -z "$$found" ]; then \
	echo "miexchange needs Python 3.11 or newer with its modules venv and ensurepip, and none was found." \
		"Install one, or name it: make PYTHON=/path/to/python3" >&2; \
	exit 1; \
fi
endef

help:
	@sed -n 's/^#   //p' Makefile

# The build tools come first, and are then used as they are: otherwise pip would build with whatever version is newest.
$(LIGHT): pyproject.toml $(CONSTRAINTS)
	@$(FIND_PYTHON); \
	echo "Setting up $(VENV) with $$("$$found" --version)"; \
	"$$found" -m venv --clear $(VENV)
	@$(PIP) $(BUILD_TOOLS)
	@$(PIP) --editable '.[batch,cli]'
	@touch $@

$(READY): $(LIGHT)
	@$(BIN)/python tools/group.py dev > $(VENV)/dev.txt
	@$(PIP) --editable '.[$(EXTRAS)]' --requirement $(VENV)/dev.txt
	@touch $@

demo: $(LIGHT)
	@$(BIN)/miexchange demo

test: $(READY)
	$(BIN)/python -m pytest --numprocesses=auto --dist=loadgroup --durations=20

# A tracer takes longer than the code itself, so that the tests are run without it, and those that it needs once more.
cover: $(READY)
	$(BIN)/python -m pytest --numprocesses=auto --dist=loadgroup --quiet --cov --cov-report=
	$(BIN)/python -m coverage report --fail-under=95 --include='$(ISLANDS)'; islands=$$?; \
	$(BIN)/python -m coverage report --fail-under=100 --omit='$(ISLANDS)' && exit $$islands

test-lowest:
	@$(MAKE) --no-print-directory VENV=$(VENV)-lowest CONSTRAINTS=constraints-lowest.txt EXTRAS=all lowest

# Old packages warn of what newer ones of theirs will do: only what our own code is warned of is a mistake here.
lowest: $(READY)
	MIEXCHANGE_WARNINGS=ours $(BIN)/python -m pytest --numprocesses=auto --dist=loadgroup --durations=20

sweep: $(READY)
	MIEXCHANGE_HYPOTHESIS=$(PROFILE) $(BIN)/python -m pytest --numprocesses=auto --dist=loadgroup --durations=20 \
		-m 'sweep or hypothesis'

lint: $(READY)
	$(BIN)/python -m ruff check
	$(BIN)/python -m ruff format --check
	$(BIN)/python -m mypy
	$(BIN)/basedpyright --pythonpath $(BIN)/python
	$(SITE)
	@$(MAKE) --no-print-directory cover

# It needs the network, as the set-up does. Without it the page docs/browser.md has no engine.
pyodide: $(READY)
	$(BIN)/python tools/pyodide.py

docs: $(READY)
	$(SITE)
	@echo "Open build/site/docs/index.html"

bench: $(READY)
	@$(BIN)/python benchmarks/run.py

bench-check: $(READY)
	@$(BIN)/python benchmarks/run.py --check

bench-update: $(READY)
	@$(BIN)/python benchmarks/run.py --update $(if $(DATE),--date '$(DATE)')

bench-tuning: $(READY)
	@$(BIN)/python benchmarks/tuning/run_all.py $(if $(DATA),--data '$(DATA)')

prove: PROFILE := proof
prove: sweep
	@PYTHONPATH=tests $(BIN)/python tools/prove.py
	@$(BIN)/python tools/mutants.py

format: $(READY)
	$(BIN)/python -m ruff check --fix
	$(BIN)/python -m ruff format

texts: $(READY)
	@$(BIN)/python tools/catalogues.py

lock:
	@$(FIND_PYTHON); "$$found" -m venv --clear $(VENV)-lock
	$(VENV)-lock/bin/python tools/group.py dev > $(VENV)-lock/dev.txt
	$(VENV)-lock/bin/python -m pip --disable-pip-version-check install --quiet '.[$(EXTRAS)]' \
		--requirement $(VENV)-lock/dev.txt
	@{ sed -n 1p constraints.txt; \
		$(VENV)-lock/bin/python -m pip --disable-pip-version-check list --format=freeze \
			--exclude miexchange --exclude pip; } > constraints.new
	@mv constraints.new constraints.txt
	@rm -rf $(VENV)-lock
	@echo "constraints.txt is new: run make lint test, and say in CHANGELOG.md what changed"

sbom: $(READY)
	@$(BIN)/python tools/sbom.py

clean:
	rm -rf $(VENV) $(VENV)-lock $(VENV)-lowest build dist .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache
