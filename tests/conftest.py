"""What must be set before SciPy is imported for scikit-learn's array API check to run; and no test of how fast."""

import os

from hypothesis import settings

os.environ.setdefault("SCIPY_ARRAY_API", "1")

# How long an example takes is the machine's affair: benchmarks measure, tests do not.
settings.register_profile("skcb", deadline=None)
settings.load_profile("skcb")
