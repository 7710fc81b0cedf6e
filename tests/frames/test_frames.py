"""The same weights on every engine: what leaves it, what comes back, and what is refused."""

import narwhals as nw
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skcb import InertBetaWarning, class_counts, compute_sample_weight, count_classes, with_sample_weight

from .engines import EAGER, ENGINES, LABELS, LAZY, ORDERED, UNFIT, back, duckdb, on, pa, pd, pl, spark

every_engine = pytest.mark.parametrize("engine", ENGINES)


def frame_of(labels, **columns):
    return pd.DataFrame({"row": np.arange(len(labels)), "y": labels, **columns})


def weights_by_row(native, name="sample_weight"):
    return back(native).sort_values("row")[name].to_numpy()


@every_engine
@pytest.mark.parametrize("labels", LABELS.values(), ids=LABELS)
def test_counts_and_weights_are_those_of_the_labels_in_memory(engine, labels):
    classes, counts = class_counts(on(engine, frame_of(labels)), "y")
    expected = count_classes(labels)
    assert classes.tolist() == expected.classes.tolist()
    assert counts.tolist() == expected.counts.tolist()
    assert counts.dtype == np.int64
    for beta, normalize in ((0.9, "samples"), (0.5, "classes"), (1, None)):
        weighted = with_sample_weight(on(engine, frame_of(labels)), "y", beta=beta, normalize=normalize)
        np.testing.assert_array_equal(
            weights_by_row(weighted), compute_sample_weight(labels, beta=beta, normalize=normalize)
        )


@every_engine
def test_the_frame_comes_back_with_one_more_column(engine):
    given = on(engine, frame_of(LABELS["strings"], x=np.linspace(0, 1, 9)))
    weighted = with_sample_weight(given, "y", beta=0.9, name="w")
    assert type(weighted) is type(given)
    assert list(weighted.collect_schema() if engine == "polars lazy" else back(weighted).columns) == [
        "row", "y", "x", "w",
    ]  # fmt: skip
    result = back(weighted).sort_values("row").reset_index(drop=True)
    assert result["x"].tolist() == np.linspace(0, 1, 9).tolist()
    assert result["y"].tolist() == LABELS["strings"]
    assert result["w"].dtype == np.float64
    assert list(back(given).columns) == ["row", "y", "x"]


@pytest.mark.parametrize("engine", ORDERED)
def test_rows_keep_their_order(engine):
    labels = np.random.default_rng(0).integers(0, 40, 5000)
    weighted = with_sample_weight(on(engine, frame_of(labels)), "y", beta=0.99)
    assert back(weighted)["row"].tolist() == list(range(5000))


@pytest.mark.parametrize("engine", ["pandas", "dask"])
def test_an_index_is_kept(engine):
    frame = frame_of([0, 0, 0, 1, 1, 2]).set_index(pd.Index([5, 5, 1, 7, 7, 0], name="id"))
    weighted = back(with_sample_weight(on(engine, frame), "y", beta=0.9))
    assert weighted.index.equals(frame.index)
    np.testing.assert_array_equal(weighted["sample_weight"], compute_sample_weight(frame["y"], beta=0.9))


@every_engine
def test_thousands_of_classes(engine):
    labels = np.repeat(np.arange(2000), np.arange(2000) % 7 + 1)
    weighted = with_sample_weight(on(engine, frame_of(labels)), "y", beta=0.5)
    np.testing.assert_array_equal(weights_by_row(weighted), compute_sample_weight(labels, beta=0.5))


def unreadable(engine):
    """A frame on an engine, whose column `x` fails as soon as it is computed."""
    labels = LABELS["integers"]
    if engine == "duckdb":
        return on(engine, frame_of(labels)).project("*, error('x was read') as x")
    frame = on(engine, frame_of(labels, x=0.0))
    if engine == "spark":
        functions = pytest.importorskip("pyspark.sql.functions")
        # of local data Spark computes every column while it plans
        return frame.repartition(2).withColumn("x", functions.raise_error("x was read"))
    if engine == "dask":
        return frame.assign(x=frame["x"].map(_fail, meta=("x", float)))
    return frame.with_columns(pl.col("x").map_batches(_fail, return_dtype=pl.Float64))


