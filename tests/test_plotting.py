"""The pictures: what they show, that labels keep apart, and that matplotlib waits until one is drawn."""

import importlib.util
import itertools
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import recall_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skcb
from skcb import (
    ClassBalancedClassifier,
    ClassBalancedWeighter,
    beta_grid,
    class_weight,
    effective_number,
    load_long_tailed_digits,
    long_tailed_counts,
)

plt = pytest.importorskip("matplotlib.pyplot")
pytest.importorskip("imblearn")

from skcb import (  # noqa: E402 - after the skip
    ClassWeightDisplay,
    CriticalDifferenceDisplay,
    EffectiveNumberDisplay,
    ShotAccuracyDisplay,
    StrategyComparison,
    StrategyComparisonDisplay,
    TunedDecisionClassifierCV,
    TunedDecisionDisplay,
)
from skcb.comparison import STRATEGIES  # noqa: E402
from skcb.plotting import style  # noqa: E402
from skcb.plotting.drawing import spread  # noqa: E402

from . import fresh  # noqa: E402


@pytest.fixture(autouse=True)
def _no_picture_is_left_open():
    yield
    plt.close("all")


def comparison(n_strategies, n_datasets=1, folds=5, fails=()):
    """Made-up scores, in which a strategy is better the later it comes."""
    names = [*STRATEGIES, *(f"a strategy of one's own, {i}" for i in range(7))][:n_strategies]
    rng = np.random.default_rng(0)
    rows = []
    for dataset, (place, name), fold in itertools.product(range(n_datasets), enumerate(names), range(folds)):
        scores = {"balanced_accuracy": 0.5 + place / 60, "ece": 0.1 + place / 300, "n_train": 80, "n_test": 20}
        for metric, score in scores.items():
            value = score if metric.startswith("n_") else score + rng.normal(0, 0.005)
            failed = name in fails and not metric.startswith("n_")
            reason = "ValueError: few" if failed else ""
            rows.append((f"set {dataset}", name, fold, metric, np.nan if failed else value, reason))
    return StrategyComparison(
        pd.DataFrame(rows, columns=["dataset", "strategy", "fold", "metric", "value", "reason"])
    )


def boxes(display, texts):
    """Where these texts are drawn, in pixels."""
    display.figure_.canvas.draw()
    renderer = display.figure_.canvas.get_renderer()
    # of an annotation the words alone, without its line to the point
    return [plt.matplotlib.text.Text.get_window_extent(text, renderer) for text in texts if text.get_text()]


def overlaps(display, texts):
    shrunk = [box.shrunk(0.98, 0.9) for box in boxes(display, texts)]
    return [(a, b) for a, b in itertools.combinations(shrunk, 2) if a.overlaps(b)]


def test_effective_numbers_are_the_curves():
    counts = long_tailed_counts(5000, 10)
    display = EffectiveNumberDisplay.from_counts(counts, beta=[0.999, 0.9])
    assert display.beta == [0.9, 0.999]
    for beta, numbers in zip(display.beta, display.effective_number, strict=True):
        np.testing.assert_allclose(numbers, effective_number(display.n, beta))
    assert display.n[-1] == pytest.approx(5000)
    assert display.ax_.get_xscale() == display.ax_.get_yscale() == "log"
    assert [text.get_text() for text in display.ax_.texts] == ["β = 0.9", "β = 0.999"]
    assert len(EffectiveNumberDisplay.from_counts(counts).beta) == 5


@pytest.mark.parametrize("n_classes", [2, 10, 1000])
def test_weights_are_drawn_from_the_common_class_to_the_rare(n_classes):
    counts = long_tailed_counts(2000, n_classes, 100)
    order = np.random.default_rng(0).permutation(n_classes)
    display = ClassWeightDisplay.from_counts(counts[order], classes=[f"class {i}" for i in order])
    assert display.counts.tolist() == counts.tolist()
    assert display.classes[0] == "class 0"
    np.testing.assert_allclose(
        display.class_weight, [class_weight(counts, b, normalize="samples") for b in beta_grid(counts)]
    )
    assert display.ax_.get_yscale() == "log"
    assert not overlaps(display, display.ax_.texts)
    assert (
        not overlaps(display, display.ax_.get_xticklabels()) or n_classes == 10
    )  # slanted boxes do, words do not


