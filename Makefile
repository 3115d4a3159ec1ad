# `make run` and `make test` are all it takes on a fresh machine with Python 3.11 or later.
# PYTHON=... chooses another Python than the newest one found.

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes
E2E := tests/e2e
NPM_BIN := $(E2E)/node_modules/.bin
SIDE_BY_SIDE := $(addprefix tests/,actors client costs deploy fuzz gateway load storage unit)
# Each of these starts clusters, or uses all cores by itself: a folder's tests one after the other.
IN_TURN := $(addprefix tests/,cluster e2e faults simulation starts)

.DEFAULT_GOAL := help
.PHONY: help run pages token test check e2e simulate load bench faults attacks audit licences format docs screenshots lock clean

help: ## this list
	@sed -n 's/^\([a-z0-9]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 10

run: $(VENV)/run.stamp ## everything on this machine, until Ctrl-C; PHONE=1 also for phones in its network
	@exec $(BIN)/python -m scripts.run $(if $(PHONE),--phone "$(PHONE)")

pages: $(E2E)/node_modules/.package-lock.json ## package the pages for phones: bundled, compressed, named by content
	node scripts/package_pages.mjs

token: $(VENV)/run.stamp ## print a development token; ROLE=manager RESTAURANT=2, also WAITER= SESSION= HOURS= LABEL=
	@$(BIN)/python -m scripts.issue_token $(if $(ROLE),"$(ROLE)") \
		$(if $(RESTAURANT),--restaurant "$(RESTAURANT)") $(if $(WAITER),--waiter "$(WAITER)") \
		$(if $(SESSION),--session "$(SESSION)") $(if $(HOURS),--hours "$(HOURS)") $(if $(LABEL),--label "$(LABEL)")

test: check $(BIN)/promtool ## all checks, then all tests
ifdef PYTEST
	$(BIN)/python -m pytest $(PYTEST)
else
	$(BIN)/python -m pytest -n 2 $(SIDE_BY_SIDE)
	$(BIN)/python -m pytest -n 2 --dist loadscope $(IN_TURN)
endif

check: $(VENV)/dev.stamp $(E2E)/node_modules/.package-lock.json ## format, lint, types, layers, pages, generated files
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy .
	$(BIN)/lint-imports
	$(NPM_BIN)/eslint --config $(E2E)/eslint.config.mjs --max-warnings 0 web $(E2E)
	$(NPM_BIN)/tsc -p $(E2E)/pages.tsconfig.json
	$(NPM_BIN)/stylelint --config $(E2E)/stylelint.config.mjs "web/**/*.css"
	$(BIN)/python -m scripts.diagrams --check
	$(BIN)/python -m scripts.dashboard --check
	$(BIN)/python -m scripts.scaling --check
	$(BIN)/python -m scripts.client_protocol --check

e2e: $(VENV)/dev.stamp $(E2E)/node_modules/.package-lock.json ## all browser tests, in every combination of window, text size, clock, network …
	MATRIX=all $(BIN)/python -m pytest -o faulthandler_timeout=0 $(E2E)

simulate: $(VENV)/dev.stamp ## 100,000 evenings in which all goes wrong that can; SEEDS="1 1000" for fewer
	@$(BIN)/python -m tests.simulation --seeds $(or $(SEEDS),1 100000)

load: $(VENV)/load.stamp ## an evening under load, with a report in .data/load; LOAD="--users 500 --workers 2"
	@$(BIN)/python -m load_tests $(LOAD)

bench: $(VENV)/load.stamp ## measure it beside its baselines, into docs/performance.md; BENCH="broadcast idle"
	@$(BIN)/python -m load_tests.bench $(BENCH)

faults: $(VENV)/dev.stamp ## break things on four nodes, into docs/reliability.md; FAULTS="node store --runs 5"
	@$(BIN)/python -m scripts.faults $(FAULTS)

attacks: $(VENV)/dev.stamp ## attack it, into docs/security.md; ATTACKS="tests/gateway" for some of it
	@$(BIN)/python -m scripts.attacks $(ATTACKS)

audit: $(VENV)/run.stamp ## ask PyPI whether anything is known against the locked packages
	@$(BIN)/python -m scripts.audit

licences: $(VENV)/run.stamp ## what is installed, with its licences; as a bill of materials: scripts.licences --sbom
	@$(BIN)/python -m scripts.licences

format: $(VENV)/dev.stamp ## put the code into its form
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

docs: $(VENV)/dev.stamp ## write the generated pages anew
	$(BIN)/python -m scripts.diagrams
	$(BIN)/python -m scripts.dashboard
	$(BIN)/python -m scripts.scaling
	$(BIN)/python -m scripts.client_protocol

screenshots: $(VENV)/dev.stamp $(E2E)/node_modules/.package-lock.json ## picture the pages, into docs/screenshots; SCENES="kitchen" for some
	@$(BIN)/python -m scripts.screenshots $(SCENES)

lock: $(BIN)/python ## renew the lock files after a change of pyproject.toml; UPGRADE=--upgrade for newer versions
	PYTHON=$(BIN)/python scripts/lock $(UPGRADE)

clean: ## remove what was installed or cached; the data in .data stays
	rm -rf $(VENV) $(E2E)/node_modules .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -not -path './.git/*' -exec rm -rf {} +

$(BIN)/python:
	@scripts/venv $(VENV) $(PYTHON)

$(BIN)/promtool: | $(BIN)/python
	@scripts/promtool $@

$(VENV)/run.stamp: requirements.txt | $(BIN)/python
	@echo "Installing what it runs with, about a minute ..." >&2
	@$(PIP) -r requirements.txt
	@touch $@

$(VENV)/dev.stamp: requirements-dev.txt requirements.txt | $(BIN)/python
	@echo "Installing what it runs and is tested with, about a minute ..."
	@$(PIP) -r requirements-dev.txt
	@touch $(VENV)/run.stamp $@

$(VENV)/load.stamp: requirements-load.txt requirements-dev.txt requirements.txt | $(BIN)/python
	@echo "Installing what it is measured with, about a minute ..."
	@$(PIP) -r requirements-load.txt
	@touch $(VENV)/run.stamp $(VENV)/dev.stamp $@

$(E2E)/node_modules/.package-lock.json: $(E2E)/package-lock.json
	@scripts/node
	@scripts/chromium
	@cd $(E2E) && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@
