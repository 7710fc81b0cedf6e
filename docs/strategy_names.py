"""A Sphinx extension: tables of the strategies and metrics that ``compare_strategies`` knows by name."""

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

from skcb.comparison import METRICS, STRATEGIES

#: What a strategy does; samplers are imbalanced-learn's, and need no sentence.
DONE = {
    "none": "Fits the estimator as it is, without weights.",
    "balanced": "Weights by inverse frequency: beta is 1.",
    "sqrt": "Weights by the inverse square root of the counts.",
    "class-balanced (beta=grid 1/4)": "Weights by the second of the five betas of :func:`skcb.beta_grid`.",
    "class-balanced (beta=grid 1/2)": "Weights by the third, the middle one.",
    "class-balanced (beta=grid 3/4)": "Weights by the fourth.",
    "class-balanced (beta=cv)": "Weights by the beta of the grid that a cross-validation inside the fold chooses.",
    "effective-number over-sampling": "Draws the rare classes again, to the sizes that the middle beta gives.",
    "logit adjustment": "Divides the probabilities by the prior before deciding; nothing is weighted.",
    "threshold": "Two classes: the threshold of :class:`sklearn.model_selection.TunedThresholdClassifierCV`.",
    "tuned decisions": "Tunes one factor for each class by :class:`skcb.TunedDecisionClassifierCV`.",
    "tuned beta": "Weights by the beta of :class:`skcb.ClassBalancedClassifierCV`.",
    "prior": "Decides for the `prior` that is given; runs only with one.",
}


def strategy_rows() -> list[tuple[str, str, str]]:
    """Name, family and what is done, for each strategy."""
    rows = []
    for strategy in STRATEGIES.values():
        done = DONE.get(strategy.name)
        if done is None:
            if strategy.family != "resampling":
                raise ExtensionError(f"docs/strategy_names.py does not say what {strategy.name!r} does")
            done = f"Resamples by imbalanced-learn's {strategy.name} before the last step."
        rows.append((strategy.name, strategy.family, done))
    return rows


def metric_rows() -> list[tuple[str, str, str]]:
    """Name, which way is better, and what it is, for each metric."""
    return [
        (
            name,
            "larger" if metric.greater_is_better else "smaller",
            (getattr(metric.score, "__doc__", "") or "").split("\n\n")[0].strip()
            if not name.endswith("_shot")
            else f"Accuracy over the classes with {name.removesuffix('_shot')} training samples.",
        )
        for name, metric in METRICS.items()
    ]


class NameTable(SphinxDirective):
    """``.. name-table:: strategies`` or ``metrics``."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Write the list as a table."""
        rows = {"strategies": strategy_rows, "metrics": metric_rows}[self.arguments[0]]()
        second = {"strategies": "family", "metrics": "better"}[self.arguments[0]]
        lines = [".. list-table::", "   :header-rows: 1", "   :widths: 32 12 56", ""]
        for cells in [("name", second, "what it is"), *((f"``{name}``", kind, text) for name, kind, text in rows)]:
            lines += [f"   {mark} - {cell}" for mark, cell in zip("*  ", cells, strict=True)]
        return self.parse_text_to_nodes("\n".join([*lines, ""]))


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("name-table", NameTable)
    return {"parallel_read_safe": True}
