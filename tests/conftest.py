"""What must be set before SciPy is imported for scikit-learn's array API check to run."""

import os

os.environ.setdefault("SCIPY_ARRAY_API", "1")
