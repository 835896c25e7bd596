# Holdfast from a checkout: `make run` starts a server, `make test` runs all tests. Both need only python3 and make.

PYTHON ?= python3
HOST ?= $(or $(HOLDFAST_HOST),127.0.0.1)
PORT ?= $(or $(HOLDFAST_PORT),8000)
JOBS ?= $(shell nproc 2>/dev/null || echo 2)

BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
GENERATORS := .generators
TSC := $(GENERATORS)/node_modules/.bin/tsc
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-package holdfast-client --no-emit-index-url --no-emit-find-links --no-header --no-annotate

# The second leg of the tests runs on the oldest PostgreSQL that Debian has installed here.
SYSTEM_POSTGRES := $(firstword $(wildcard $(foreach major,15 16 17,/usr/lib/postgresql/$(major)/bin)))
SECOND_LEG := tests/process/test_postgres_server.py tests/cli/test_db.py tests/cli/test_restore.py tests/inventory \
	tests/postgres tests/workers

# The third leg runs on a Citus cluster: CITUS_URL names a database that knows the nodes, as a superuser.
CITUS_LEG := tests/inventory tests/api tests/http tests/dialects tests/workers tests/delivery tests/cli \
	tests/postgres/test_distribution.py

# On a busy machine a test may time out while it waits for another program. With AGAIN, failed tests run once more.
ONCE_MORE = $(if $(AGAIN),|| $(BIN)/pytest --last-failed --last-failed-no-failures none)

# Knobs of the proof. Without one, the plan has the value.
KNOBS = $(foreach knob,OPERATIONS KILLS CUTS FAILOVERS SCHEDULES MUTANTS EXPIRIES NOTICES HOURS FUZZ_SECONDS ATTACK_SECONDS SEED,\
	$(if $($(knob)),--$(shell echo $(knob) | tr A-Z_ a-z-) $($(knob)))) $(if $(RESUME),--resume)

.DEFAULT_GOAL := help
.PHONY: help run test check format languages docs lock dist release generators prove prove-night fuzz bench bench-web

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## /  make \1   /p' Makefile

run: .venv/installed ## Start the server on 127.0.0.1:8000 (HOST, PORT, HOLDFAST_DATA_DIR, HOLDFAST_DATABASE_URL)
	@exec $(BIN)/holdfast serve --host "$(HOST)" --port "$(PORT)"

test: .venv/installed-dev ## Run every test (AGAIN=1: run failed tests once more, alone)
	$(BIN)/pytest -n $(JOBS) $(ONCE_MORE)
ifneq ($(SYSTEM_POSTGRES),)
	export HOLDFAST_TEST_POSTGRES_BIN=$(SYSTEM_POSTGRES) && $(BIN)/pytest -n $(JOBS) $(SECOND_LEG) $(ONCE_MORE)
else
	@echo "Skipped the second leg: the system has no PostgreSQL 15, 16 or 17."
endif
ifneq ($(CITUS_URL),)
	export HOLDFAST_TEST_CITUS_URL=$(CITUS_URL) && $(BIN)/pytest -n $(JOBS) $(CITUS_LEG) $(ONCE_MORE)
else
	@echo "Skipped the leg on Citus: name a coordinator with CITUS_URL=postgresql://..."
endif

check: .venv/installed-dev ## Formatting, lint, types, import contracts, house rules
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
ifneq ($(wildcard $(TSC)),)
	$(TSC) --project tests/web/tsconfig.json
else
	@echo "Skipped the types of the pages' scripts: make generators installs their compiler, with npm."
endif
	$(BIN)/lint-imports
	$(BIN)/pytest -q tests/tidy

prove: .venv/installed-dev ## Test every promise for a few minutes, and write the results to evidence/
	$(BIN)/python -m proof commit $(KNOBS)

prove-night: .venv/installed-dev ## The same for an hour (OPERATIONS, KILLS, CUTS, FAILOVERS, SCHEDULES, HOURS, SEED, RESUME=1)
	$(BIN)/python -m proof night $(KNOBS)

fuzz: .venv/installed-dev ## Send mutations of valid traffic to a real server for a minute (SECONDS, SEED; CASES=100000: of the documents, too)
	$(BIN)/python -m proof.fuzz --seconds $(or $(SECONDS),60) $(if $(SEED),--seed $(SEED))
