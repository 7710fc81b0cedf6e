import pytest

pytest.importorskip("skorch")
