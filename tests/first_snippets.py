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

    namespace = {}
    run = 0
    for snippet in re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.DOTALL):
        needed = set(re.findall(r"^(?:from|import) (\w+)", snippet, flags=re.MULTILINE))
        if not all(find_spec(module) for module in needed):
            break
        exec(snippet, namespace)  # noqa: S102
        run += 1
    assert run >= 3, f"only {run} snippets need no extra"
    print(f"skcb {skcb.__version__}: {run} snippets run, best score {namespace['search'].best_score_:.3f}")  # noqa: T201


if __name__ == "__main__":
    main()
