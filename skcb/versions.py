"""``show_versions``: what a report of a bug should say of the machine, without importing any of it."""

import os
import platform
import sys
from collections.abc import Iterator
from importlib import metadata

__all__ = ["show_versions"]

# The names of distributions; the first that is there counts.
_PACKAGES = (
    *("skcb", "numpy", "scipy", "scikit-learn", "narwhals", "joblib"),
    *("torch", "skorch", "imbalanced-learn", "matplotlib"),
    *("pandas", "polars", "pyarrow", "duckdb", "dask", "distributed", "pyspark"),
    *("xgboost|xgboost-cpu", "lightgbm", "catboost"),
)


def show_versions() -> None:
    """Print the versions of Python, of skcb and of what it works with, for a report of a bug.

    Nothing is imported for it: versions are those of the installed packages. What threads, BLAS and GPU there are
    is said of libraries that are loaded already, so call it after the code that went wrong.

    Examples
    --------
    >>> import skcb
    >>> skcb.show_versions()  # doctest: +ELLIPSIS
    System
      python            3...
      platform          ...
    """
    for title, lines in (("System", _system()), ("Packages", _packages()), ("Libraries loaded", _libraries())):
        sys.stdout.write(f"{title}\n")
        for name, what in lines:
            sys.stdout.write(f"  {name:<17} {what}\n")


def _system() -> Iterator[tuple[str, str]]:
    yield "python", f"{platform.python_version()} ({platform.python_implementation()})"
    yield "platform", platform.platform()
    yield "CPUs", str(os.cpu_count())


def _packages() -> Iterator[tuple[str, str]]:
    for names in _PACKAGES:
        versions = [version for name in names.split("|") if (version := _version_of(name)) is not None]
        yield names.partition("|")[0], versions[0] if versions else "not installed"


def _version_of(name: str) -> str | None:
    if name == "skcb":
        return str(sys.modules["skcb"].__version__)
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _libraries() -> Iterator[tuple[str, str]]:
    pools = sys.modules.get("threadpoolctl")
    for pool in [] if pools is None else pools.threadpool_info():
        name = f"{pool['user_api']} ({pool['internal_api']} {pool['version'] or ''}".rstrip() + ")"
        yield "threads", f"{pool['num_threads']} of {name}"
    torch = sys.modules.get("torch")
    if torch is None:
        yield "torch", "not imported"
        return
    cuda = "the CPU alone" if torch.version.cuda is None else f"CUDA {torch.version.cuda}"
    yield "torch", f"{torch.get_num_threads()} threads, built for {cuda}"
    for index in range(torch.cuda.device_count() if torch.cuda.is_available() else 0):
        yield f"GPU {index}", torch.cuda.get_device_name(index)
