# One place for every command. `make help` lists them; CI calls the same ones.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
# Compiling the libraries anew in every run costs seconds.
unexport PYTHONDONTWRITEBYTECODE

PYTHON ?= python3.11
STAGE  ?= alpha
REGION ?=
ARGS   ?=
ACCOUNT ?=

PY   := .venv/bin/python
UV   := .local/uv/bin/uv
VENV_STAMP := .venv/.installed
LOCKS := uv lambdas checks program dev emulator aws-cli sam-cli serverlessrepo-lib sam-translator

##@ Use
help: ## Show this
	@awk -F':.*## ' '/^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

up: setup ## Deploy the registry on this machine; run again to finish or update
	@$(PY) -m localcloud up $(if $(REGION),--region $(REGION)) --stage $(STAGE)

down: ## Stop the local cloud; what it holds is kept
	@$(PY) -m localcloud down

purge: ## Stop the local cloud and delete what it holds
	@$(PY) -m localcloud purge $(ARGS)

status: ## What runs, where, and is it healthy
	@$(PY) -m localcloud status $(ARGS)

logs: ## Follow the logs of the local cloud and the functions
	@$(PY) -m localcloud logs $(ARGS)

onboard: setup ## Let the local registry deploy into an account: make onboard ACCOUNT=222222222222
	@$(PY) -m localcloud onboard $(if $(REGION),--region $(REGION)) --stage $(STAGE) --account "$(ACCOUNT)"

##@ Deploy
stack: setup ## Create a stack: make stack STAGE=prod REGION=eu-west-1
	@$(PY) -m localcloud stack --stage $(STAGE) --region $(REGION)

preview: setup ## Preview every region of a stage, or one: make preview STAGE=prod [REGION=…]
	@$(PY) -m localcloud preview --stage $(STAGE) $(if $(REGION),--region $(REGION))

##@ Develop
setup: $(VENV_STAMP) .local/venvs/emulator/.installed ## Install everything this checkout needs (idempotent)

clients: $(foreach c,aws-cli sam-cli serverlessrepo-lib sam-translator,.local/venvs/$(c)/.installed) ## Install the clients that the tests run

check: setup ## Formatting, lint, types, import rules
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports --no-logo
	$(PY) -m contracts.openapi --check
	$(PY) tests/support/hygiene.py

contract: setup ## Write contracts/openapi/sdk.yaml from botocore's model of the service
	@$(PY) -m contracts.openapi

fix: setup ## Let the formatter and the linter repair what they can
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .

test: check clients cli ## Every check and every test
	.venv/bin/pytest -n 2 --dist loadgroup $(ARGS)

bench: setup ## Every benchmark (a running `make up` is needed for some)
	@for b in benchmarks/[a-z]*.py; do echo "== $$b"; $(PY) $$b; done

soak: setup clients cli ## The races and soaks at full size
	SOAK=full .venv/bin/pytest -m "chaos or e2e" $(ARGS)

lock: $(UV) ## Pin the newest versions that fit requirements/*.in
	cd requirements && for f in $(LOCKS); do \
	  case $$f in checks) c="-c lambdas.txt";; program) c="-c lambdas.txt -c checks.txt";; \
	    dev) c="-c lambdas.txt -c checks.txt -c program.txt";; \
	    serverlessrepo-lib) c="--override serverlessrepo-lib.override.in";; *) c="";; esac; \
	  ../$(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	    --no-emit-find-links --no-annotate --custom-compile-command 'make lock' $(ARGS) $$c $$f.in -o $$f.txt; done

cli: setup ## Find the Pulumi CLI, or build it (minutes, once)
	@$(PY) -c 'from localcloud.engine import ensure_pulumi; from localcloud.places import places; ensure_pulumi(places())'

# --- what the targets above stand on ---------------------------------------------------------------
$(UV): requirements/uv.txt
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 is needed and '$(PYTHON)' is not on PATH: install it, or say make PYTHON=/path/to/python3.11"; exit 1; }
	@rm -rf .local/uv && mkdir -p .local && $(PYTHON) -m venv .local/uv
	@.local/uv/bin/pip install -q --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@touch $@

$(VENV_STAMP): requirements/dev.txt pyproject.toml $(UV)
	@echo "setup: Python packages of the project (.venv)"
	@[ -x $(PY) ] || $(UV) venv -q --python $(PYTHON) --no-python-downloads .venv
	@VIRTUAL_ENV=.venv $(UV) pip sync -q --require-hashes requirements/dev.txt
	@VIRTUAL_ENV=.venv $(UV) pip install -q --no-deps --no-build-isolation -e .
	@touch $@

.local/venvs/%/.installed: requirements/%.txt $(UV)
	@echo "setup: $* (.local/venvs/$*)"
	@rm -rf .local/venvs/$* && mkdir -p .local/venvs
	@$(UV) venv -q --python $(PYTHON) --no-python-downloads .local/venvs/$*
	@VIRTUAL_ENV=.local/venvs/$* $(UV) pip sync -q --require-hashes requirements/$*.txt
	@touch $@

coverage: setup ## Write docs/api-coverage.md from a run of the wire tests
	@$(PY) -m tests.support.coverage

.PHONY: coverage contract help up down purge status logs stack preview setup clients cli check fix test bench soak lock
.PRECIOUS: .local/venvs/%/.installed
