"""Nets: a class-balanced one is set, not wrapped; a plain one keeps what does not need weights."""

import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

torch, skorch = pytest.importorskip("torch"), pytest.importorskip("skorch")

from skcb import CBNeuralNetClassifier, beta_grid, compare_strategies  # noqa: E402 - after the skip
from skcb._pipelines import last_step  # noqa: E402
from skcb.comparison import STRATEGIES  # noqa: E402
from skcb.comparison.multilabel_strategies import resolve_multilabel_strategies  # noqa: E402
from skcb.comparison.strategies import TrainingPart  # noqa: E402

X, y = make_classification(200, weights=[0.8], random_state=0)
COUNTS = np.bincount(y)


class Net(CBNeuralNetClassifier):
    """The net, which remembers the weights that it was given."""

    def fit(self, X, y=None, sample_weight=None, **fit_params):
        self.given_weight_ = sample_weight
        return super().fit(X, y, sample_weight=sample_weight, **fit_params)


@pytest.fixture
def net():
    return Net(loss="focal", max_epochs=1, random_state=0)


def fitted(name, estimator):
    return STRATEGIES[name].build(estimator, TrainingPart(COUNTS, seed=0)).fit(X, y)


def the_net(estimator):
    while not isinstance(estimator, Net):
        inner = [getattr(estimator, name, None) for name in ("best_estimator_", "estimator_")]
        step = last_step(estimator)
        estimator = step if step is not estimator else next(part for part in inner if part is not None)
    return estimator


@pytest.mark.parametrize(
    "wrap", [lambda net: net, lambda net: make_pipeline(StandardScaler(), make_pipeline(net))]
)
@pytest.mark.parametrize("name", STRATEGIES)
def test_a_class_balanced_net_is_weighted_once_or_not_at_all(name, wrap, net):
    model = the_net(fitted(name, wrap(net)))
    unweighted = {"none", "sqrt", "threshold", "logit adjustment", "tuned decisions", "tuned beta", "prior"}
    if name in unweighted or STRATEGIES[name].family == "resampling":
        assert model.beta == 0
    elif name == "balanced":
        assert model.beta == 1
    else:
        assert 0 <= model.beta <= 1
    assert model.loss == ("logit_adjusted" if name == "logit adjustment" else "focal")
    assert (model.given_weight_ is not None) == (name in {"sqrt", "tuned beta"})
    assert net.beta is None


def test_a_net_is_compared_whole(net):
    one, two = (compare_strategies(net, X, y, cv=2, random_state=0, n_jobs=jobs) for jobs in (1, 2))
    assert one.failures.empty
    assert one.wide("balanced_accuracy").equals(two.wide("balanced_accuracy"))


def test_a_plain_net_keeps_its_resampling_rows():
    net = skorch.NeuralNetClassifier(
        torch.nn.Linear,
        module__in_features=20,
        module__out_features=2,
        criterion=torch.nn.CrossEntropyLoss,
        max_epochs=2,
        train_split=None,
        verbose=0,
    )
    before = torch.random.get_rng_state()
    one, other = (
        compare_strategies(
            net,
            X.astype(np.float32),
            y,
            strategies=["none", "balanced", "sqrt", "RandomOverSampler", "SMOTE", "logit adjustment"],
            cv=2,
            random_state=0,
            n_jobs=jobs,
        )
        for jobs in (None, 2)
    )
    assert one.failures["strategy"].tolist() == ["balanced", "sqrt"]
    assert one.failures["reason"].str.contains("NeuralNetClassifier, whose fit takes no sample_weight").all()
    assert one.wide("log_loss").equals(other.wide("log_loss"))
    assert torch.equal(torch.random.get_rng_state(), before)


class OfLabels(Net):
    """A net that is fitted on indicator matrices."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


def test_a_net_of_several_labels_has_its_one_beta_set():
    counts = np.array([[50, 50], [90, 10], [100, 0]])
    names = ["none", "balanced", "class-balanced (beta=grid 1/2)", "class-balanced (beta=0.5)", "tuned decisions"]
    built = {
        strategy.name: strategy.apply(OfLabels(beta=0.9), TrainingPart(counts, seed=0))
        for strategy in resolve_multilabel_strategies(names, counts, None)
    }
    assert built["tuned decisions"].estimator.beta == 0
    betas = [built[name].beta for name in names[:-1]]
    assert betas == [0, 1, beta_grid([90, 10], num=5)[2], 0.5]