def _fail(_):
    raise RuntimeError("x was read")


@pytest.mark.parametrize("engine", LAZY)
def test_lazy_frames_stay_lazy_and_features_unread(engine):
    frame = unreadable(engine)
    assert class_counts(frame, "y").counts.tolist() == [2, 6, 1]
    weighted = with_sample_weight(frame, "y", beta=0.9)
    with pytest.raises(Exception, match="x was read"):
        back(weighted)


@every_engine
def test_missing_labels_are_counted_and_refused(engine):
    for labels in (
        ["a", None, "b", None],
        pd.array([1, None, 2, None], dtype="Int64"),
        [1.0, np.nan, 2.0, np.nan],
    ):
        for call in (class_counts, with_sample_weight):
            with pytest.raises(ValueError, match=r"'y' has 2 missing labels \(null or NaN\) in 4 rows; drop"):
                call(on(engine, frame_of(labels)), "y")


@every_engine
def test_nothing_but_missing_labels_is_said_so(engine):
    with pytest.raises(ValueError, match="'y' has 3 missing labels"):
        class_counts(on(engine, frame_of([None, None, None])), "y")


@every_engine
def test_a_column_that_is_not_there_is_named_with_those_that_are(engine):
    with pytest.raises(ValueError, match=r"no column 'label' in the frame; its 2 columns are 'row', 'y'"):
        class_counts(on(engine, frame_of([0, 1])), "label")
    with pytest.raises(TypeError, match=r"label must be the name of a column, got \['y'\]"):
        class_counts(on(engine, frame_of([0, 1])), ["y"])


@every_engine
def test_no_column_is_overwritten(engine):
    frame = on(engine, frame_of([0, 1, 1], sample_weight=1.0))
    with pytest.raises(ValueError, match=r"has a column 'sample_weight' already.*choose another name="):
        with_sample_weight(frame, "y")
    with pytest.raises(ValueError, match="has a column 'y' already"):
        with_sample_weight(frame, "y", name="y")
    with pytest.raises(ValueError, match="name must not be empty"):
        with_sample_weight(frame, "y", name="")


@pytest.mark.parametrize("engine", ["duckdb", "spark"])
def test_names_that_sql_takes_for_the_same_are_refused(engine):
    with pytest.raises(ValueError, match="has a column 'row' already, which 'ROW' would overwrite"):
        with_sample_weight(on(engine, frame_of([0, 1, 1])), "y", name="ROW")


@every_engine
def test_a_frame_without_rows_is_named(engine):
    empty = frame_of(LABELS["strings"]).head(0).astype({"y": str})
    if engine == "dask":
        pytest.importorskip("dask.dataframe")
        frame = on(engine, frame_of(LABELS["strings"]))
        frame = frame[frame["y"] == "nobody"]
    else:
        frame = on(engine, empty)
    for call in (class_counts, with_sample_weight):
        with pytest.raises(ValueError, match="the frame has no rows: there is no label to count in column 'y'"):
            call(frame, "y")


@every_engine
@pytest.mark.parametrize("labels", UNFIT.values(), ids=UNFIT)
def test_types_on_which_engines_disagree_are_refused(engine, labels):
    with pytest.raises(TypeError, match=r"label column 'y' (has type|holds).*cast the column to one of them"):
        class_counts(on(engine, frame_of(labels)), "y")


@every_engine
@pytest.mark.parametrize("value", [0.5, np.inf])
def test_a_continuous_target_is_no_label(engine, value):
    with pytest.raises(ValueError, match=rf"continuous. 1 labels in column 'y' are not whole numbers, {value}"):
        with_sample_weight(on(engine, frame_of([1.0, 2.0, value])), "y")


