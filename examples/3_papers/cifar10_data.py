"""CIFAR-10 from a file, a folder or OpenML, checked, and the long-tailed part of it."""

import hashlib
import pickle
from pathlib import Path
from typing import NamedTuple

import numpy as np
from sklearn.datasets import fetch_openml
from sklearn.model_selection import train_test_split

from skcb import count_classes, long_tailed_counts

N_CLASSES = 10
OPENML = "openml"


class Cifar10(NamedTuple):
    """Images of shape (n, 32, 32, 3), uint8, and labels from 0 to 9."""

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray

    def fingerprint(self) -> str:
        """Name these images and labels in a few letters, so that runs on others are told apart."""
        digest = hashlib.sha256()
        for array in self:
            digest.update(np.ascontiguousarray(array, dtype=np.uint8).tobytes())
        return digest.hexdigest()[:16]


def load_cifar10(source: str) -> Cifar10:
    """Read CIFAR-10.

    Parameters
    ----------
    source : str
        An ``.npz`` file with `x_train`, `y_train`, `x_test` and `y_test`; the folder ``cifar-10-batches-py``, or
        one in which it lies; or ``"openml"``, which downloads it. The folder's files are pickles: take them from
        where you trust.

    Raises
    ------
    FileNotFoundError
        If there is no such file or folder.
    ValueError
        If it cannot be read, or does not hold what CIFAR-10 holds.
    """
    path = Path(source)
    if source == OPENML:
        data = _from_openml()
    elif path.is_dir():
        data = _from_folder(path)
    elif path.is_file():
        data = _from_npz(path)
    else:
        raise FileNotFoundError(
            f"there is no {source}: give an .npz file, the folder cifar-10-batches-py, or {OPENML!r} to download"
        )
    _check(data, source)
    return data


def long_tailed(data: Cifar10, imbalance_ratio: float) -> Cifar10:
    """Draw the long-tailed training set of the paper, always the same images; all test images stay.

    A file that holds just as many images of each class is taken as it is.

    Raises
    ------
    ValueError
        If there are too few images of a class.
    """
    available = count_classes(data.y_train).counts
    counts = long_tailed_counts(int(available.max()), N_CLASSES, imbalance_ratio)
    if np.array_equal(available, counts):
        return data
    if (available < counts).any():
        raise ValueError(
            f"an imbalance ratio of {imbalance_ratio:g} wants {counts.tolist()} training images of the classes, "
            f"but the data have {available.tolist()}; give the whole of CIFAR-10"
        )
    rng = np.random.default_rng(0)
    drawn = [
        rng.choice(np.flatnonzero(data.y_train == label), count, replace=False)
        for label, count in enumerate(counts)
    ]
    rows = np.sort(np.concatenate(drawn))
    return data._replace(x_train=data.x_train[rows], y_train=data.y_train[rows])


def nine_tenths(data: Cifar10, seed: int) -> Cifar10:
    """Return the data with a tenth of the training images in place of the test images."""
    part, held_out, y_part, y_held_out = train_test_split(
        data.x_train, data.y_train, test_size=0.1, stratify=data.y_train, random_state=seed
    )
    return Cifar10(part, y_part, held_out, y_held_out)


def _from_npz(path: Path) -> Cifar10:
    try:
        with path.open("rb") as file, np.load(file) as arrays:
            held = {name: arrays[name] for name in arrays}
    except Exception as error:  # a damaged file raises anything at all
        raise ValueError(f"{path} cannot be read as an .npz file: {error or type(error).__name__}") from error
    missing = [name for name in Cifar10._fields if name not in held]
    if missing:
        raise ValueError(f"{path} has no {', '.join(missing)}; it holds {', '.join(held) or 'nothing'}")
    return Cifar10(*(held[name] for name in Cifar10._fields))


def _from_folder(folder: Path) -> Cifar10:
    if (folder / "cifar-10-batches-py").is_dir():
        folder /= "cifar-10-batches-py"
    parts = [_from_batch(folder / name) for name in [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]]
    images, labels = zip(*parts, strict=True)
    return Cifar10(np.concatenate(images[:-1]), np.concatenate(labels[:-1]), images[-1], labels[-1])


def _from_batch(path: Path) -> tuple[np.ndarray, np.ndarray]:
    if not path.is_file():
        raise FileNotFoundError(f"there is no {path.name} in {path.parent}, which CIFAR-10's folder has")
    try:
        with path.open("rb") as file:
            batch = pickle.load(file, encoding="bytes")
        return _as_images(batch[b"data"]), np.asarray(batch[b"labels"])
    except Exception as error:  # a damaged pickle raises anything at all
        raise ValueError(f"{path} is no batch of CIFAR-10: {error or type(error).__name__}") from error


def _from_openml() -> Cifar10:
    table = fetch_openml("CIFAR_10", version=1, as_frame=False, parser="pandas")
    images, labels = _as_images(np.asarray(table.data, dtype=np.uint8)), table.target.astype(np.uint8)
    return Cifar10(images[:50_000], labels[:50_000], images[50_000:], labels[50_000:])


def _as_images(rows: np.ndarray) -> np.ndarray:
    """Turn rows of 1024 reds, greens and blues into images."""
    return np.ascontiguousarray(np.reshape(rows, (-1, 3, 32, 32)).transpose(0, 2, 3, 1))


def _check(data: Cifar10, source: str) -> None:
    for part in ("train", "test"):
        images, labels = getattr(data, f"x_{part}"), getattr(data, f"y_{part}")
        if images.ndim != 4 or images.shape[1:] != (32, 32, 3) or images.dtype != np.uint8 or not len(images):
            raise ValueError(
                f"{source}: x_{part} must be images of shape (n, 32, 32, 3), uint8, got {images.shape}, "
                f"{images.dtype}"
            )
        if labels.shape != (len(images),) or labels.dtype.kind not in "iu":
            raise ValueError(
                f"{source}: y_{part} must be {len(images)} integers, one per image, got {labels.shape}, "
                f"{labels.dtype}"
            )
        wrong = sorted(set(range(N_CLASSES)) ^ set(np.unique(labels).tolist()))
        if wrong:
            raise ValueError(f"{source}: y_{part} must hold the labels 0 to 9, but lacks or adds {wrong}")
    counts = count_classes(data.y_test).counts
    if len(set(counts.tolist())) > 1:
        raise ValueError(
            f"{source}: CIFAR-10's test set is balanced, but here the classes have {counts.tolist()} test images"
        )
