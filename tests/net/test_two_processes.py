"""A net that accelerate trains in two processes (gloo, on the CPU) is one net."""

import numpy as np
import pytest

pytest.importorskip("accelerate")

from skcb import CBNeuralNetClassifier
from tests.two_processes import run_twice

from .modules import Linear
from .one_of_two_processes import PARAMETERS, WEIGHT, Seen, X, Y, fitted, results

SCENARIOS = ["focal", "weighted", "deferred", "parts", "sampled"]


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
