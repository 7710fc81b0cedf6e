"""A warning points at the line of the user's, and is shown once where Python would show it once."""

import subprocess
import sys
import warnings

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from skcb import ClassBalancedClassifier, InertBetaWarning, class_weight

DATA = """
import numpy as np, warnings
from sklearn.dummy import DummyClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from skcb import ClassBalancedClassifier
y = np.repeat(["a", "b", "c"], [90, 33, 11])
X = np.arange(len(y))[:, None]
"""
SEARCH = """
search = GridSearchCV(
    make_pipeline(ClassBalancedClassifier(DummyClassifier())),
    {"classbalancedclassifier__beta": [0.1, 0.2, 0.3]}, n_jobs=1,
)
search.fit(X, y)  # here
"""


def what_is_said(script, tmp_path):
    """Lines of a warning that a script, run with Python's default filters, prints; and the path of the script."""
    path = tmp_path / "script.py"
    path.write_text(script)
    result = subprocess.run(
        [sys.executable, "-W", "default", path], capture_output=True, text=True, check=True, env=None
    )
    return [line for line in result.stderr.splitlines() if "InertBetaWarning" in line], path


def test_a_search_over_dull_betas_warns_once_at_the_line_of_the_user(tmp_path):
    script = DATA + SEARCH
    said, path = what_is_said(script, tmp_path)
    line = 1 + script.splitlines().index("search.fit(X, y)  # here")
    assert len(said) == 1
    assert said[0].startswith(f"{path}:{line}: InertBetaWarning: beta=0.1 acts like no weighting")


def test_a_worker_warns_where_it_is_fitted_and_not_where_it_is_started(tmp_path):
    said, _ = what_is_said(DATA + SEARCH.replace("n_jobs=1", "n_jobs=2"), tmp_path)
    assert said
    assert not [line for line in said if "loky" in line]


def test_two_lines_warn_twice(tmp_path):
    fit = "ClassBalancedClassifier(DummyClassifier(), beta=0.1).fit(X, y)\n"
    said, _ = what_is_said(DATA + fit + fit + f"for _ in range(3): {fit}", tmp_path)
    assert len(said) == 3


def test_a_net_warns_once_in_a_fit_at_the_line_of_the_user(tmp_path):
    pytest.importorskip("skorch")
    fit = "CBNeuralNetClassifier(beta=0.1, max_epochs=2).fit(X.astype('float32'), y)"
    said, path = what_is_said(f"{DATA}from skcb import CBNeuralNetClassifier\n{fit}", tmp_path)
    assert len(said) == 1
    assert said[0].startswith(f"{path}:{DATA.count(chr(10)) + 2}: ")


def test_who_asks_for_every_warning_gets_every_warning():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for beta in (0.1, 0.2, 0.2):
            class_weight([90, 9], beta)
    assert [str(one.message)[:8] for one in caught] == ["beta=0.1", "beta=0.2", "beta=0.2"]


@pytest.mark.parametrize("action", ["default", "always"])
def test_a_fit_warns_once_whatever_the_filter(action):
    y = np.repeat([0, 1], [90, 9])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter(action)
        ClassBalancedClassifier(LogisticRegression(), beta=0.1).fit(y[:, None], y)
    assert [one.filename for one in caught if one.category is InertBetaWarning] == [__file__]


def test_what_was_shown_once_can_still_be_made_an_error():
    for action in ("default", "error"):
        with warnings.catch_warnings(record=True):
            warnings.simplefilter(action)
            if action == "default":
                class_weight([90, 9], 0.1)
            else:
                with pytest.raises(InertBetaWarning):
                    class_weight([90, 9], 0.1)


def test_a_cell_that_is_run_again_warns_again():
    cell = compile("class_weight([90, 9], 0.1)", "cell", "exec")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        space = {"class_weight": class_weight, "__name__": "__main__"}
        for _ in range(2):
            exec(cell, space)  # noqa: S102
        assert len(caught) == 1
        del space["__warningregistry__"]  # as IPython does
        exec(cell, space)  # noqa: S102
    assert len(caught) == 2


def test_who_records_warnings_gets_those_that_another_has_recorded():
    said = []
    for _ in range(2):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("default")
            for beta in (0.1, 0.2):
                class_weight([90, 9], beta)
        said.append([str(one.message)[:8] for one in caught])
    assert said == [["beta=0.1"]] * 2


def test_statements_at_a_prompt_warn_each_for_itself():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        space = {"class_weight": class_weight, "__name__": "__main__"}
        for beta in (0.1, 0.2):  # each is line 1 of <stdin>
            exec(compile(f"for _ in range(2): class_weight([90, 9], {beta})", "<stdin>", "exec"), space)  # noqa: S102
    assert [str(one.message)[:8] for one in caught] == ["beta=0.1", "beta=0.2"]


@pytest.mark.parametrize("pattern", ["module", "message"])
def test_filters_by_module_and_by_message_are_heeded(pattern):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        rule = {"module": __name__.replace(".", r"\.")} if pattern == "module" else {"message": "beta=0.1 acts"}
        warnings.filterwarnings("always", **rule)
        for _ in range(2):
            class_weight([90, 9], 0.1)
    assert len(caught) == 2
