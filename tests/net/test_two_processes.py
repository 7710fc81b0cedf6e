"""A net that accelerate trains in two processes (gloo, on the CPU) is one net."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("accelerate")

from skcb import CBNeuralNetClassifier

from .modules import Linear
from .one_of_two_processes import PARAMETERS, WEIGHT, Seen, X, Y, fitted, results

TIMEOUT = 120
SCENARIOS = ["focal", "weighted", "deferred", "parts"]


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def run_twice(module, *arguments):
    """Run a module in two processes that find each other as those of torchrun do."""
    shared = {
        **os.environ,
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(free_port()),
        "WORLD_SIZE": "2",
        "LOCAL_WORLD_SIZE": "2",
        "ACCELERATE_USE_CPU": "true",
        "OMP_NUM_THREADS": "1",
    }
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            env={**shared, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            cwd=Path(__file__).parents[2],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for rank in range(2)
    ]
    try:
        deadline = time.monotonic() + TIMEOUT
        # Where one fails the other waits for it in vain.
        while time.monotonic() < deadline and any(process.poll() is None for process in processes):
            if any(process.poll() for process in processes):
                break
            time.sleep(0.1)
    finally:
        for process in processes:
            process.kill()
        said = [process.communicate()[0][-3000:] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], "\n".join(said)


@pytest.fixture(scope="module")
def ranks(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ranks")
    run_twice("tests.net.one_of_two_processes", str(folder))
    return [np.load(folder / f"{rank}.npz") for rank in range(2)]


@pytest.fixture(scope="module")
def alone():
    """The same nets in this process alone, in batches of both processes' size."""

    def make(**parameters):
        return CBNeuralNetClassifier(
            Linear, **{"batch_size": 32, "callbacks": [Seen()], **PARAMETERS, **parameters}
        )

    return {f"{name} {key}": value for name, net in fitted(make) for key, value in results(net).items()}


def test_there_are_two(ranks):
    assert [int(rank["processes"]) for rank in ranks] == [2, 2]


@pytest.mark.parametrize("scenario", [*SCENARIOS, "unseeded"])
@pytest.mark.parametrize("what", ["counts", "weight", "parameters", "proba"])
def test_the_processes_agree(ranks, scenario, what):
    first, second = (rank[f"{scenario} {what}"] for rank in ranks)
    np.testing.assert_array_equal(first, second)


def test_counts_are_those_of_the_whole_training_set(ranks):
    sizes = np.bincount(Y)
    for rank in ranks:
        np.testing.assert_array_equal(rank["focal counts"], sizes[[1, 0, 2]])
        np.testing.assert_allclose(rank["weighted counts"], np.bincount(Y, WEIGHT))
        assert rank["unseeded counts"].sum() == 0.8 * len(Y)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_two_processes_train_as_one_does_in_batches_twice_the_size(ranks, alone, scenario):
    for what in ("parameters", "weight", "proba"):
        np.testing.assert_allclose(
            ranks[0][f"{scenario} {what}"], alone[f"{scenario} {what}"], rtol=1e-3, atol=1e-5, err_msg=what
        )


@pytest.mark.parametrize("scenario", ["focal", "unseeded"])
def test_no_example_is_trained_on_twice_in_an_epoch(ranks, scenario):
    first, second = (rank[f"{scenario} rows"].reshape(3, -1) for rank in ranks)
    n_samples = len(X) if scenario == "focal" else 0.8 * len(X)
    for epoch in range(3):
        both = np.concatenate([first[epoch], second[epoch]])
        assert len(set(both.tolist())) == len(both) == n_samples
    assert not np.array_equal(first[0], first[1])  # every epoch has an order of its own


def test_a_seed_makes_a_run_repeatable(ranks):
    for rank in ranks:
        np.testing.assert_array_equal(rank["focal parameters"], rank["again parameters"])
        np.testing.assert_array_equal(rank["focal rows"], rank["again rows"])
