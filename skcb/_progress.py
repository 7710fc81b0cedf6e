"""A progress bar, where one is asked for."""

from collections.abc import Iterable
from typing import Any


def with_progress(
    parts: Iterable[Any], total: int | None, verbose: int, *, title: str, unit: str
) -> Iterable[Any]:
    """Return `parts` as they are, or with ``verbose=1`` under a bar that grows with them."""
    if not verbose:
        return parts
    try:
        from tqdm.auto import tqdm
    except ModuleNotFoundError as error:
        raise ImportError("verbose needs tqdm: pip install 'skcb[compare]'", name="tqdm") from error
    bar: Iterable[Any] = tqdm(parts, total=total, desc=title, unit=unit)
    return bar
