"""
Spark ML with a weight column
=============================

Spark counts the classes, one number per class comes back, and the weights are joined to the frame as a column,
which Spark ML's estimators take as ``weightCol``. Needs Java 17 or later.
"""

# %%
# A million rows that Spark makes itself, of which one in a hundred is positive.

import time

from pyspark.ml.classification import LogisticRegression
from pyspark.ml.evaluation import MulticlassClassificationEvaluator
from pyspark.ml.feature import VectorAssembler
from pyspark.sql import SparkSession
from pyspark.sql.functions import col, rand, randn

from skcb import class_counts, with_sample_weight

# The counts are 990,000 and 10,000: a beta of .99999 (a hundred thousand different samples) lies between them.
BETA = 0.99999
started = time.perf_counter()
spark = SparkSession.builder.master("local[2]").appName("skcb").config("spark.ui.enabled", "false").getOrCreate()
spark.sparkContext.setLogLevel("ERROR")

frame = spark.range(1_000_000).select(
    (rand(seed=0) < 0.01).cast("int").alias("label"), randn(seed=1).alias("a"), randn(seed=2).alias("b")
)
frame = frame.withColumn("a", col("a") + 2 * col("label")).cache()
classes, counts = class_counts(frame, "label")
print("classes", classes.tolist(), "counts", counts.tolist())

# %%
# The same model without and with the column: the recall of the rare class, and what the common one pays.

weighted = with_sample_weight(frame, "label", beta=BETA)
features = VectorAssembler(inputCols=["a", "b"], outputCol="features").transform(weighted)
for name, model in {
    "unweighted": LogisticRegression(),
    "class-balanced": LogisticRegression(weightCol="sample_weight"),
}.items():
    predicted = model.fit(features).transform(features)
    recall = [
        MulticlassClassificationEvaluator(metricName="recallByLabel", metricLabel=label).evaluate(predicted)
        for label in (0.0, 1.0)
    ]
    print(f"{name}: recall {recall[0]:.3f} of the common class, {recall[1]:.3f} of the rare one")
spark.stop()
print(f"{time.perf_counter() - started:.1f} s")

# sphinx_gallery_thumbnail_path = 'images/thumbnails/spark_ml.png'  # noqa: ERA001
