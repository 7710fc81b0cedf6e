"""
Weights and a search on a Dask cluster
======================================

Two worker processes hold half a million labels of a long tail. Each counts its own blocks; the counts, five
numbers per block, are all that leaves a worker, and the weights stay lazy. They feed XGBoost on the same cluster.
Then a search over beta runs on the cluster, through joblib's backend.
"""

# %%
# The cluster is started here, on this machine. In its place goes the address of yours: ``Client("tcp://...:8786")``,
# with skcb installed on the workers. (Dask starts worker processes from this file, hence the guard.)

import time

import dask.array as da
import joblib
import numpy as np
from distributed import Client, LocalCluster
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from xgboost.dask import DaskXGBClassifier

from skcb import ClassBalancedClassifier, ClassBalancedWeighter, beta_grid, count_classes, load_long_tailed_digits

CENTRES = np.random.default_rng(1).normal(size=(5, 8))
PRIOR = 0.1 ** np.arange(5)  # every class ten times rarer than the one before


# %%
# Blocks of 50,000 rows are made where they are needed. A block of features and its labels come of the same seed.


def draw_labels(_: np.ndarray, block_info: dict) -> np.ndarray:
    rng = np.random.default_rng(block_info[0]["chunk-location"][0])
    return rng.choice(5, 50_000, p=PRIOR / PRIOR.sum())


def draw_features(labels: np.ndarray, block_info: dict) -> np.ndarray:
    rng = np.random.default_rng([2, block_info[0]["chunk-location"][0]])
    return CENTRES[labels] + rng.normal(size=(len(labels), 8))


def weigh_and_boost(client: Client) -> None:
    started = time.perf_counter()
    y = da.zeros(500_000, chunks=50_000, dtype=np.int64).map_blocks(draw_labels, dtype=np.int64).persist()
    X = y.map_blocks(draw_features, dtype=float, new_axis=1, chunks=(50_000, 8)).persist()
    weighter = ClassBalancedWeighter(beta=0.9999).fit(y)
    weight = weighter.transform(y)
    print(f"[1/2] classes {weighter.classes_}, counts {weighter.class_count_}, weights {weight}")
    for name, given in (("unweighted", None), ("class-balanced", weight)):
        model = DaskXGBClassifier(n_estimators=20, max_depth=4, tree_method="hist", random_state=0)
        model.client = client
        model.fit(X, y, sample_weight=given)
        score = balanced_accuracy_score(y.compute(), model.predict(X).compute())
        print(f"      XGBoost {name:>14}: balanced accuracy on its training data {score:.3f}")
    print(f"      {time.perf_counter() - started:.1f} s")


# %%
# A search needs nothing but the backend: each task fits one beta on one fold, and counts that fold.


def search_beta(client: Client) -> None:
    started = time.perf_counter()
    X, X_test, y, y_test = load_long_tailed_digits()
    model = make_pipeline(StandardScaler(), ClassBalancedClassifier(LogisticRegression(max_iter=300)))
    grid = {"classbalancedclassifier__beta": beta_grid(count_classes(y).counts)}
    search = GridSearchCV(model, grid, cv=3, scoring="balanced_accuracy")
    with joblib.parallel_config("dask", client=client):
        search.fit(X, y)
    for beta, score in zip(
        grid["classbalancedclassifier__beta"], search.cv_results_["mean_test_score"], strict=True
    ):
        print(f"      beta {beta:.4f}: {score:.3f}")
    print(
        f"[2/2] best beta {search.best_params_['classbalancedclassifier__beta']:.4f}, balanced accuracy on "
        f"balanced test data {search.score(X_test, y_test):.3f}, {time.perf_counter() - started:.1f} s"
    )


if __name__ == "__main__":
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        weigh_and_boost(client)
        search_beta(client)

# sphinx_gallery_thumbnail_path = 'images/thumbnails/dask_cluster.png'  # noqa: ERA001