def test_nearly_level_weights_need_no_log_axis_and_empty_classes_are_left_out():
    display = ClassWeightDisplay.from_counts([10, 0, 12])
    assert display.ax_.get_yscale() == "linear"
    assert display.classes == [2, 0]


@pytest.mark.parametrize(
    "wrap",
    [
        lambda X, y: ClassBalancedClassifier(LogisticRegression(max_iter=1000), beta=0.99).fit(X, y),
        lambda X, y: ClassBalancedWeighter(beta=0.99).fit(y),
        lambda X, y: make_pipeline(StandardScaler(), ClassBalancedClassifier(LogisticRegression(), beta=0.99)).fit(
            X, y
        ),
    ],
)
def test_weights_of_a_fitted_estimator_stand_between_none_and_inverse_frequency(wrap):
    X, _, y, _ = load_long_tailed_digits()
    display = ClassWeightDisplay.from_estimator(wrap(X / 16, y))
    assert display.beta == [0, 0.99, 1]
    assert display.chosen == 0.99
    assert display.counts.tolist() == sorted(np.bincount(y), reverse=True)
    assert "β = 0.99, chosen" in [text.get_text() for text in display.ax_.texts]


def test_recalls_stand_in_order_of_frequency():
    X, X_test, y, y_test = load_long_tailed_digits()
    model = LogisticRegression(max_iter=2000).fit(X, y)
    display = ShotAccuracyDisplay.from_estimator(model, X_test, y_test, y)
    counts = np.bincount(y)
    order = np.argsort(-counts, kind="stable")
    assert display.classes == order.tolist()
    np.testing.assert_allclose(display.recall, recall_score(y_test, model.predict(X_test), average=None)[order])
    labels = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert [label.split()[0] for label in labels] == ["many", "medium", "few"]
    assert f"mean recall {display.shot_accuracy.few:.3f}" in labels[2]
    absent = ShotAccuracyDisplay.from_predictions(["a"], ["a"], ["a"] * 200 + ["b"])
    assert np.isnan(absent.recall[1])
    assert "few (fewer than 20): 1 class, no test samples" in [
        text.get_text() for text in absent.ax_.get_legend().get_texts()
    ]


@pytest.mark.parametrize("n_classes", [2, 10, 1000])
def test_recalls_of_many_classes_keep_their_labels_apart(n_classes):
    counts = long_tailed_counts(1280, n_classes, 64)
    y_true = np.repeat(np.arange(n_classes), 5)
    display = ShotAccuracyDisplay.from_predictions(y_true, y_true * 0, np.repeat(np.arange(n_classes), counts))
    assert not overlaps(display, display.ax_.get_xticklabels())
    assert not overlaps(display, display.ax_.get_legend().get_texts())


@pytest.mark.parametrize("method", ["calibrated", "prior"])
def test_the_path_of_a_tuned_decision(method):
    X, _, y, _ = load_long_tailed_digits()
    tuned = TunedDecisionClassifierCV(
        LogisticRegression(max_iter=500), method=method, scoring="f1_macro", cv=3, store_cv_results=True
    ).fit(X / 16, y)
    display = TunedDecisionDisplay.from_estimator(tuned)
    lines = {line.get_label(): line for line in display.ax_.lines}
    np.testing.assert_array_equal(lines["observed out of fold"].get_ydata(), tuned.cv_results_["score"])
    assert ("expected" in lines) == (method == "calibrated")
    (x,), (at,) = lines[f"chosen, tau = {tuned.tau_:.3g}"].get_data()
    curve = tuned.cv_results_["expected_score" if method == "calibrated" else "score"]
    assert x == tuned.tau_
    assert at == pytest.approx(curve.max())
    assert display.ax_.get_ylabel() == "f1 macro"
    assert {text.get_text() for text in display.ax_.texts} == {"none", "balanced"}
    piped = make_pipeline(StandardScaler(), tuned)
    ax = plt.subplots()[1]
    assert TunedDecisionDisplay.from_estimator(piped, ax=ax).ax_ is ax
    with pytest.raises(TypeError, match=r"KNeighborsClassifier keeps no path of tau.*store_cv_results=True"):
        TunedDecisionDisplay.from_estimator(KNeighborsClassifier())


