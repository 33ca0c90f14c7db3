# Two commands on a fresh machine with git, make and Python 3.11 or newer with venv:
#   make demo    make test
# By hand, with uv installed: uv run taxiway demo, uv run pytest

UV := .uv/bin/uv
BIN := .venv/bin
STAMP := .venv/.made-from-requirements
SAY = printf '\033[1m==> %s\033[0m\n'
ifeq ($(shell test -t 1 && echo terminal),)
SAY = printf '==> %s\n'
endif

# No home: what would be kept there stays with the rest of the tools.
ifeq ($(strip $(HOME)),)
export HOME := $(CURDIR)/.uv/home
endif
# An environment that is active in the shell is none of ours.
unexport VIRTUAL_ENV
unexport PYTHONPATH
export UV_PYTHON_DOWNLOADS := never

.DEFAULT_GOAL := help
.PHONY: help demo test test-all lint format openapi ui web screenshots bench install lock clean

help:  ## Show the targets
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/^([a-z-]+):.*## */\1\t/' | expand -t 14

demo: ui  ## Start the stack, and run a workflow from a Git repository on it
	@$(BIN)/taxiway demo

test: $(STAMP)  ## Lint, then unit, integration and system tests, the last on a real Airflow
	@$(MAKE) --no-print-directory -j2 lint ui
	@$(SAY) "Unit tests"
	@$(BIN)/pytest -q -m "not integration and not system" -n 2
	@$(SAY) "Integration tests: real git, uv, databases and processes"
	@$(BIN)/pytest -q -m "integration and not system and not long" -n 3
	@$(SAY) "System tests, on a real Airflow; the web UI in a real browser"
	@scripts/install-browser
	@$(BIN)/pytest -v -m "system and not long" -n 2 --dist loadgroup --durations=10 tests/system tests/embedded

test-all: test web  ## The same, and what takes longer
	@$(SAY) "Long tests, some on one real Airflow"
	@$(BIN)/pytest -v -m long -n 2 --dist loadgroup --durations=10

lint: $(STAMP)  ## Check style, types and the import law; change nothing
	@$(SAY) "Style, types and the import law"
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(STAMP)  ## Format the code, and mend what can be mended
	@$(BIN)/ruff format
	@$(BIN)/ruff check --fix

openapi: $(STAMP)  ## Write docs/reference/openapi.json from the routes
	@$(BIN)/python -m taxiway.server.openapi > docs/reference/openapi.json

bench: ui  ## Measure, and write docs/benchmarks.md; twenty minutes on an idle machine
	@scripts/install-browser
	@$(BIN)/python -m benchmarks

install: ui  ## Make .venv with everything that development needs, and the web UI
	@$(SAY) ".venv is ready"

ui: $(STAMP)  ## Build the web UI, unless it is there
	@$(BIN)/python hatch_build.py || true

web: $(STAMP)  ## Check the sources of the web UI: types, form, component tests
	@$(SAY) "Types, form and component tests of the web UI"
	@$(BIN)/python hatch_build.py --dev
	@cd web && npm run --silent check && npm run --silent test

screenshots: ui  ## Make pictures of every page in both schemes, in build/screenshots
	@scripts/install-browser
	@$(BIN)/python scripts/screenshots.py

lock: $(UV)  ## Resolve requirements/*.txt anew; versions stay unless UPGRADE=1
	@$(SAY) "Resolving the requirements for Python 3.11 to 3.13"
	@scripts/lock $(if $(UPGRADE),--upgrade)

clean:  ## Remove what make made
	rm -rf .uv .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
	rm -rf web/node_modules src/taxiway/server/web/static benchmarks/.peers

$(UV): requirements/bootstrap.txt scripts/find-python
	@$(SAY) "Installing uv into .uv (once)"
	@python=$$(scripts/find-python) && rm -rf .uv/bin .uv/lib && "$$python" -m venv .uv
	@.uv/bin/python -m pip install --disable-pip-version-check --no-deps --require-hashes -r requirements/bootstrap.txt
	@touch $@

$(STAMP): $(UV) requirements/dev.txt pyproject.toml
	@$(SAY) "Making .venv from requirements/dev.txt (once; about 200 packages)"
	@python=$$(scripts/find-python) && { test -x $(BIN)/python || $(UV) venv --clear --python "$$python" .venv; }
	@$(UV) pip sync --python $(BIN)/python --require-hashes --compile-bytecode requirements/dev.txt
	@UI_BUILD=later $(UV) pip install --python $(BIN)/python --quiet --no-deps --no-build-isolation --editable .
	@touch $@
