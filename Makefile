# On Windows, or where there is no make: python run.py run|test|test-quick|lab|bench|docs|fuzz
PYTHON ?= python3

.PHONY: run test test-quick lab bench docs fuzz setup requirements

run test test-quick lab bench docs setup:
	@$(PYTHON) run.py $@

fuzz:  # make fuzz MINUTES=30
	@$(PYTHON) run.py fuzz $(or $(MINUTES),5)

requirements:  # compile the tested set anew from pyproject.toml, for every platform
	uv pip compile pyproject.toml --extra notebooks --extra bot --extra dev --universal --python-version 3.11 --upgrade \
		--custom-compile-command "make requirements" --quiet --output-file requirements.txt