@pytest.mark.parametrize("n_strategies", [2, 10, 25])
def test_strategies_keep_their_labels_apart(n_strategies):
    scores = StrategyComparisonDisplay.from_comparison(comparison(n_strategies))
    assert not overlaps(scores, scores.ax_.get_yticklabels())
    against = StrategyComparisonDisplay.from_comparison(comparison(n_strategies), kind="calibration")
    numbers = [text for text in against.ax_.texts if text.get_text() != "better"]
    assert [text.get_text() for text in numbers] == [str(n) for n in range(1, n_strategies + 1)]
    assert not overlaps(against, numbers)
    (meaning,) = against.figure_.legends
    assert [text.get_text() for text in meaning.get_texts()] == [
        f"{n}  {name}" for n, name in enumerate(against.strategies, 1)
    ]
    ranks = comparison(n_strategies, n_datasets=4).plot("ranks")
    assert not overlaps(ranks, [*ranks.ax_.texts, *ranks.ax_.get_yticklabels()])
    for display in (scores, against, ranks):  # nothing is cut off at the edge of the picture
        whole = display.figure_.bbox.padded(2)
        for box in boxes(display, [*display.ax_.texts, *display.ax_.get_yticklabels()]):
            assert whole.x0 <= box.x0
            assert box.x1 <= whole.x1


def test_strategies_stand_from_the_best_with_their_intervals():
    made = comparison(6, fails=["sqrt"])
    display = made.plot(metric="balanced_accuracy")
    interval = made.interval("balanced_accuracy").loc[display.strategies]
    assert display.strategies[-1] == "sqrt"
    assert np.isnan(display.mean[-1])
    assert (np.diff(display.mean[:-1]) < 0).all()
    np.testing.assert_array_equal(display.interval, interval[["low", "high"]].to_numpy().T)
    assert [text.get_text() for text in display.ax_.texts] == ["could not run in every fold"]
    relative = made.plot(relative_to="none")
    assert relative.mean[relative.strategies.index("none")] == 0
    assert relative.ax_.get_xlabel().startswith("balanced accuracy, less that of 'none'\n")
    against = made.plot("calibration")
    assert against.ax_.get_xlabel().endswith("without a value: sqrt")


def test_ranks_of_demsar_make_his_picture():
    ranks = {"C4.5": 3.143, "C4.5+m": 2.000, "C4.5+cf": 2.893, "C4.5+m+cf": 1.964}
    display = CriticalDifferenceDisplay.from_ranks(ranks, critical_difference=1.12)
    assert list(display.ranks) == ["C4.5+m+cf", "C4.5+m", "C4.5+cf", "C4.5"]
    assert display.groups == [("C4.5+m+cf", "C4.5+cf"), ("C4.5+cf", "C4.5")]
    assert CriticalDifferenceDisplay.from_ranks(ranks, critical_difference=9).groups == [("C4.5+m+cf", "C4.5")]
    assert CriticalDifferenceDisplay.from_ranks(ranks, critical_difference=0.01).groups == []


def test_the_picture_of_ranks_says_what_was_tested_and_left_out():
    tested = comparison(5, n_datasets=4, fails=["sqrt"]).significance()
    drawn = tested.plot()
    first, *others = drawn.ax_.get_xlabel().split("\n")
    assert first == "mean rank, 1 is best"
    said = " ".join(others)
    assert said.startswith("balanced accuracy over 4 data sets: Friedman's test, Nemenyi's for the pairs, p = ")
    assert said.endswith("without a rank: sqrt")
    one = comparison(3).plot("ranks")
    assert "corrected resampled t-test" in one.ax_.get_xlabel().replace("\n", " ")
    assert np.isnan(one.critical_difference)


def test_the_title_of_ranks_is_what_they_say():
    ranks = {"a": 1.2, "b": 1.9, "c": 2.9}
    titles = {}
    for difference in (0.5, 0.8, 9):
        display = CriticalDifferenceDisplay.from_ranks(ranks, critical_difference=difference)
        titles[difference] = display.ax_.get_title(loc="left").replace("\n", " ")
    assert titles == {
        0.5: "Best mean rank: a (told apart from all others)",
        0.8: "Best mean rank: a (1 more not told apart from it)",
        9: "Best mean rank: a (2 more not told apart from it)",
    }


