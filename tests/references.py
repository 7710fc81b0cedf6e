"""The formulas written slowly, in exact or 80-digit arithmetic, to compare with."""

from collections import Counter
from decimal import Context, Decimal
from fractions import Fraction

_PRECISE = Context(prec=80)


def effective_number_exactly(n, beta):
    """(1 - beta**n) / (1 - beta) in rational arithmetic; the power has 53 * n bits, so n stays small."""
    beta = Fraction(beta)
    return Fraction(n) if beta == 1 else (1 - beta**n) / (1 - beta)


def effective_number_precisely(n, beta):
    """The same in 80 digits, for any n."""
    beta = Decimal(beta)
    if beta == 1:
        return Fraction(n)
    exponent = _PRECISE.multiply(Decimal(n), _PRECISE.ln(beta)) if beta else Decimal("-Infinity")
    power = _PRECISE.exp(exponent) if exponent > -1000 else Decimal(0)  # below 1e-434
    return Fraction(_PRECISE.subtract(Decimal(1), power)) / (1 - Fraction(beta))


def class_weight_precisely(counts, beta, normalize):
    """The paper's weights: 1/E_n, then scaled so that they average one over classes or samples."""
    weight = [1 / effective_number_precisely(n, beta) if n else Fraction(0) for n in counts]
    if normalize == "classes":
        scale = Fraction(sum(n > 0 for n in counts)) / sum(weight)
    elif normalize == "samples":
        scale = sum(map(Fraction, counts)) / sum(Fraction(n) * w for n, w in zip(counts, weight, strict=True))
    else:
        scale = Fraction(1)
    return [w * scale for w in weight]


def sample_weight_by_loop(y, beta, normalize="samples"):
    """One weight per label, with dictionaries and loops."""
    counts = Counter(y)
    weight = class_weight_precisely(list(counts.values()), beta, normalize)
    weight_of = dict(zip(counts, weight, strict=True))
    return [float(weight_of[label]) for label in y]