@every_engine
def test_what_is_wrong_with_beta_is_said_before_anything_is_read(engine):
    with pytest.raises(ValueError, match=r"beta must lie in \[0, 1\]"):
        with_sample_weight(on(engine, frame_of([0, 1])), "y", beta=2)
    with pytest.warns(InertBetaWarning, match="beta_grid"):
        with_sample_weight(on(engine, frame_of([0] * 50 + [1] * 20)), "y", beta=0.1)


@pytest.mark.parametrize("given", [[0, 1], np.zeros((2, 2)), pd.Series([0, 1]), {"y": [0, 1]}, None])
def test_what_is_no_frame_is_refused(given):
    with pytest.raises(TypeError, match=r"frame must be a pandas or polars DataFrame.*got .*count_classes"):
        class_counts(given, "y")


@pytest.mark.parametrize("engine", [*EAGER, "polars lazy", "duckdb"])
def test_a_narwhals_frame_comes_back_as_one(engine):
    given = nw.from_native(on(engine, frame_of([0, 0, 1])))
    weighted = with_sample_weight(given, "y", beta=0.9)
    assert type(weighted) is type(given)
    assert type(weighted.to_native()) is type(given.to_native())


CATEGORIES = ["b", "a", "a", "b", "b"]
CODED = {
    "pandas categories": pd.DataFrame({"y": pd.Categorical(CATEGORIES, categories=["c", "b", "a"])}),
    "pandas nullable": pd.DataFrame({"y": pd.array(CATEGORIES, dtype="string")}),
    "pandas objects": pd.DataFrame({"y": np.array(CATEGORIES, dtype=object)}),
    "pandas arrow": pd.DataFrame({"y": pd.array(CATEGORIES, dtype="string[pyarrow]")}),
    "polars categories": pl.DataFrame({"y": pl.Series(CATEGORIES, dtype=pl.Categorical)}),
    "polars lazy categories": pl.LazyFrame({"y": pl.Series(CATEGORIES, dtype=pl.Categorical)}),
    "polars lazy enumeration": pl.LazyFrame({"y": pl.Series(CATEGORIES, dtype=pl.Enum(["c", "b", "a"]))}),
    "arrow dictionary": pa.table({"y": pa.array(CATEGORIES).dictionary_encode()}),
}


@pytest.mark.parametrize("frame", CODED.values(), ids=CODED)
def test_coded_strings_are_strings(frame):
    classes, counts = class_counts(frame, "y")
    assert (classes.tolist(), counts.tolist()) == (["a", "b"], [2, 3])
    weight = back(with_sample_weight(frame, "y", beta=0.9))["sample_weight"]
    np.testing.assert_array_equal(weight, compute_sample_weight(CATEGORIES, beta=0.9))


def test_a_duckdb_enumeration_is_strings():
    relation = duckdb().sql("select unnest(['b', 'a', 'a']::enum('c', 'b', 'a')[]) as y")
    assert class_counts(relation, "y").classes.tolist() == ["a", "b"]
    weight = with_sample_weight(relation, "y", beta=0.9).aggregate("sum(sample_weight)").fetchall()
    assert weight[0][0] == pytest.approx(3)


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=3)


@settings(max_examples=40)
@given(
    labels=st.lists(st.integers(-5, 5), min_size=1, max_size=60)
    | st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=3), min_size=1, max_size=60
    ),
    beta=st.sampled_from([0, 0.5, 0.99, 1]),
    normalize=st.sampled_from(["samples", "classes", None]),
)
@pytest.mark.filterwarnings("ignore::skcb.InertBetaWarning")
def test_weights_are_those_in_memory_whatever_the_labels(labels, beta, normalize):
    expected = compute_sample_weight(labels, beta=beta, normalize=normalize)
    for engine in ("pandas", "polars lazy", "duckdb"):
        weighted = with_sample_weight(on(engine, frame_of(labels)), "y", beta=beta, normalize=normalize)
        np.testing.assert_array_equal(weights_by_row(weighted), expected)


