"""What kept logits decide after a shift by the prior, against a loop."""

import numpy as np
import pytest

pytest.importorskip("torch")

import decisions
import runs
from runs import Configuration, RatioFolder, Settings


def test_shifted_and_averaged(tmp_path, capsys, monkeypatch):
    rng = np.random.default_rng(0)
    y_test, counts = rng.integers(10, size=50), np.arange(100, 0, -10)
    monkeypatch.setattr(decisions, "load_cifar10", lambda _: type("Data", (), {"y_test": y_test}))
    folder, softmax = RatioFolder(tmp_path, 100.0), Configuration("softmax", 0.0)
    folder.keep(Settings())
    kept = {}
    for seed in (0, 1):
        path = folder.result(softmax, seed)
        runs.write_json(path, {**softmax._asdict(), "seed": seed, "imbalance_ratio": 100.0, "error": 0.5,
                               "recall": [0.5] * 10, "class_count": counts.tolist(), "device": "CPU"})  # fmt: skip
        kept[seed] = rng.normal(size=(50, 10)).astype(np.float16)
        np.save(path.with_suffix(".logits.npy"), kept[seed])
    decisions.main(["--data", "anywhere", "--results", str(tmp_path)])

    each, votes = [], np.zeros((50, 10))
    for logits in kept.values():
        p = np.exp(logits.astype(float))
        p /= p.sum(1, keepdims=True)
        each.append(100 * np.mean((p / counts).argmax(1) != y_test))
        votes += p / counts
    together = 100 * np.mean(votes.argmax(1) != y_test)
    assert f"| softmax, shifted | {np.mean(each):.2f} ± {np.std(each, ddof=1):.2f} | {together:.2f} |" in (
        capsys.readouterr().out
    )
