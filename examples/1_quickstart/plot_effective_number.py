"""
The effective number of samples
===============================

The hundredth photo of a cat adds less than the first. The effective number counts what samples add: it follows
their number at first and levels off at ``1 / (1 - beta)``. A sample then weighs one over the effective number of
its class. At beta 1 every sample counts in full, which makes the weights inverse frequencies; at beta 0 a class
counts as one sample, whatever its size, and all samples weigh the same.
"""

# %%
# Ten classes with a long tail, of 5000 to 50 samples, as in the paper (:arxiv:`1901.05555`). The marks are the
# classes.

import sys
from pathlib import Path

import matplotlib.pyplot as plt

from skcb import ClassWeightDisplay, EffectiveNumberDisplay, long_tailed_counts
from skcb.plotting import style

plt.rcParams.update(style.RC)
counts = long_tailed_counts(5000, 10, 100)
display = EffectiveNumberDisplay.from_counts(counts)
display.ax_.set_title("Each further sample adds less", fontsize=16)
for file in map(Path, sys.argv[1:]):  # where to keep the picture
    display.figure_.savefig(file)

# %%
# The same classes and their weights. :func:`skcb.beta_grid` proposes betas between no weights and inverse
# frequency that are evenly spaced by what they do.

display = ClassWeightDisplay.from_counts(counts)
_ = display.ax_.set_title("A larger beta lifts the rare classes", fontsize=16)