def test_the_front_is_what_none_beats_in_both():
    display = StrategyComparisonDisplay.from_comparison(comparison(6), kind="calibration")
    display.calibration = np.array([0.3, 0.1, 0.2, 0.2, 0.4, 0.05])
    display.mean = np.array([0.9, 0.7, 0.8, 0.6, 0.9, 0.1])
    (front,) = [line for line in display.plot().ax_.lines if line.get_label().startswith("front")]
    assert front.get_xydata().tolist() == [[0.05, 0.1], [0.1, 0.7], [0.2, 0.8], [0.3, 0.9]]


def test_pictures_are_drawn_where_they_are_told_to():
    _, (left, right) = plt.subplots(1, 2)
    display = EffectiveNumberDisplay.from_counts([50, 5], ax=left)
    assert display.ax_ is left
    assert display.plot(ax=right).ax_ is right
    assert display.figure_ is left.figure


@given(st.lists(st.floats(-1, 2), min_size=1, max_size=25), st.floats(0.001, 0.04))
def test_spread_positions_keep_their_order_and_distance(wanted, gap):
    placed = spread(wanted, gap)
    order = np.argsort(wanted, kind="stable")
    assert (np.diff(placed[order]) >= gap - 1e-9).all()
    assert placed.min() >= -1e-9
    assert placed.max() <= 1 + 1e-9


def test_positions_far_enough_apart_stay():
    assert spread([0.1, 0.9, 0.5], 0.05) == pytest.approx([0.1, 0.9, 0.5])
    assert spread([0.5, 0.5], 0.1) == pytest.approx([0.45, 0.55])


@pytest.mark.parametrize(
    ("draw", "error", "message"),
    [
        (lambda: EffectiveNumberDisplay.from_counts([5, -1]), ValueError, r"counts\[1\] = -1"),
        (lambda: EffectiveNumberDisplay.from_counts([5], beta=[]), ValueError, "beta is empty"),
        (lambda: EffectiveNumberDisplay.from_counts([5], beta=2), ValueError, "beta must lie in"),
        (
            lambda: ClassWeightDisplay.from_counts([5, 2], classes=["a"]),
            ValueError,
            "names 1 classes, counts has 2",
        ),
        (
            lambda: ClassWeightDisplay.from_estimator(LogisticRegression()),
            TypeError,
            "LogisticRegression has no class_count_ and beta; fit a ClassBalancedClassifier",
        ),
        (lambda: comparison(2).plot("bars"), ValueError, "kind must be one of 'score', 'calibration'"),
        (lambda: comparison(2).plot(metric="f1"), ValueError, "no metric 'f1' in this comparison"),
        (lambda: comparison(2).plot(relative_to="SMOTE"), ValueError, "no strategy 'SMOTE'; there are 'none'"),
        (
            lambda: comparison(2, fails=["none", "balanced"]).plot("calibration"),
            ValueError,
            "no strategy has values of both 'balanced_accuracy' and 'ece'",
        ),
    ],
)
def test_what_cannot_be_drawn(draw, error, message):
    with pytest.raises(error, match=message):
        draw()


def test_matplotlib_is_loaded_when_something_is_drawn_and_named_where_it_is_missing():
    assert fresh.loaded_after("import skcb; skcb.ClassWeightDisplay", ["matplotlib"]) == []
    result = fresh.run("import skcb; skcb.EffectiveNumberDisplay.from_counts([5])", without=["matplotlib"])
    assert "drawing needs matplotlib: pip install 'skcb[plot]'" in result.stderr


def test_a_part_of_a_figure_is_drawn_on():
    figure = plt.figure(layout="constrained")
    left, right = figure.subfigures(1, 2)
    assert skcb.ClassWeightDisplay.from_counts([500, 50, 5], ax=left.subplots()).figure_ is left
    assert skcb.EffectiveNumberDisplay.from_counts([500, 50, 5], ax=right.subplots()).figure_ is right


