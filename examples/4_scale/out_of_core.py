"""
Train on a Parquet file larger than memory
==========================================

Two passes over the row groups of a file. The first reads the labels alone and adds their counts; the second trains
a net on one row group after the other, each with the weights of the whole file, which memory never holds. The file
is sorted by label, the worst case: most row groups hold one class or two, and a net that weights each of them by
its own counts learns much less.
"""

# %%
# A file of long-tailed digits, sorted by label, in ten row groups.

import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from sklearn.metrics import balanced_accuracy_score

from skcb import CBNeuralNetClassifier, ClassBalancedWeighter, EmptyClassWarning, load_long_tailed_digits

EPOCHS = 30
torch.set_num_threads(1)
started = time.perf_counter()
X, X_test, y, y_test = load_long_tailed_digits()
order = np.argsort(y, kind="stable")
table = pa.table({f"pixel {i}": X[order, i] / 16 for i in range(64)} | {"digit": y[order]})
folder = tempfile.TemporaryDirectory()
path = Path(folder.name, "digits.parquet")
pq.write_table(table, path, row_group_size=-(-len(y) // 10))
del table
file = pq.ParquetFile(path)
print(f"[1/3] {file.metadata.num_rows} rows in {file.num_row_groups} row groups")

# %%
# The first pass. A Parquet file is read by columns, so that it costs next to nothing.

weighter = ClassBalancedWeighter(beta=0.99)
for i in range(file.num_row_groups):
    weighter.partial_fit(file.read_row_group(i, columns=["digit"])["digit"])
print(f"[2/3] counts {weighter.class_count_}")

# %%
# The second. ``classes`` and ``class_counts`` are what the first pass gives. Row groups come in a random order,
# since a net forgets what it was not shown for long. Beside it, a net that counts every row group by itself.


def train(class_counts: np.ndarray | None) -> CBNeuralNetClassifier:
    net = CBNeuralNetClassifier(beta=0.99, class_counts=class_counts, max_epochs=1, random_state=0)
    rng = np.random.default_rng(0)
    for _ in range(EPOCHS):
        for i in rng.permutation(file.num_row_groups):
            group = file.read_row_group(int(i)).to_pandas()
            net.partial_fit(group.drop(columns="digit").to_numpy(), group["digit"], classes=weighter.classes_)
    return net


for name, counts in (("of the whole file", weighter.class_count_), ("of each row group", None)):
    with warnings.catch_warnings():
        if counts is None:
            warnings.simplefilter("ignore", EmptyClassWarning)  # which says just this
        net = train(counts)
    score = balanced_accuracy_score(y_test, net.predict(X_test / 16))
    print(f"[3/3] counts {name}: weights {net.criterion_.weight.numpy().round(2)}, balanced accuracy {score:.3f}")
file.close()
folder.cleanup()
print(f"      {time.perf_counter() - started:.1f} s")

# sphinx_gallery_thumbnail_path = 'images/thumbnails/out_of_core.png'  # noqa: ERA001
