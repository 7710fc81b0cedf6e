"""What the kept logits of a results folder decide when they are shifted by the prior, and averaged over seeds.

    python cifar10_lt.py --data cifar10.npz --results results --loss all --seed 0 1 2 --device cuda --keep-logits
    python decisions.py --data cifar10.npz --results results

The shift is logit adjustment after training with tau = 1 (Menon et al., 2021): nothing is tuned, on no image. Nets
whose loss was weighted or shifted already are shifted by nothing more.
"""

import argparse
from pathlib import Path

import numpy as np
from cifar10_data import load_cifar10
from report import read_results, spread
from runs import ratio_folders
from scipy.special import log_softmax, logsumexp

from skcb import logit_adjustment


def main(arguments: list[str] | None = None) -> None:
    """Print a table for each imbalance ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--results", type=Path, required=True)
    options = parser.parse_args(arguments)
    y_test = load_cifar10(options.data).y_test
    for folder in ratio_folders(options.results):
        print(f"Imbalance ratio {folder.imbalance_ratio:g}\n\n| loss | each net | seeds together |\n|---|---|---|")
        for configuration, runs in read_results(folder).items():
            paths = [folder.result(configuration, seed).with_suffix(".logits.npy") for seed in runs]
            log_p = np.array([log_softmax(np.load(path).astype(float), axis=1) for path in paths if path.exists()])
            if not len(log_p):
                continue
            shift = logit_adjustment(next(iter(runs.values()))["class_count"])
            rows = {configuration.title: log_p}
            if configuration.beta == 0 and configuration.loss == "softmax":
                rows[f"{configuration.title}, shifted"] = log_p - shift
            for title, scores in rows.items():
                each = [100 * float((net.argmax(1) != y_test).mean()) for net in scores]
                together = 100 * float((logsumexp(scores, axis=0).argmax(1) != y_test).mean())
                print(f"| {title} | {spread(each)} | {together:.2f} |")


if __name__ == "__main__":
    main()
