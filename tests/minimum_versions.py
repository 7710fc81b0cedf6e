"""Print the lowest versions that pyproject.toml allows, as requirements, with what the tests need."""

import tomllib
from pathlib import Path

project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
for requirement in [*project["dependencies"], *project["optional-dependencies"]["compare"]]:
    print(requirement.replace(">=", "=="))  # noqa: T201
print("pytest\npytest-xdist\nhypothesis")  # noqa: T201
