# `make run` and `make test` need only Python 3.11 or later; they install the rest.
# The newest Python found is used; PYTHON=... selects another.

VENV := .venv
BIN := $(VENV)/bin
CLI := $(BIN)/python -m restaurant_qr
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes
E2E := tests/e2e
NPM_BIN := $(E2E)/node_modules/.bin
SIDE_BY_SIDE := $(addprefix tests/,actors client costs deploy engine fuzz gateway load simulation storage unit)
# Each of these starts clusters or uses all cores, so a folder's tests run one after the other.
IN_TURN := $(addprefix tests/,cluster e2e faults starts)
RUN_OPTIONS = --demo-photos $(if $(PHONE),--phone "$(PHONE)") $(if $(filter 0,$(DASHBOARD)),--no-dashboard) \
	$(if $(PLACEMENT),--placement "$(PLACEMENT)")

.DEFAULT_GOAL := help
.PHONY: help run pages token test check check-types check-others check-generated e2e simulate load bench faults attacks audit licences fix docs screenshots lock clean

help: ## print this list
	@sed -n 's/^\([a-z0-9]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 10

run: $(VENV)/run.stamp ## run everything on this machine until Ctrl-C; PHONE=1 also for phones; DASHBOARD=0 PLACEMENT=shard
	@exec $(strip $(CLI) run $(RUN_OPTIONS))

pages: $(E2E)/node_modules/.package-lock.json ## package the pages: bundled, compressed, with content hashes in their names
	node scripts/package_pages.mjs

token: $(VENV)/run.stamp ## print a development token; ROLE=manager RESTAURANT=2, also WAITER= SESSION= HOURS= LABEL=
	@$(CLI) token $(if $(ROLE),"$(ROLE)") \
		$(if $(RESTAURANT),--restaurant "$(RESTAURANT)") $(if $(WAITER),--waiter "$(WAITER)") \
		$(if $(SESSION),--session "$(SESSION)") $(if $(HOURS),--hours "$(HOURS)") $(if $(LABEL),--label "$(LABEL)")

test: check $(BIN)/promtool ## run all checks, then all tests
ifdef PYTEST
	$(BIN)/python -m pytest $(PYTEST)
else
	$(BIN)/python -m pytest -n 3 $(SIDE_BY_SIDE)
	$(BIN)/python -m pytest -n 2 --dist loadscope --reruns 1 $(IN_TURN)
endif

check: $(VENV)/dev.stamp $(E2E)/node_modules/.package-lock.json ## check format, lint, types, layers, pages, generated files
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target check-types check-others

check-types:
	$(BIN)/mypy .

check-others:
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(NPM_BIN)/eslint --config $(E2E)/eslint.config.mjs --max-warnings 0 web $(E2E)
	$(NPM_BIN)/tsc -p $(E2E)/pages.tsconfig.json
	$(NPM_BIN)/stylelint --config $(E2E)/stylelint.config.mjs "web/**/*.css"
	@$(MAKE) --no-print-directory check-generated

check-generated:
	$(BIN)/python -m scripts.generate_state_diagrams --check
	$(BIN)/python -m scripts.generate_dashboard --check
	$(BIN)/python -m scripts.generate_capacity_plan --check
	$(BIN)/python -m scripts.generate_client_protocol --check
	$(BIN)/python -m scripts.generate_decision_index --check
	$(BIN)/python -m scripts.generate_settings_reference --check

e2e: $(VENV)/dev.stamp $(E2E)/node_modules/.package-lock.json ## run all browser tests in every combination of window, text size, clock, network …
	MATRIX=all $(BIN)/python -m pytest -o faulthandler_timeout=0 $(E2E)

simulate: $(VENV)/dev.stamp ## simulate 100,000 seeds with injected failures; SEEDS="1 1000" for fewer
	@$(CLI) simulate --seeds $(or $(SEEDS),1 100000)

load: $(VENV)/load.stamp ## run the load test, with a report in .data/load; LOAD="--users 500 --workers 2"
	@$(CLI) load $(LOAD)

bench: $(VENV)/load.stamp ## benchmark it against its baselines, into docs/performance.md; BENCH="broadcast idle"
	@$(CLI) bench $(BENCH)

faults: $(VENV)/dev.stamp ## inject faults on a cluster of four nodes, into docs/reliability/; FAULTS="node store --runs 5"
	@$(CLI) faults $(FAULTS)

attacks: $(VENV)/dev.stamp ## run the attack tests, into docs/security/; ATTACKS="tests/gateway" for some
	@$(BIN)/python -m scripts.generate_attack_report $(ATTACKS)

audit: $(VENV)/run.stamp ## check the locked packages against PyPI's advisories
	@$(BIN)/python -m scripts.audit_packages

licences: $(VENV)/run.stamp ## list the installed packages with their licences; as a bill of materials: scripts.licences --sbom
	@$(BIN)/python -m scripts.licences

fix: $(VENV)/dev.stamp $(E2E)/node_modules/.package-lock.json ## format, and fix what the linters can fix
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .
	$(NPM_BIN)/eslint --config $(E2E)/eslint.config.mjs --fix web $(E2E)
	$(NPM_BIN)/stylelint --config $(E2E)/stylelint.config.mjs --fix "web/**/*.css"

docs: $(VENV)/dev.stamp $(E2E)/node_modules/.package-lock.json ## write the generated files
	$(BIN)/python -m scripts.generate_state_diagrams
	$(BIN)/python -m scripts.generate_dashboard
	$(BIN)/python -m scripts.generate_capacity_plan
	$(BIN)/python -m scripts.generate_client_protocol
	$(BIN)/python -m scripts.generate_decision_index
	$(BIN)/python -m scripts.generate_settings_reference

screenshots: $(VENV)/dev.stamp $(E2E)/node_modules/.package-lock.json ## take screenshots of the pages, into docs/screenshots; SCENES="kitchen" for some
	@$(BIN)/python -m scripts.screenshots $(SCENES)

lock: $(BIN)/python ## update the lock files after a change of pyproject.toml; UPGRADE=--upgrade for newer versions
	PYTHON=$(BIN)/python scripts/lock $(UPGRADE)

clean: ## remove installed and cached files; the data in .data stays
	rm -rf $(VENV) $(E2E)/node_modules .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -not -path './.git/*' -exec rm -rf {} +

$(BIN)/python:
	@scripts/venv $(VENV) $(PYTHON)

$(BIN)/promtool: | $(BIN)/python
	@scripts/promtool $@

$(VENV)/run.stamp: requirements.txt | $(BIN)/python
	@echo "Installing the application's packages, about a minute ..." >&2
	@$(PIP) -r requirements.txt
	@touch $@

$(VENV)/dev.stamp: requirements-dev.txt requirements.txt | $(BIN)/python
	@echo "Installing the packages for development, about a minute ..."
	@$(PIP) -r requirements-dev.txt
	@touch $(VENV)/run.stamp $@

$(VENV)/load.stamp: requirements-load.txt requirements-dev.txt requirements.txt | $(BIN)/python
	@echo "Installing the packages for load tests and benchmarks, about a minute ..."
	@$(PIP) -r requirements-load.txt
	@touch $(VENV)/run.stamp $(VENV)/dev.stamp $@

$(E2E)/node_modules/.package-lock.json: $(E2E)/package-lock.json
	@scripts/node
	@scripts/chromium
	@cd $(E2E) && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@
