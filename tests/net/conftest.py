import sys

import pytest

pytest.importorskip("skorch")


@pytest.fixture(autouse=True)
def _no_accelerator_outlives_its_test():
    """What is said to the first Accelerator of a process, a precision say, holds for every later one."""
    yield
    if "accelerate" in sys.modules:
        from accelerate.state import AcceleratorState

        AcceleratorState._reset_state(reset_partial_state=True)
