"""Run the README's first snippets, those that need nothing but the base dependencies: of an installed wheel."""

import re
from importlib.util import find_spec
from pathlib import Path

import skcb

ROOT = Path(__file__).parent.parent


def main():
    assert ROOT / "skcb" not in Path(skcb.__file__).parents, (
        f"this is the checkout, not the wheel: {skcb.__file__}"
    )
    starred = {}
    exec("from skcb import *", starred)  # noqa: S102
    assert "ClassBalancedClassifier" in starred

    namespace = {}
    run = 0
    for snippet in re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), flags=re.DOTALL):
        needed = set(re.findall(r"^(?:from|import) (\w+)", snippet, flags=re.MULTILINE))
        try:
            runs = all(find_spec(module) for module in needed)
            if runs:
                exec(snippet, namespace)  # noqa: S102
        except ImportError as error:
            assert "pip install 'skcb[" in str(error), error  # noqa: PT017 - no test
            runs = False
        if not runs:
            break
        run += 1
    assert run >= 1, "the first snippet needs an extra"
    print(f"skcb {skcb.__version__}: {len(starred)} names, {run} snippets run")  # noqa: T201


if __name__ == "__main__":
    main()
