# Two commands matter: `make run` and `make test`. `make help` lists the rest.

PYTHON ?= python3
BIN := .venv/bin
EDITABLES := -e engines/api -e engines/connector_api -e engines/detectors -e engines/standard -e engines/detailed -e engines/wide -e engines/onnx -e .
PYPROJECTS := pyproject.toml $(wildcard engines/*/pyproject.toml)
LOCK := uv pip compile --universal --python-version 3.11 --generate-hashes \
	--no-header --no-emit-index-url --no-emit-find-links --quiet
NPM = $(shell command -v npm 2>/dev/null || echo $(BIN)/npm)
PIP := $(BIN)/python -m pip --disable-pip-version-check
SOURCES := nigiwai.py webapp jobs engines tests migrations

.DEFAULT_GOAL := help
.PHONY: help run serve worker test e2e lint format types imports check bench evaluate \
	migrations migrate translations assets lock shell doctor clean install install-dev

help: ## List every habit
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

run: install ## Set everything up and start the demo on http://localhost:8000
	$(BIN)/nigiwai serve --demo

serve: install ## Start one process on your own data (var/)
	$(BIN)/nigiwai serve

worker: install ## Start a worker (PostgreSQL and Redis, see README)
	$(BIN)/nigiwai worker

test: install-dev ## Set everything up and pass all tests
	@status=0; \
	$(BIN)/pytest -q -n auto --dist worksteal -m "not alone" || status=$$?; \
	$(BIN)/pytest -q -m alone || status=$$?; \
	exit $$status

e2e: install-dev ## Only the tests in a real browser
	$(BIN)/pytest -m e2e

lint: install-dev ## Lint Python and templates
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/djlint --lint --quiet templates

format: install-dev ## Put the code into its format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: install-dev ## Check the types
	$(BIN)/mypy

imports: install-dev ## Check who may import whom
	$(BIN)/lint-imports

check: lint types imports translations-check ## All checks but the tests

bench: install ## Measure: pipeline, ledger, minutes, acquisition, memory, logins, hours, groups, scene, background, history, csv, report, forecast, embeds
	$(BIN)/nigiwai bench

evaluate: install ## Measure counting on the carried footage
	$(BIN)/nigiwai evaluate webapp/demo/manifest.json --engine standard \
		--background webapp/demo/background.png --every 20

migrations: install-dev ## Write a migration for what changed in webapp/models
	$(BIN)/tortoise -c webapp.tortoise_config.TORTOISE makemigrations

migrate: install ## Bring the database up to date
	$(BIN)/nigiwai migrate

translations: install-dev ## Collect new texts into the English catalogue
	@mkdir -p build
	$(BIN)/pybabel -q extract -F babel.cfg -k N_ --no-wrap --omit-header --sort-by-file \
		-o build/nigiwai.pot .
	$(BIN)/pybabel -q update -i build/nigiwai.pot -D nigiwai -d webapp/locales -l en \
		--no-wrap --ignore-pot-creation-date

.PHONY: translations-check
translations-check: install-dev ## Check that the English catalogue is complete
	$(BIN)/pytest -q tests/i18n

shell: install-dev ## A Python shell with the settings read
	$(BIN)/python -i -c "from webapp.settings import read_settings; settings = read_settings()"

doctor: install ## Say what is wrong with this installation
	$(BIN)/nigiwai doctor

lock: install-dev ## Lock Python requirements anew
	$(BIN)/python -m uv --version >/dev/null 2>&1 || $(PIP) install --quiet uv
	$(BIN)/$(LOCK) requirements.in -o requirements.lock
	$(BIN)/$(LOCK) requirements-dev.in -o requirements-dev.lock
	$(BIN)/$(LOCK) requirements-node.in -o requirements-node.lock

clean: ## Remove what was set up; data in var/ stays
	rm -rf .venv node_modules webapp/static/vendor build

install: .venv/.installed webapp/static/vendor/.copied
install-dev: .venv/.installed-dev webapp/static/vendor/.copied
assets: webapp/static/vendor/.copied ## Copy third-party CSS, JS and fonts from npm

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed.")'
	$(PYTHON) -m venv .venv

.venv/.installed: requirements.lock $(PYPROJECTS) | .venv/bin/python
	$(PIP) install --quiet --require-hashes --no-deps -r requirements.lock
	$(PIP) install --quiet --no-index --no-deps --no-build-isolation $(EDITABLES)
	$(PIP) check
	@touch $@

.venv/.installed-dev: requirements-dev.lock .venv/.installed
	$(PIP) install --quiet --require-hashes --no-deps -r requirements-dev.lock
	$(PIP) check
	@touch $@

node_modules/.installed: package-lock.json requirements-node.lock | .venv/.installed
	@command -v npm >/dev/null 2>&1 || $(PIP) install --quiet --require-hashes --no-deps -r requirements-node.lock
	PATH="$(CURDIR)/$(BIN):$$PATH" $(NPM) ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

webapp/static/vendor/.copied: node_modules/.installed webapp/commands/assets.py
	$(BIN)/nigiwai assets
	@touch $@
