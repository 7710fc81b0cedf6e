"""The names in other projects that the pages link to, written as inventories for intersphinx."""

import zlib
from pathlib import Path

_GENERATED = "generated/{0}.html#{0}"

#: For each project its address, and of its objects the role, the pattern of the page, and the names.
PROJECTS: dict[str, tuple[str, list[tuple[str, str, list[str]]]]] = {
    "sklearn": (
        "https://scikit-learn.org/stable/",
        [
            (
                "class",
                "modules/" + _GENERATED,
                ["sklearn.model_selection.TunedThresholdClassifierCV"],
            ),
        ],
    ),
    "torch": (
        "https://docs.pytorch.org/docs/stable/",
        [("class", "data.html#{0}", ["torch.utils.data.DataLoader"])],
    ),
    "skorch": (
        "https://skorch.readthedocs.io/en/stable/",
        [("class", "classifier.html#{0}", ["skorch.NeuralNetClassifier"])],
    ),
    "imblearn": (
        "https://imbalanced-learn.org/stable/",
        [("class", "references/" + _GENERATED, ["imblearn.over_sampling.SMOTE"])],
    ),
    "numpy": (
        "https://numpy.org/doc/stable/",
        [("function", "reference/" + _GENERATED, ["numpy.bincount"])],
    ),
}


def write_inventories(folder: Path) -> dict[str, tuple[str, str]]:
    """Write an inventory for each project; return them as ``intersphinx_mapping`` wants them."""
    folder.mkdir(parents=True, exist_ok=True)
    mapping = {}
    for project, (address, objects) in PROJECTS.items():
        lines = [f"{name} py:{role} 1 {page.format(name)} -" for role, page, names in objects for name in names]
        header = f"# Sphinx inventory version 2\n# Project: {project}\n# Version: \n"
        header += "# The remainder of this file is compressed using zlib.\n"
        path = folder / f"{project}.inv"
        path.write_bytes(header.encode() + zlib.compress("\n".join([*lines, ""]).encode()))
        mapping[project] = (address, str(path))
    return mapping
