# Two commands set up all they need in .venv from Python 3.11, pip and make:
#   make demo   files in, a job, a vector index, three questions
#   make test   every check and every test
.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin
# The first interpreter that really runs and is new enough; `make PYTHON=... ` chooses another.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3.14 python3 python; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null && echo $$p && break; done)

.PHONY: help demo test lint style coverage laws mutants simulate chaos outside stubs \
	bench bench-client bench-durable bench-files bench-upload clean
help:  ## Show this list.
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /|/' | awk -F'|' '{printf "make %-14s %s\n", $$1, $$2}'

demo: $(VENV)/.sandbox  ## Play the whole story on this machine (DOCS=folder for your own files).
	@$(BIN)/dara demo $(if $(DOCS),--docs "$(DOCS)")

# One worker more than there are cores, since some tests wait for the processes they start.
test: style  ## Check everything: style, types, floors, laws, tests.
	@echo "mypy, basedpyright and the mutants, side by side"
	@$(BIN)/mypy & mypy=$$!; $(BIN)/python -m pytest -n 0 tests/mutation & mutants=$$!; \
	$(BIN)/basedpyright; pyright=$$?; wait $$mypy && wait $$mutants && exit $$pyright
	$(BIN)/python -m pytest -n $$($(BIN)/python -c 'import os; print((os.cpu_count() or 1) + 1)') \
		--dist worksteal --ignore=tests/mutation

lint: style  ## Check style, floors and types alone.
	@echo "mypy and basedpyright, side by side"
	@$(BIN)/mypy & mypy=$$!; $(BIN)/basedpyright; pyright=$$?; wait $$mypy && exit $$pyright

style: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

coverage: $(VENV)/.dev  ## Show that the laws and unit tests reach every branch of the algebra.
	$(BIN)/python -m pytest -n auto --dist worksteal --cov=dara_fp.core tests/laws tests/unit

laws: $(VENV)/.dev  ## Try each law on a thousand examples, which takes an hour.
	$(BIN)/python -m pytest -n auto --dist worksteal --hypothesis-profile=thorough -o timeout=3600 tests/laws

mutants: $(VENV)/.dev  ## Break the engine in all the ways listed, and see a law fail for each.
	MUTANTS=all $(BIN)/python -m pytest -n auto --dist worksteal tests/mutation

simulate: $(VENV)/.dev  ## Let everything fail in simulated time (SEEDS=10000 from FIRST=0).
	$(BIN)/python -m pytest -n auto --dist worksteal -o timeout=3600 tests/simulation --seeds $(or $(SEEDS),10000) --first-seed $(or $(FIRST),0)

chaos: $(VENV)/.dev  ## Kill real workers and servers under 2,000 tasks; writes docs/bench.
	$(BIN)/python -m tests.chaos

outside: $(VENV)/.dev  ## Run another local workspace's own tests against the sandbox.
	$(BIN)/python -m tests.outside.minilake

stubs: $(VENV)/.dev  ## Write the types of all Databricks services from the installed SDK.
	$(BIN)/python -m dara_fp.databricks.sdk.stubs

bench: $(VENV)/.bench  ## Compare the algebra with other libraries; writes docs/bench.
	$(BIN)/python -m tests.bench

bench-client: $(VENV)/.dev  ## Compare the Databricks client with other ways to call; writes docs/bench.
	$(BIN)/python -m tests.bench_client

bench-durable: $(VENV)/.bench  ## Compare durable steps with other libraries; writes docs/bench.
	$(BIN)/python -m tests.bench_durable

bench-files: $(VENV)/.dev  ## Send 2 GiB to a sandbox and back, and show what memory that adds.
	$(BIN)/python -m tests.client.files_bench

bench-upload: $(VENV)/.dev  ## Upload 1 GiB through a server and show what memory that adds.
	$(BIN)/python -m tests.api.upload_bench

clean:  ## Remove the environment and what the demo left.
	rm -rf $(VENV) .dara .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# A Python without ensurepip (Debian's bare python3) makes the environment without pip;
# the pip outside then installs into it.
$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "DARA needs Python 3.11 to 3.14 on PATH; or: make PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV) 2>/dev/null || $(PYTHON) -m venv --clear --without-pip $(VENV)

define install
	@if $(BIN)/python -m pip --version >/dev/null 2>&1; then pip="$(BIN)/python -m pip"; \
	else pip="$(PYTHON) -m pip --python $(BIN)/python"; fi; \
	$$pip install --disable-pip-version-check --quiet --progress-bar off -e '.[$(1)]'
	@touch $@
endef

$(VENV)/.sandbox: pyproject.toml | $(VENV)/bin/python
	@echo "Installing dara-fp into $(VENV) (about a minute, once) ..."
	$(call install,sandbox)

$(VENV)/.dev: pyproject.toml | $(VENV)/bin/python
	@echo "Installing dara-fp and its checks into $(VENV) (about two minutes, once) ..."
	$(call install,dev)
	@touch $(VENV)/.sandbox

comma := ,
$(VENV)/.bench: pyproject.toml | $(VENV)/bin/python
	@echo "Installing dara-fp and the libraries it is compared with into $(VENV) (once) ..."
	$(call install,dev$(comma)bench)
	@touch $(VENV)/.dev $(VENV)/.sandbox