def test_counts_below_one_have_curves_and_no_markers():
    display = skcb.EffectiveNumberDisplay.from_counts([0.9, 0.1])
    assert len(display.ax_.lines) == len(display.beta)
    with pytest.raises(ValueError, match="all 2 counts are 0: no class has samples"):
        skcb.EffectiveNumberDisplay.from_counts([0, 0])


def test_labelled_counts_name_the_classes():
    y = ["gnu"] * 5 + ["ant"] * 500 + ["bee"] * 50
    counts = pytest.importorskip("pandas").Series(y).value_counts(ascending=True)
    for labelled in (counts, skcb.count_classes(y), {"gnu": 5, "bee": 50, "ant": 500}):
        display = skcb.ClassWeightDisplay.from_counts(labelled)
        assert display.classes == ["ant", "bee", "gnu"]
        assert display.counts.tolist() == [500, 50, 5]
    skcb.EffectiveNumberDisplay.from_counts(counts)


def test_the_weights_of_a_net_and_of_the_best_of_a_search_are_drawn():
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV

    rng = np.random.default_rng(0)
    y = rng.permutation(np.repeat([0, 1, 2], [100, 40, 10]))
    X = rng.normal(size=(150, 3))
    grid = {"beta": [0.9, 0.99]}
    search = GridSearchCV(skcb.ClassBalancedClassifier(LogisticRegression()), grid, cv=2).fit(X, y)
    display = skcb.ClassWeightDisplay.from_estimator(search)
    assert display.chosen == search.best_params_["beta"]
    pytest.importorskip("skorch")
    net = skcb.CBNeuralNetClassifier(max_epochs=1).fit(X.astype(np.float32), y)
    display = skcb.ClassWeightDisplay.from_estimator(net)
    drawn = display.class_weight[display.beta.index(display.chosen)]
    np.testing.assert_allclose(drawn, net.criterion_.weight, rtol=1e-6)


MAKERS = {
    "ClassWeightDisplay": lambda ax: skcb.ClassWeightDisplay.from_counts([500, 50, 5], ax=ax),
    "CriticalDifferenceDisplay": lambda ax: skcb.CriticalDifferenceDisplay.from_ranks(
        {"a": 1.2, "b": 1.8}, critical_difference=1, ax=ax
    ),
    "EffectiveNumberDisplay": lambda ax: skcb.EffectiveNumberDisplay.from_counts([500, 50, 5], ax=ax),
    "ShotAccuracyDisplay": lambda ax: skcb.ShotAccuracyDisplay.from_predictions([0, 1], [0, 0], [0, 1], ax=ax),
    "TunedDecisionDisplay": lambda ax: skcb.TunedDecisionDisplay(
        tau=np.array([0.0, 1.0]), score=np.array([0.5, 0.6])
    ).plot(ax=ax),
    "StrategyComparisonDisplay": lambda ax: skcb.StrategyComparisonDisplay(
        strategies=["none"],
        mean=np.array([0.5]),
        interval=np.array([[0.4], [0.6]]),
        values=[np.array([0.4, 0.6])],
        metric="macro_f1",
        families=["none"],
    ).plot(ax=ax),
}


@pytest.mark.parametrize("name", skcb.plotting.__all__)
def test_every_display_draws_on_the_axes_that_it_is_given(name):
    figure, ax = plt.subplots(layout="constrained")
    display = MAKERS[name](ax)
    assert display.ax_ is ax
    assert display.figure_ is figure
    assert MAKERS[name](None).figure_ is not figure


#: Machado, Oliveira & Fernandes, "A Physiologically-based Model for Simulation of Color Vision Deficiency", IEEE
#: TVCG 15(6), 2009, table 1 at severity 1.0: linear RGB as a reader without one kind of cone sees it.
_COLOUR_VISION = {
    "normal": np.eye(3),
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def linear(color):
    """RGB without gamma, as IEC 61966-2-1 has sRGB."""
    rgb = np.array(plt.matplotlib.colors.to_rgb(color))
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def contrast(color, paper="white"):
    """Contrast ratio of WCAG 2.2."""
    dark, light = sorted(linear(one) @ [0.2126, 0.7152, 0.0722] for one in (color, paper))
    return (light + 0.05) / (dark + 0.05)


def lab(rgb):
    """CIELAB of linear RGB under D65."""
    matrix = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    xyz = (matrix @ rgb) / [0.9505, 1, 1.089]
    x, y, z = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def closest(colors, vision):
    """The smallest difference (CIE76) between two of these, seen so."""
    seen = [lab(np.clip(_COLOUR_VISION[vision] @ linear(color), 0, 1)) for color in colors]
    return min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2))


