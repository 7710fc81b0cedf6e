"""Draw the samples of an epoch class by class: a sampler whose order follows from the seed and the epoch alone."""

import operator
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array
from torch.utils.data import Sampler

from skcb._checks import check_beta, check_integer
from skcb._classes.labels import Labels, encode_labels
from skcb._classes.vector import ClassCounts, ClassVector, count
from skcb._warnings import warn
from skcb.balancing import sampling_probability

# So many indices at a time become Python's integers.
_CHUNK = 1 << 16
# One over the part of a class up to which its samples are drawn one by one, and beyond which it is permuted.
_SMALL_PART = 3
_LARGE = 1000


class ClassBalancedSampler(Sampler[int]):
    r"""Sample with class-balanced frequencies, and see every sample of a class before one comes again.

    .. math:: p_c \propto n_c / E_{n_c}

    Each draw takes a class by :func:`skcb.sampling_probability`, and then the next sample of a permutation of that
    class, which is drawn anew when it is used up. So a common class shows all its samples, where drawing with
    replacement misses a third of them. An epoch's order follows from `seed` and the epoch's number alone, in every
    process; each iteration begins the next epoch.

    Parameters
    ----------
    target : array-like of shape (n_samples,)
        One label per sample, of any kind that :func:`skcb.count_classes` takes.
    beta : float in [0, 1], default=0.999
        At 0 the classes are drawn as often as they are there; at 1 all equally often.
    num_samples : int, default=None
        Draws in an epoch, over all ranks. None takes as many as there are samples.
    rank, num_replicas : int, default=0 and 1
        Of `num_replicas` processes this is number `rank`: it gets every `num_replicas`-th draw of the one order.
    drop_last : bool, default=False
        Where the draws cannot be shared evenly: False makes a few more until they can, True a few less.
    seed : int, default=0
        Not negative.

    Attributes
    ----------
    classes : ndarray of shape (n_classes,)
        The classes, sorted.
    n_samples : int
        How many samples there are to draw from.
    counts : ndarray of shape (n_classes,), float64
        How often each class is drawn in an epoch over all ranks, in expectation. A loss that is to balance no
        further gets them: ``loss.set_counts(sampler.counts)``.
    epoch : int
        The epoch of the next iteration, or of the one that is under way.

    Raises
    ------
    ValueError
        If a parameter is out of its range, or `target` is empty.
    TypeError
        If a parameter is of another type.

    Warns
    -----
    UserWarning
        If `target` has whole numbers that are each there once, and are as large as counts of classes may be.

    Notes
    -----
    A loader takes it as ``sampler=``, without ``shuffle``. Where workers prefetch, what was drawn runs ahead of
    what is trained on, and ``state_dict`` counts draws: to save in the middle of an epoch put the number of
    samples that were trained on in place of its ``"position"``.

    References
    ----------
    Cui et al., Class-Balanced Loss Based on Effective Number of Samples, CVPR 2019, :arxiv:`1901.05555`.
    Kang et al., Decoupling Representation and Classifier for Long-Tailed Recognition, ICLR 2020,
    :arxiv:`1910.09217`.

    Examples
    --------
    >>> import numpy as np
    >>> from skcb.nn import ClassBalancedSampler
    >>> target = np.repeat(["common", "rare"], [90, 10])
    >>> sampler = ClassBalancedSampler(target, beta=1)
    >>> drawn = target[list(sampler)]
    >>> len(drawn), int(np.sum(drawn == "rare"))
    (100, 53)
    >>> sampler.counts
    array([50., 50.])
    """

    def __init__(
        self,
        target: ArrayLike,
        *,
        beta: float = 0.999,
        num_samples: int | None = None,
        rank: int = 0,
        num_replicas: int = 1,
        drop_last: bool = False,
        seed: int = 0,
    ) -> None:
        if isinstance(target, ClassCounts):
            raise TypeError("target must be one label for each sample, got the counts of classes")
        labels = encode_labels(target)
        counted = count(labels)
        _warn_of_counts(counted)
        self.classes, self._class_count = counted.classes, counted.counts
        self._members = _by_class(labels, self.classes, self._class_count)
        self.seed = _at_least("seed", seed, 0)
        self.num_replicas = _at_least("num_replicas", num_replicas, 1)
        if _at_least("rank", rank, 0) >= num_replicas:
            raise ValueError(f"rank={rank} of num_replicas={num_replicas}: ranks are counted from 0")
        self.rank, self.drop_last = rank, drop_last
        self.n_samples = len(self._members)
        asked = self.n_samples if num_samples is None else _at_least("num_samples", num_samples, 1)
        self._asked = asked
        share = asked // num_replicas if drop_last else -(-asked // num_replicas)
        if not share:
            raise ValueError(f"num_samples={asked} leaves no draw for each of num_replicas={num_replicas}")
        self._share = share
        self.epoch, self._begun, self._restored = 0, False, False
        self._handed_out, self._chunk = 0, iter(())
        self.set_beta(beta)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({self.n_samples} samples of {len(self.classes)} classes, beta={self.beta}, "
            f"rank={self.rank} of {self.num_replicas}, epoch={self.epoch})"
        )

    @property
    def counts(self) -> NDArray[np.float64]:  # noqa: D102 - an attribute
        return sampling_probability(self._class_count, self.beta) * (self._share * self.num_replicas)

    def set_beta(self, beta: float) -> None:
        """Draw by another beta, from the next epoch on: progressive sampling changes it from epoch to epoch.

        Parameters
        ----------
        beta : float in [0, 1]
        """
        self.beta = check_beta(beta)

    def set_epoch(self, epoch: int) -> None:
        """Say which epoch the next iteration is.

        One that :meth:`load_state_dict` has restored goes on where it was, since loops that resume set it as well.

        Parameters
        ----------
        epoch : int
            Not negative.
        """
        _at_least("epoch", epoch, 0)
        if not (self._restored and epoch == self.epoch):
            self._go_to(epoch, 0)

    def state_dict(self) -> dict[str, Any]:
        """Return where it stands.

        Returns
        -------
        state : dict
            ``"epoch"``, ``"position"`` (the draws of it that this rank has handed out), ``"beta"`` of the epoch,
            and ``"next_beta"`` of those that follow.
        """
        position = self._handed_out - operator.length_hint(self._chunk)
        if position == self._share:
            return {"epoch": self.epoch + 1, "position": 0, "beta": self.beta, "next_beta": self.beta}
        beta = self._beta_of_epoch if self._begun or self._restored else self.beta
        return {"epoch": self.epoch, "position": position, "beta": beta, "next_beta": self.beta}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where a sampler of the same target, draws, ranks and seed stood.

        Parameters
        ----------
        state : dict
            Of :meth:`state_dict`.

        Raises
        ------
        ValueError
            If it is of an epoch with fewer draws, or a value is out of its range.
        """
        missing = [name for name in ("epoch", "position", "beta", "next_beta") if name not in state]
        if missing:
            raise ValueError(f"state lacks {', '.join(missing)}; it must be what state_dict() returned")
        position = _at_least("position", state["position"], 0)
        if position > self._share:
            raise ValueError(f"position={position} lies beyond the {self._share} draws of an epoch")
        epoch = _at_least("epoch", state["epoch"], 0)
        self.set_beta(state["next_beta"])
        if position == self._share:  # which leaves nothing of it
            self._go_to(epoch + 1, 0)
            return
        self._go_to(epoch, position)
        beta = check_beta(state["beta"])
        if position:  # else nothing has been drawn by it
            self._restored, self._beta_of_epoch = True, beta

    def _go_to(self, epoch: int, position: int) -> None:
        self.epoch, self._begun, self._restored = epoch, False, False
        self._handed_out, self._chunk = position, iter(())

    def __len__(self) -> int:
        """Draws of this rank in an epoch."""
        return self._share

    def __iter__(self) -> Iterator[int]:
        return chain.from_iterable(self._chunks())

    def _chunks(self) -> Iterator[Iterator[int]]:
        # An epoch begins with its first draw: loaders with workers may ask for an iterator that they do not use.
        if self._begun:
            self._go_to(self.epoch + 1, 0)
        if not self._restored:
            self._beta_of_epoch = self.beta
        self._begun, self._restored = True, False
        order = self._order()[self.rank :: self.num_replicas]
        epoch = self.epoch
        for start in range(self._handed_out, self._share, _CHUNK):
            if self.epoch != epoch:  # another iteration has begun
                return
            chunk = order[start : start + _CHUNK].tolist()
            # What is left of the chunk says how many are handed out, at no cost for each.
            self._handed_out, self._chunk = start + len(chunk), iter(chunk)
            yield self._chunk

    def _order(self) -> NDArray[np.integer]:
        """Return the draws of the epoch over all ranks; a longer epoch begins as a shorter one does."""
        probability = sampling_probability(self._class_count, self._beta_of_epoch)
        n_draws = self._share * self.num_replicas
        codes = _draw(probability, n_draws, [self.seed, self.epoch])
        times = np.bincount(codes, minlength=len(self.classes))
        places = _sorted_places(codes, len(self.classes))
        del codes
        order = np.empty(n_draws, dtype=self._members.dtype)
        ends, last = np.cumsum(times), np.cumsum(self._class_count)
        # Where a small part of a large class is expected, which no number of ranks changes, it is not permuted.
        partly = (_SMALL_PART * probability * self._asked < self._class_count) & (self._class_count > _LARGE)
        seen = np.empty(self._class_count.max(), dtype=np.int32)
        bits = np.random.PCG64([self.seed, self.epoch])
        rng, first = np.random.Generator(bits), bits.state
        for c, (end, size, stop, start) in enumerate(
            zip(ends, times, last, last - self._class_count, strict=True)
        ):
            if size:
                # What a class draws must not depend on how often the others did: each has 2^64 numbers of its own.
                bits.state = first
                bits.advance(c << 64)
                members = self._members[start:stop]
                few = partly[c] and size <= len(members)  # by chance it is not, but once in the age of the world
                drawn = _without_repeats(members, size, rng, seen) if few else _rounds(members, size, rng)
                order[places[end - size : end]] = drawn
        return order


def _draw(probability: NDArray[np.float64], size: int, seed: list[int]) -> NDArray[Any]:
    """Draw codes by the alias method: a column at random, and in it one of two classes."""
    threshold, alias = _alias_table(probability)
    of_columns, of_coins = (np.random.default_rng(each) for each in np.random.SeedSequence(seed).spawn(2))
    n_classes = len(probability)
    codes = np.empty(size, dtype=np.min_scalar_type(n_classes))
    for start in range(0, size, _CHUNK):  # what is drawn stays in the cache
        part = codes[start : start + _CHUNK]
        column = of_columns.integers(n_classes, size=len(part), dtype=np.int32)
        part[:] = np.where(of_coins.random(len(part)) < threshold[column], column, alias[column])
    return codes


def _sorted_places(codes: NDArray[Any], n_classes: int) -> NDArray[np.integer]:
    """Return where the codes are, those of the first class first: a stable argsort, by counting.

    To transpose a sparse matrix is to sort by columns, twice as fast as NumPy's radix sort and in half the memory.
    """
    index = np.int32 if len(codes) < 2**31 else np.int64
    ones, rows = np.ones(len(codes), dtype=np.int8), np.arange(len(codes) + 1, dtype=index)
    matrix = csr_array((ones, codes.astype(index, copy=False), rows), shape=(len(codes), n_classes))
    places: NDArray[np.integer] = matrix.tocsc().indices
    return places


def _alias_table(probability: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Return the share of each column that is its own class's, and the class that has the rest (Vose's method)."""
    threshold = probability * len(probability)
    alias = np.arange(len(probability), dtype=np.int32)
    small = np.flatnonzero(threshold < 1).tolist()
    large = np.flatnonzero(threshold >= 1).tolist()
    while small and large:
        less, more = small.pop(), large[-1]
        alias[less] = more
        threshold[more] -= 1 - threshold[less]
        if threshold[more] < 1:
            small.append(large.pop())
    threshold[small + large] = 1  # but for rounding
    return threshold, alias