ifneq ($(CASES),)
	export HOLDFAST_TEST_SCHEMA_CASES=$(CASES) && $(BIN)/pytest -q -n $(JOBS) -o faulthandler_timeout=0 tests/scenarios/hostile/test_schema.py
endif

bench: .venv/installed-dev ## Measure everything and write docs/performance.md (an hour; BENCH=short: ten minutes)
	$(BIN)/python -m benchmarks $(or $(BENCH),full)

bench-web: .venv/installed-dev ## Measure the pages in Chromium, into docs/performance.md (6 minutes; ROUNDS, MINUTES, SOAK=4)
	PYTHONPATH=tests $(BIN)/python -m benchmarks.pages $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(MINUTES),--minutes $(MINUTES)) $(if $(SOAK),--soak $(SOAK))

format: .venv/installed-dev ## Format the sources
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

languages: .venv/installed ## Collect the texts that people read into the catalogues (NEW=fr begins one)
	$(BIN)/python docs/tools/catalogues.py $(NEW)

dist: .venv/installed ## Build the wheels of holdfast-tickets and holdfast-client into dist/
	$(BIN)/python -m hatchling build --directory dist
	cd client && ../$(BIN)/python -m hatchling build --directory ../dist

release: .venv/installed build/release/installed ## Build and check a release in dist/, with notes and a list of what is inside
	$(BIN)/python deploy/release/release.py

build/release/installed: deploy/release/requirements.lock
	@mkdir -p build/release
	@test -x build/release/venv/bin/python || $(PYTHON) -m venv build/release/venv
	@build/release/venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

generators: $(GENERATORS)/installed ## Install the generators of clients that tests/generated uses (needs npm)

$(GENERATORS)/installed: tests/generated/package-lock.json tests/generated/requirements.lock
	@echo "Installing generators of clients into $(GENERATORS) (once) ..."
	@mkdir -p $(GENERATORS)
	@cp tests/generated/package.json tests/generated/package-lock.json tests/generated/.npmrc $(GENERATORS)/
	@cd $(GENERATORS) && npm ci --silent --ignore-scripts --no-audit --no-fund
	@test -x $(GENERATORS)/bin/python || $(PYTHON) -m venv $(GENERATORS)
	@$(GENERATORS)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r tests/generated/requirements.lock
	@touch $@

docs: build/docs/installed ## Build the documentation as a site in build/docs/site; it needs no network
	build/docs/venv/bin/python docs/tools/site_pages.py

lock: .venv/installed-dev ## Lock the newest allowed versions of everything, with their hashes
	$(COMPILE) pyproject.toml --upgrade --group build --output-file requirements.lock
	$(COMPILE) pyproject.toml --upgrade --group build --group dev --constraint requirements.lock --output-file requirements-dev.lock
	$(COMPILE) docs/tools/requirements.in --upgrade --output-file docs/tools/requirements.lock
	$(COMPILE) deploy/release/requirements.in --upgrade --output-file deploy/release/requirements.lock
	$(COMPILE) tests/generated/requirements.in --upgrade --output-file tests/generated/requirements.lock
	cd tests/generated && npm update --package-lock-only --ignore-scripts --no-audit --no-fund

build/docs/installed: docs/tools/requirements.lock
	@mkdir -p build/docs
	@test -x build/docs/venv/bin/python || $(PYTHON) -m venv build/docs/venv
	@build/docs/venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

.venv/installed: requirements.lock pyproject.toml client/pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Holdfast needs Python 3.11 or newer; name one with: make PYTHON=..." >&2; exit 1; }
	@echo "Installing into .venv (once) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || \
		{ rm -rf .venv; echo "Python's venv module is missing: install it (Debian: python3-venv)." >&2; exit 1; }
	@$(INSTALL) --require-hashes -r requirements.lock
	@$(INSTALL) --no-deps --no-build-isolation --editable . --editable ./client
	@touch $@

.venv/installed-dev: requirements-dev.lock .venv/installed
	@echo "Installing the tools into .venv (once) ..."
	@$(INSTALL) --require-hashes -r requirements-dev.lock
	@touch $@