def test_contrast_is_that_of_the_standard():
    assert contrast("black") == pytest.approx(21)
    assert contrast("#767676") == pytest.approx(4.54, abs=0.01)  # the lightest grey that passes, WCAG's example
    assert lab(linear("white")) == pytest.approx([100, 0, 0], abs=0.1)
    assert lab(linear("red")) == pytest.approx([53.2, 80.1, 67.2], abs=0.2)
    for vision, matrix in _COLOUR_VISION.items():
        assert np.sum(matrix, axis=1) == pytest.approx(1, abs=1e-5), f"{vision}: greys must stay grey"


@pytest.mark.parametrize("color", [style.INK, style.MUTED, *(color for color, _ in style.SERIES)])
def test_every_colour_can_be_text_on_white(color):
    assert contrast(color) >= 4.5


def test_notes_can_be_read_on_every_area():
    for area, share in itertools.product((color for color, _ in style.SERIES), (0.1, 0.2)):
        assert contrast(style.INK, style.tint(area, share)) >= 4.5
        assert contrast(area, style.tint(area, share)) >= 3


def test_the_old_green_on_white_would_fail():
    assert contrast("#9fda3a") < 3


@pytest.mark.parametrize("number", [1, 2, 5, 9])
def test_a_sequence_goes_from_dark_to_light_and_stays_visible(number):
    seen = [contrast(color) for color in style.in_order(number)]
    assert min(seen) >= 3
    assert (np.diff(seen) < 0).all()


@pytest.mark.parametrize("vision", _COLOUR_VISION)
def test_colours_keep_apart_for_every_reader(vision):
    assert closest([color for color, _ in style.SERIES], vision) >= 20
    assert closest([color for color, *_ in style.SHOTS.values()], vision) >= 20
    assert closest(style.in_order(5), vision) >= 10


def test_markers_keep_apart_in_grey():
    for group in (style.SERIES, style.FAMILIES.values(), style.SHOTS.values()):
        markers = [marker for _, marker, *_ in group]
        assert len(set(markers)) == len(markers)


def test_the_pictures_take_their_colours_from_the_style():
    """No module but `style` names a colour, so that the tests above see them all."""
    root = Path(skcb.__file__).parents[1]
    folders = ("skcb/plotting", "examples", "benchmarks", "docs/images")
    files = [file for folder in folders for file in root.glob(f"{folder}/**/*.py")]
    named = {
        file.name: found
        for file in files
        if file.name != "style.py" and (found := re.findall(r"[\"']#[0-9a-f]{6}[\"']", file.read_text()))
    }
    assert not named


def test_the_picture_of_speed_finds_its_rows_in_the_measured_tables():
    folder = Path(skcb.__file__).parents[1] / "benchmarks"
    if not folder.is_dir():
        pytest.skip("no benchmarks in an installed package")
    place = importlib.util.spec_from_file_location("speed_picture", folder / "speed_picture.py")
    picture = importlib.util.module_from_spec(place)
    place.loader.exec_module(picture)
    made_up = "## Losses\n\n| job | skcb | beside | times its time | to reach |\n|---|---|---|---|---|\n"
    made_up += "| focal, (9) | 2 ms | plain: 1 ms | 1.9 to 2.1 | 1 |\n"
    made_up += "| the same | 2 ms | peer: 8 ms | 0.24 to 0.26 (3.5 to 4.5 times faster) | 1 |\n"
    for beside, times in (("plain", 0.5), ("peer", 4)):
        assert picture.times_faster(picture.Bar("", "", "Losses", "focal, (9)", beside), made_up) == times
    with pytest.raises(ValueError, match="no row for 'a job' beside somebody"):
        picture.times_faster(picture.Bar("a job", "somebody", "Losses", "focal, (8)", "peer"), made_up)
    text = picture.TABLES.read_text(encoding="utf-8")
    assert all(picture.times_faster(bar, text) > 0 for bar in picture.BARS)
