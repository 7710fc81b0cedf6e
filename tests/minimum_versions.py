"""Print the lowest versions that pyproject.toml allows, of the base dependencies and the comparison."""

import re
import tomllib
from pathlib import Path

PROJECT = tomllib.loads(Path("pyproject.toml").read_text())["project"]


def requirements(lines):
    """Requirements one by one, those of skcb's own extras in their place."""
    for line in lines:
        if own := re.fullmatch(r"skcb\[([\w,]+)\]", line):
            for extra in own[1].split(","):
                yield from requirements(PROJECT["optional-dependencies"][extra])
        else:
            yield line


for requirement in requirements([*PROJECT["dependencies"], "skcb[compare]"]):
    print(requirement.replace(">=", "=="))  # noqa: T201