def parquet(folder, labels, files=3):
    for number, part in enumerate(np.array_split(np.arange(len(labels)), files)):
        frame_of(labels).iloc[part].to_parquet(folder / f"part-{number}.parquet")
    return str(folder / "*.parquet")


def test_duckdb_over_parquet_files_equals_sql_by_hand(tmp_path):
    labels = np.random.default_rng(0).choice(["cat", "dog", "elk"], 3000, p=[0.9, 0.09, 0.01])
    files, beta = parquet(tmp_path, labels), 0.999
    weighted = with_sample_weight(duckdb().read_parquet(files), "y", beta=beta)
    query = f"""
        with counts as (select y, count(*) as n from read_parquet('{files}') group by y),
             weights as (select y, n, (1 - {beta}) / (1 - {beta} ** n) as w from counts),
             scale as (select sum(n) / sum(n * w) as scale from weights)
        select row, w * scale as sample_weight from read_parquet('{files}') join weights using (y), scale
    """  # noqa: S608 - a test's own files
    by_hand = duckdb().sql(query)
    np.testing.assert_allclose(weights_by_row(weighted), weights_by_row(by_hand), rtol=1e-12)


def test_polars_scans_parquet_files_and_writes_them(tmp_path):
    labels = np.random.default_rng(0).integers(0, 5, 3000) ** 2
    with_sample_weight(pl.scan_parquet(parquet(tmp_path, labels)), "y").sink_parquet(tmp_path / "weighted.pq")
    written = pd.read_parquet(tmp_path / "weighted.pq")
    np.testing.assert_array_equal(written["sample_weight"], compute_sample_weight(labels))


def test_spark_ml_takes_the_column():
    ml = pytest.importorskip("pyspark.ml.classification")
    from pyspark.ml.feature import VectorAssembler
    from sklearn.datasets import make_classification
    from sklearn.linear_model import LogisticRegression

    spark()
    X, y = make_classification(600, 4, n_informative=3, n_redundant=0, weights=[0.9], random_state=0)
    frame = pd.DataFrame(X, columns=list("abcd")).assign(label=y)
    weighted = with_sample_weight(on("spark", frame), "label", beta=0.99)
    features = VectorAssembler(inputCols=list("abcd"), outputCol="features").transform(weighted)
    theirs = ml.LogisticRegression(weightCol="sample_weight", tol=1e-10, maxIter=200).fit(features)
    ours = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000)
    ours.fit(X, y, sample_weight=compute_sample_weight(y, beta=0.99))
    np.testing.assert_allclose(theirs.coefficients.toArray(), ours.coef_[0], rtol=1e-4)
    unweighted = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(X, y)
    assert abs(unweighted.intercept_[0] - theirs.intercept) > 0.5


@pytest.mark.parametrize("engine", ENGINES)
def test_names_with_dots_quotes_and_stars(engine):
    """Flattened JSON has such columns; an engine that reads expressions must not read these."""
    columns = {"target.label": LABELS["integers"], 'a "b"': range(9), "user.id": range(9), "*": range(9)}
    frame = pd.DataFrame({**columns, "y": LABELS["integers"]})
    native = on(engine, frame)
    for label in ("target.label", "y"):
        classes, counts = class_counts(native, label)
        assert dict(zip(classes.tolist(), counts.tolist(), strict=True)) == {-7: 2, 3: 6, 12: 1}
        weighted = back(with_sample_weight(native, label, beta=0.9, name="the.weight"))
        assert list(weighted.columns) == [*frame.columns, "the.weight"]
        expected = dict(zip(frame["user.id"], compute_sample_weight(frame[label], beta=0.9), strict=True))
        got = dict(zip(weighted["user.id"], weighted["the.weight"], strict=True))
        assert got == pytest.approx(expected)
