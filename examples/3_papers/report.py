"""The table and the picture of the runs in a results folder, beside the paper's own numbers.

    python report.py --results results --table table.md --picture picture.png
    python report.py --redraw table.md other_runs.md --picture picture.png

Errors are those after the last epoch on CIFAR-10's 10,000 test images. The paper's are read from its appendix
(paper_cifar10.tsv).
"""

import argparse
import csv
import sys
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from runs import LOSSES, Configuration, RatioFolder, Settings, ratio_folders

PAPER = Path(__file__).with_name("paper_cifar10.tsv")
PUBLISHED_RATIOS = ("200", "100", "50", "20", "10", "1")
COLUMNS = ("loss", "beta", "seeds", "test error, %", "less than softmax", "of the three largest classes",
           "of the three smallest", "the paper's")  # fmt: skip

Results = dict[Configuration, dict[int, dict[str, Any]]]


def main(arguments: list[str] | None = None) -> None:
    """Print the table; write it and the picture where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--results", type=Path, help="folder that cifar10_lt.py wrote")
    source.add_argument(
        "--redraw", type=Path, nargs="+", help="tables written before, of which to draw the picture"
    )
    parser.add_argument("--table", type=Path, help="Markdown file to write")
    parser.add_argument("--picture", type=Path, help="image file to write")
    options = parser.parse_args(arguments)
    if options.redraw:
        tables = "\n".join(file.read_text(encoding="utf-8") for file in options.redraw)
        keep_picture(tables, options.picture)
        return
    try:
        studies = [(folder, folder.settings(), read_results(folder)) for folder in ratio_folders(options.results)]
    except ValueError as error:
        sys.exit(f"error: {error}")
    studies = [study for study in studies if study[2]]
    if not studies:
        sys.exit(f"error: no finished run in {options.results}; cifar10_lt.py --results makes them")
    table = "\n".join(section(*study) for study in studies)
    print(table)
    if options.table:
        options.table.parent.mkdir(parents=True, exist_ok=True)
        options.table.write_text(table, encoding="utf-8")
    if options.picture:
        keep_picture(table, options.picture)


def keep_picture(tables: str, path: Path) -> None:
    """Draw these tables and write the picture."""
    from gains import draw  # noqa: PLC0415 - with matplotlib, which the table does without

    path.parent.mkdir(parents=True, exist_ok=True)
    draw(tables).savefig(path, dpi=150)


def read_results(folder: RatioFolder) -> Results:
    """Return the results of a ratio by configuration and seed, in the order of the losses."""
    found: Results = {}
    for result in folder.results():
        key = Configuration(result["loss"], result["beta"], result["gamma"])
        found.setdefault(key, {})[result["seed"]] = result
    order = sorted(found, key=lambda key: (LOSSES.index(key.loss), key.gamma or 0.0, key.beta))
    return {key: found[key] for key in order}


def published() -> dict[tuple[Configuration, float], float]:
    """Return the paper's test errors in percent, by configuration and imbalance ratio."""
    errors = {}
    with PAPER.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            gamma = float(row["gamma"]) if row["gamma"] else None
            configuration = Configuration(row["loss"], float(row["beta"]), gamma)
            errors |= {
                (configuration, float(ratio)): float(row[ratio]) for ratio in PUBLISHED_RATIOS if row[ratio]
            }
    return errors


def section(folder: RatioFolder, settings: Settings, results: Results) -> str:
    """Return the part of the table for one imbalance ratio, in Markdown."""
    paper, ratio = published(), folder.imbalance_ratio
    softmax = results.get(Configuration("softmax", 0.0), {})
    lines = [
        f"### Imbalance ratio {ratio:g}",
        "",
        description(settings, results),
        "",
        f"| {' | '.join(COLUMNS)} |",
        "|" + "---|" * len(COLUMNS),
    ]
    for configuration, runs in results.items():
        common = sorted(runs.keys() & softmax.keys()) if runs is not softmax else []
        gains = [100 * (softmax[seed]["error"] - runs[seed]["error"]) for seed in common]
        recall = 100 * (1 - np.array([run["recall"] for run in runs.values()]))
        theirs = paper.get((configuration, ratio))
        cells = [
            configuration.title,
            f"{configuration.beta:g}" if configuration.beta else "",
            str(len(runs)),
            errors_of(runs),
            spread(gains, sign=True),
            spread(recall[:, :3].mean(1)),
            spread(recall[:, -3:].mean(1)),
            "" if theirs is None else f"{theirs:.2f}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    balanced = [key for key in results if key.beta and key.loss in {"softmax", "sigmoid", "focal"}]
    theirs = {key: error for (key, of), error in paper.items() if of == ratio and key.beta}
    if balanced and theirs:
        best = min(balanced, key=lambda key: np.mean([run["error"] for run in results[key].values()]))
        paper_best = min(theirs, key=theirs.__getitem__)
        lines += ["", best_of_both(best, results[best], paper_best, theirs[paper_best])]
    return "\n".join([*lines, ""])


def best_of_both(
    best: Configuration, runs: dict[int, dict[str, Any]], paper_best: Configuration, error: float
) -> str:
    """Return a sentence on the best class-balanced losses, here and in the paper."""
    return (
        f"Best class-balanced loss here: {best.title}, beta {best.beta:g}, {errors_of(runs)}; the paper's: "
        f"{paper_best.title}, beta {paper_best.beta:g}, {error:.2f}. Both are chosen by test error: they flatter."
    )


def description(settings: Settings, results: Results) -> str:
    """Return the network, the schedule and the devices in words."""
    runs = list(chain.from_iterable(by_seed.values() for by_seed in results.values()))
    devices = ", ".join(sorted({run["device"] for run in runs}))
    first, second = settings.drops
    precision = "" if settings.precision == "float32" else f", convolutions in {settings.precision}"
    schedule = (
        f"{settings.network}, {settings.epochs} epochs in batches of {settings.batch_size}: learning rate "
        f"{settings.lr:g} after a warm-up of {settings.warm_up}, a hundredth of it after epoch {first} and again "
        f"after {second}. On: {devices}{precision}. Error after the last epoch; mean and standard deviation over "
        "seeds, which change the initial parameters and the order, not the images."
    )
    if settings.is_the_papers:
        return f"The paper's schedule and network. {schedule}"
    return (
        f"**Shortened: not the paper's schedule and network** (ResNet-32, 200 epochs), so that its errors are no "
        f"target here; compare the differences between losses. {schedule}"
    )


def errors_of(runs: dict[int, dict[str, Any]]) -> str:
    """Return mean and standard deviation of the test errors of some seeds, in percent."""
    return spread([100 * run["error"] for run in runs.values()])


def spread(values: Sequence[float], *, sign: bool = False) -> str:
    """Return mean and standard deviation."""
    if not len(values):
        return ""
    mean = f"{np.mean(values):{'+' * sign}.2f}"
    return mean if len(values) == 1 else f"{mean} ± {np.std(values, ddof=1):.2f}"


if __name__ == "__main__":
    main()
