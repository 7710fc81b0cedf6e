"""The table and the picture of the runs in a results folder, beside the paper's own numbers.

    python report.py --results results --table table.md --picture picture.png

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
BLUE, ORANGE, GREEN = "#0072b2", "#d55e00", "#009e73"

Results = dict[Configuration, dict[int, dict[str, Any]]]


def main(arguments: list[str] | None = None) -> None:
    """Print the table; write it and the picture where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, required=True, help="folder that cifar10_lt.py wrote")
    parser.add_argument("--table", type=Path, help="Markdown file to write")
    parser.add_argument("--picture", type=Path, help="image file to write")
    options = parser.parse_args(arguments)
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
        options.picture.parent.mkdir(parents=True, exist_ok=True)
        draw(studies).savefig(options.picture, dpi=150)


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


def draw(studies: Sequence[tuple[RatioFolder, Settings, Results]]) -> Any:
    """Draw a panel per imbalance ratio: a row per loss, with a mark for each of its forms."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - the table does without

    paper = published()
    rows = list(dict.fromkeys(_row(key) for _, _, results in studies for key in results))
    figure = Figure(figsize=(2.6 + 5.2 * len(studies), 1.9 + 0.55 * len(rows)), layout="constrained")
    panels = figure.subplots(1, len(studies), squeeze=False, sharey=True)[0]
    for axes, (folder, settings, results) in zip(panels, studies, strict=True):
        for key, runs in results.items():
            errors = [100 * run["error"] for run in runs.values()]
            weighted, y = bool(key.beta), rows.index(_row(key))
            color = GREEN if key.loss in {"ldam", "logit_adjusted"} else ORANGE if weighted else BLUE
            y += 0 if color == GREEN else 0.13 if weighted else -0.13
            axes.plot(errors, [y] * len(errors), "|", color=color, markersize=9, alpha=0.7)
            axes.errorbar(np.mean(errors), y, xerr=np.std(errors, ddof=1) if len(errors) > 1 else None,
                          fmt="o", color=color, markersize=7, elinewidth=2)  # fmt: skip
            theirs = paper.get((key, folder.imbalance_ratio))
            if theirs is not None:
                axes.plot(theirs, y, "D", color=color, markerfacecolor="white", markersize=6)
        axes.hlines(np.arange(1, len(rows)) - 0.5, 0, 1, color="#dddddd", linewidth=0.8,
                    transform=axes.get_yaxis_transform())  # fmt: skip
        schedule = f"{settings.network}, {settings.epochs} epochs"
        aside = "" if settings.is_the_papers else "; the paper's: ResNet-32, 200 epochs"
        axes.set_title(f"imbalance ratio {folder.imbalance_ratio:g}\n{schedule}{aside}", fontsize=10)
        axes.set_xlabel("test error after the last epoch, %")
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.tick_params(axis="y", length=0)
        axes.spines[["top", "right", "left"]].set_visible(False)
    panels[0].set_yticks(range(len(rows)), rows)
    marks = [panels[0].plot([], [], "o", color=color, label=label)[0] for color, label in
             ((BLUE, "plain"), (ORANGE, "class-balanced"), (GREEN, "other ways"))]  # fmt: skip
    marks += panels[0].plot([], [], "D", color="black", markerfacecolor="white", label="the paper's")
    marks += panels[0].plot([], [], "|", color="black", markersize=9, label="one seed")
    figure.legend(handles=marks, loc="outside lower center", ncols=len(marks), frameon=False)
    return figure


def _row(key: Configuration) -> str:
    return (key if key.loss in {"ldam", "logit_adjusted"} else key._replace(beta=0.0)).title


if __name__ == "__main__":
    main()
