"""A cluster of two worker processes: who sees the labels, a worker that dies, and whole jobs."""

import functools
import os
import signal
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skcb import ClassBalancedClassifier, ClassBalancedWeighter, compute_sample_weight, count_classes

dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")
distributed = pytest.importorskip("distributed")

CODES = np.random.default_rng(0).choice(3, 4000, p=[0.9, 0.08, 0.02])
NAMES = np.array(["dog", "cat", "elk"], dtype=object)[CODES]


@pytest.fixture(scope="module")
def client():
    settings = {
        "distributed.admin.tick.limit": "1h",  # a busy machine is no reason for a log line
        "distributed.worker.daemon": True,
        "distributed.comm.timeouts.connect": "60s",
        "distributed.deploy.lost-worker-timeout": "120s",  # one that was killed may be slow to come back
    }
    with (
        dask.config.set(settings),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0", host="127.0.0.1"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        client.wait_for_workers(2, timeout=60)
        yield client


def marked(block, folder):
    """Leave a file that names the process which saw a block."""
    Path(folder, str(os.getpid())).touch()
    return block


def test_labels_stay_on_the_workers_and_weigh_what_they_weigh_in_memory(client, tmp_path):
    y = da.from_array(NAMES, chunks=500).map_blocks(marked, str(tmp_path), dtype=object, meta=np.empty(0, object))
    weighter = ClassBalancedWeighter(0.99).fit(y)
    weight = weighter.transform(y).persist()
    expected = ClassBalancedWeighter(0.99).fit(NAMES)
    np.testing.assert_array_equal(weighter.class_count_, expected.class_count_)
    np.testing.assert_array_equal(weight.compute(), expected.transform(NAMES))
    workers = {str(pid) for pid in client.run(os.getpid).values()}
    seen = {path.name for path in tmp_path.iterdir()}
    assert seen
    assert seen <= workers


def test_errors_travel_from_the_workers(client):
    weighter = ClassBalancedWeighter().fit(NAMES)
    with pytest.raises(ValueError, match="in block 1: label 'yak' is not among the classes seen in fit"):
        client.compute(weighter.transform(da.from_array(np.array(["dog", "yak"], object), chunks=1))).result()
    with pytest.raises(ValueError, match="in block 1: y has 1 missing labels"):
        count_classes(da.from_array(np.array([1, np.nan]), chunks=1))


def kill_once(block, marker):
    """Kill the process that is about to count this block, the first time."""
    if block[0] == -1:
        try:
            Path(marker).touch(exist_ok=False)
        except FileExistsError:
            return block
        os.kill(os.getpid(), signal.SIGKILL)
    return block


def kill_always(block):
    os.kill(os.getpid(), signal.SIGKILL)
    return block


def with_a_fatal_block():
    """Labels in ten blocks, the seventh of which begins with -1."""
    codes = CODES.copy()
    codes[6 * 400] = -1
    return codes, da.from_array(codes, chunks=400)


def test_a_worker_that_dies_during_the_count_changes_no_count(client, tmp_path):
    codes, y = with_a_fatal_block()
    marker = tmp_path / "killed"
    before = set(client.run(os.getpid).values())
    weighter = ClassBalancedWeighter(0.99).fit(y.map_blocks(kill_once, str(marker), dtype=y.dtype, meta=y._meta))
    assert marker.exists()
    assert weighter.classes_.tolist() == [-1, 0, 1, 2]
    np.testing.assert_array_equal(weighter.class_count_, np.unique(codes, return_counts=True)[1])
    client.wait_for_workers(2, timeout=60)
    assert set(client.run(os.getpid).values()) != before  # it did die


def test_blocks_that_were_computed_on_a_dead_worker_are_computed_anew(client):
    """What has been counted is lost with its worker, and is not counted twice when it comes back."""
    y = da.from_array(CODES, chunks=400).map_blocks(lambda block: block, dtype=CODES.dtype).persist()
    distributed.wait(y)
    victim = next(iter(client.run(os.getpid).values()))
    os.kill(victim, signal.SIGKILL)
    np.testing.assert_array_equal(count_classes(y).counts, np.bincount(CODES))
    client.wait_for_workers(2, timeout=60)


def test_blocks_that_kill_every_worker_are_an_error_and_no_count(client, monkeypatch):
    _, y = with_a_fatal_block()
    monkeypatch.setattr(client.cluster.scheduler, "allowed_failures", 0)
    with pytest.raises(distributed.KilledWorker, match="skcb-blocks"):
        count_classes(y[2400:2800].map_blocks(kill_always, dtype=y.dtype, meta=y._meta))
    client.wait_for_workers(2, timeout=60)


@pytest.mark.parametrize("kind", ["array", "frame"])
def test_xgboost_on_dask_with_the_weights_equals_xgboost_in_memory(client, kind):
    pytest.importorskip("xgboost")
    from xgboost import XGBClassifier
    from xgboost.dask import DaskXGBClassifier

    X = np.random.default_rng(0).integers(0, 20, (4000, 4)) + 3.0 * CODES[:, None]  # few values: no sketch of them
    settings = {"n_estimators": 5, "max_depth": 3, "tree_method": "hist", "random_state": 0, "n_jobs": 1}
    y = da.from_array(CODES, chunks=1000)
    lazy_X = da.from_array(X, chunks=(1000, 4))
    if kind == "frame":
        dd = pytest.importorskip("dask.dataframe")
        frame = dd.from_dask_array(lazy_X, columns=list("abcd")).assign(y=dd.from_dask_array(y))
        lazy_X, y = frame[list("abcd")], frame["y"]
    weight = ClassBalancedWeighter(0.99).fit_transform(y)
    model = DaskXGBClassifier(**settings)
    model.client = client
    model.fit(lazy_X, y, sample_weight=weight)
    expected = XGBClassifier(**settings).fit(X, CODES, sample_weight=compute_sample_weight(CODES, beta=0.99))
    np.testing.assert_allclose(model.predict_proba(lazy_X).compute(), expected.predict_proba(X), rtol=1e-4)
    plain = XGBClassifier(**settings).fit(X, CODES)
    assert np.abs(plain.predict_proba(X) - expected.predict_proba(X)).max() > 0.05  # the weights do something


def score_and_mark(folder, model, X, y):
    """Balanced accuracy; leaves a file that names the process."""
    marked(None, folder)
    return balanced_accuracy_score(y, model.predict(X))


def test_a_search_on_the_cluster_scores_as_one_at_home(client, tmp_path):
    joblib = pytest.importorskip("joblib")
    X, y = make_classification(600, weights=[0.9], flip_y=0.05, random_state=0)
    y = np.array(["common", "rare"])[y]
    model = make_pipeline(StandardScaler(), ClassBalancedClassifier(LogisticRegression()))
    grid = {"classbalancedclassifier__beta": [0.0, 0.99, 0.999, 1.0]}
    scores = [functools.partial(score_and_mark, str(tmp_path)), "balanced_accuracy"]
    remote, local = (GridSearchCV(model, grid, cv=3, scoring=score, error_score="raise") for score in scores)
    with joblib.parallel_config("dask", client=client):
        remote.fit(X, y)
    local.fit(X, y)
    np.testing.assert_array_equal(remote.cv_results_["mean_test_score"], local.cv_results_["mean_test_score"])
    assert len(set(local.cv_results_["mean_test_score"])) > 1
    workers = {str(pid) for pid in client.run(os.getpid).values()}
    seen = {path.name for path in tmp_path.iterdir()}
    assert seen
    assert seen <= workers
