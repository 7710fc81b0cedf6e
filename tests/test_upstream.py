"""What skcb leans on of scikit-learn's privates: a test by the name of each, which fails when it moves."""

from numbers import Real

import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import fbeta_score, get_scorer, make_scorer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.metadata_routing import MetadataRequest, get_routing_for_object

import skcb
from skcb import (
    ClassBalancedClassifier,
    ClassBalancedClassifierCV,
    ClassBalancedWeighter,
    EffectiveNumberStrategy,
    LogitAdjustedClassifier,
    TunedDecisionClassifierCV,
    _upstream,
)

# Names of rings that the base install lacks.
NEEDS_TORCH = " ".join(skcb._NAMES[ring] for ring in ("net", "nn", "comparison", "plotting")).split()


def is_estimator(public):
    return isinstance(public, type) and issubclass(public, BaseEstimator)


class Checked(BaseEstimator):
    _parameter_constraints = {  # noqa: RUF012
        "share": [_upstream.Interval(Real, 0, 1, closed="both")],
        "kind": [_upstream.StrOptions({"one", "other"})],
        "estimator": [_upstream.HasMethods(["fit"])],
    }

    def __init__(self, share=0.5, kind="one", estimator=None):
        self.share, self.kind, self.estimator = share, kind, estimator

    @_upstream.fit_context(prefer_skip_nested_validation=False)
    def fit(self, X):
        return self


def test_fit_context():
    assert isinstance(Checked(estimator=LogisticRegression()).fit(None), Checked)
    assert Checked.fit.__wrapped__ is not Checked.fit


@pytest.mark.parametrize(
    ("name", "wrong"), [("Interval", {"share": 2.0}), ("StrOptions", {"kind": "third"}), ("HasMethods", {})]
)
def test_parameter_constraints(name, wrong):
    parameter = next(iter(wrong), "estimator")
    with pytest.raises(ValueError, match=f"The '{parameter}' parameter of Checked must be"):
        Checked(**{"estimator": None if name == "HasMethods" else LogisticRegression(), **wrong}).fit(None)


def test_rows_of():
    rows = np.array([2, 0])
    assert _upstream.rows_of(["a", "b", "c"], rows) == ["c", "a"]
    np.testing.assert_array_equal(_upstream.rows_of(np.arange(3), rows), rows)


def test_params_of_rows():
    given = {"weight": np.arange(3), "verbose": True, "list": [5, 6, 7], "other length": [1]}
    of_rows = _upstream.params_of_rows(np.zeros((3, 1)), given, np.array([2, 0]))
    np.testing.assert_array_equal(of_rows.pop("weight"), [2, 0])
    assert of_rows == {"verbose": True, "list": [7, 5], "other length": [1]}


def test_scorer_parts():
    scorer = make_scorer(fbeta_score, greater_is_better=False, beta=2)
    assert _upstream.scorer_parts(scorer) == (fbeta_score, -1, {"beta": 2}, ("predict",))
    assert _upstream.scorer_parts(get_scorer("roc_auc"))[3] == ("decision_function", "predict_proba")
    assert _upstream.scorer_parts(lambda estimator, X, y: 0) is None


def test_own_requests():
    with config_context(enable_metadata_routing=True):
        own = _upstream.own_requests(get_routing_for_object(ClassBalancedClassifier(LogisticRegression())))
        assert isinstance(own, MetadataRequest)
        assert "sample_weight" in own.fit.requests
        search = GridSearchCV(LogisticRegression(), {"C": [1]})
        assert _upstream.own_requests(get_routing_for_object(search)) is None


PUBLIC_ESTIMATORS = [
    ClassBalancedClassifier(LogisticRegression()),
    ClassBalancedClassifierCV(LogisticRegression()),
    LogitAdjustedClassifier(LogisticRegression()),
    TunedDecisionClassifierCV(LogisticRegression()),
    ClassBalancedWeighter(),
    EffectiveNumberStrategy(),
]


@pytest.mark.parametrize("estimator", PUBLIC_ESTIMATORS, ids=lambda estimator: type(estimator).__name__)
def test_documented_estimator(estimator):
    page = f"https://skcb.readthedocs.io/en/stable/api/skcb.{type(estimator).__name__}.html"
    assert f'href="{page}"' in estimator._repr_html_()
    if hasattr(estimator, "fit"):
        assert f'href="{page}"' in make_pipeline(StandardScaler(), estimator)._repr_html_()


def test_documented_estimator_is_every_public_one_and_no_other():
    public = {name for name in skcb.__all__ if name not in NEEDS_TORCH and is_estimator(getattr(skcb, name))}
    assert public == {type(estimator).__name__ for estimator in PUBLIC_ESTIMATORS}

    class Own(ClassBalancedClassifier):
        pass

    assert "skcb.readthedocs.io" not in Own(LogisticRegression())._repr_html_()


def test_every_private_has_a_test():
    tested = {"HasMethods", "Interval", "StrOptions", "fit_context", "own_requests", "params_of_rows", "rows_of"}
    tested |= {"DocumentedEstimator", "scorer_parts"}
    assert set(_upstream.__all__) == tested