def _rounds(members: NDArray[np.integer], size: int, rng: np.random.Generator) -> NDArray[np.integer]:
    """Return the first `size` of one permutation of the members after the other."""
    if size <= len(members):
        return rng.permutation(members)[:size]
    rounds = -(-size // len(members))
    return rng.permuted(np.broadcast_to(members, (rounds, len(members))), axis=1).ravel()[:size]


def _without_repeats(
    members: NDArray[np.integer], size: int, rng: np.random.Generator, seen: NDArray[np.int32]
) -> NDArray[np.integer]:
    """Return the first `size` members that come, one at random after the other, each when it first comes."""
    drawn = np.empty(0, dtype=np.int64)
    while True:
        drawn = np.concatenate([drawn, rng.integers(len(members), size=size + size // 4 + 16)])
        place = np.arange(len(drawn), dtype=np.int32)
        seen[drawn[::-1]] = place[::-1]  # where a member comes first is written last; what was there is not read
        kept = drawn[seen[drawn] == place]
        if len(kept) >= size:
            first: NDArray[np.integer] = members[kept[:size]]
            return first


def _warn_of_counts(counted: ClassCounts) -> None:
    """Warn of what may be counts in place of labels: as labels they are samples, one of each class."""
    classes, each = counted
    whole = classes.dtype.kind in "iu" and classes[0] >= 0
    if whole and len(classes) > 1 and classes[-1] > len(classes) and each.max() == 1:
        warn(
            f"target has {len(classes)} values, each of them once, up to {classes[-1]}. A sampler needs one label "
            "for each sample; if these are counts of classes, give it the labels that were counted",
            UserWarning,
        )


def _by_class(labels: Labels, classes: NDArray[Any], counts: NDArray[Any]) -> NDArray[np.integer]:
    """Return the positions of the samples, those of the first class first."""
    return _sorted_places(ClassVector.codes(classes).of(labels), len(counts))


def _at_least(name: str, value: int, least: int) -> int:
    if check_integer(name, value) < least:
        raise ValueError(f"{name} must be at least {least}, got {value!r}")
    return int(value)
