"""Pure functions: logits and targets in, one loss per example out, no reduction."""

import torch
from numpy.typing import ArrayLike
from torch import Tensor
from torch.nn import functional as torch_functional

from skcb._checks import as_counts, check_non_negative
from skcb.nn import _focal
from skcb.nn._checks import check_tensor, n_masked_of, values_are_known
from skcb.nn._focal import along_classes, at_least_float32


def cross_entropy(
    logits: Tensor, target: Tensor, *, label_smoothing: float | Tensor = 0.0, ignore_index: int = -100
) -> Tensor:
    r"""Softmax cross-entropy of each example.

    .. math:: L = -\log p_y, \qquad p = \mathrm{softmax}(z)

    Parameters
    ----------
    logits : Tensor of shape (N, C) or (N, C, d1, ...)
        Half precision is computed in float32. A logit of minus infinity marks a class that cannot be.
    target : Tensor of shape (N,) or (N, d1, ...), or of the shape of `logits`
        Class indices; or, if floating, the probability of each class.
    label_smoothing : float or Tensor of shape (C,), default=0.0
        Share of the target's probability that is spread over the classes: 0 is none, 1 all. A tensor says how
        much goes to each class.
    ignore_index : int, default=-100
        Examples with this index have loss 0.

    Returns
    -------
    loss : Tensor of shape (N,) or (N, d1, ...)

    Examples
    --------
    >>> import torch
    >>> from skcb.nn.functional import cross_entropy
    >>> cross_entropy(torch.tensor([[2.0, 0.0], [2.0, 0.0]]), torch.tensor([0, 1]))
    tensor([0.1269, 2.1269])
    """
    logits = at_least_float32(logits)
    if not (target.is_floating_point() or _is_smoothing(label_smoothing)):
        return torch_functional.cross_entropy(logits, target.long(), ignore_index=ignore_index, reduction="none")
    return _expected(-logits.log_softmax(1), target, label_smoothing, ignore_index)


def sigmoid_cross_entropy(logits: Tensor, target: Tensor, *, ignore_index: int = -100) -> Tensor:
    r"""Binary cross-entropies of each example, one against the rest, summed over the classes.

    .. math:: L = -\sum_j \log \sigma(s_j z_j), \qquad s_j = 2 [j = y] - 1

    Parameters
    ----------
    logits : Tensor of shape (N, C) or (N, C, d1, ...)
        Half precision is computed in float32.
    target : Tensor of shape (N,) or (N, d1, ...), or of the shape of `logits`
        Class indices; or, if floating, the probability of each class (several may be 1).
    ignore_index : int, default=-100
        Examples with this index have loss 0.

    Returns
    -------
    loss : Tensor of shape (N,) or (N, d1, ...)

    Examples
    --------
    >>> import torch
    >>> from skcb.nn.functional import sigmoid_cross_entropy
    >>> sigmoid_cross_entropy(torch.tensor([[2.0, 0.0], [2.0, 0.0]]), torch.tensor([0, 1]))
    tensor([0.8201, 2.8201])
    """
    return sigmoid_focal(logits, target, 0.0, ignore_index=ignore_index)


def sigmoid_focal(logits: Tensor, target: Tensor, gamma: float = 2.0, *, ignore_index: int = -100) -> Tensor:
    r"""Sigmoid focal loss of each example, summed over the classes.

    .. math:: L = -\sum_j (1 - q_j)^\gamma \log q_j, \qquad q_j = \sigma(s_j z_j), \quad s_j = 2 [j = y] - 1

    Parameters
    ----------
    logits : Tensor of shape (N, C) or (N, C, d1, ...)
        Half precision is computed in float32.
    target : Tensor of shape (N,) or (N, d1, ...), or of the shape of `logits`
        Class indices; or, if floating, the probability of each class (several may be 1).
    gamma : float >= 0, default=2.0
        Focus on the hard examples; 0 is :func:`sigmoid_cross_entropy`.
    ignore_index : int, default=-100
        Examples with this index have loss 0.

    Returns
    -------
    loss : Tensor of shape (N,) or (N, d1, ...)

    Raises
    ------
    ValueError
        If `gamma` is negative or not finite.

    References
    ----------
    Lin et al., Focal Loss for Dense Object Detection, ICCV 2017, :arxiv:`1708.02002`.

    Examples
    --------
    >>> import torch
    >>> from skcb.nn.functional import sigmoid_focal
    >>> sigmoid_focal(torch.tensor([[2.0, 0.0], [2.0, 0.0]]), torch.tensor([0, 1]))
    tensor([0.1751, 1.8234])
    """
    check_non_negative("gamma", gamma)
    if target.is_floating_point():
        logits, target = at_least_float32(logits), at_least_float32(target)
        loss = target * _focal.focal(-logits, gamma) + (1 - target) * _focal.focal(logits, gamma)
        return loss.sum(1)
    return _focal.focal_loss(_focal.SIGMOID, logits, target, gamma, ignore_index=ignore_index)


def softmax_focal(
    logits: Tensor,
    target: Tensor,
    gamma: float = 2.0,
    *,
    label_smoothing: float | Tensor = 0.0,
    ignore_index: int = -100,
) -> Tensor:
    r"""Softmax focal loss of each example.

    .. math:: L = -(1 - p_y)^\gamma \log p_y, \qquad p = \mathrm{softmax}(z)

    Parameters
    ----------
    logits : Tensor of shape (N, C) or (N, C, d1, ...)
        Half precision is computed in float32.
    target : Tensor of shape (N,) or (N, d1, ...), or of the shape of `logits`
        Class indices; or, if floating, the probability of each class: the loss is then its expectation.
    gamma : float >= 0, default=2.0
        Focus on the hard examples; 0 is :func:`cross_entropy`.
    label_smoothing : float or Tensor of shape (C,), default=0.0
        Share of the target's probability that is spread over the classes: 0 is none, 1 all. A tensor says how
        much goes to each class.
    ignore_index : int, default=-100
        Examples with this index have loss 0.

    Returns
    -------
    loss : Tensor of shape (N,) or (N, d1, ...)

    Raises
    ------
    ValueError
        If `gamma` is negative or not finite.

    References
    ----------
    Lin et al., Focal Loss for Dense Object Detection, ICCV 2017, :arxiv:`1708.02002`.

    Examples
    --------
    >>> import torch
    >>> from skcb.nn.functional import softmax_focal
    >>> softmax_focal(torch.tensor([[2.0, 0.0], [2.0, 0.0]]), torch.tensor([0, 1]))
    tensor([0.0018, 1.6501])
    """
    check_non_negative("gamma", gamma)
    if not (target.is_floating_point() or _is_smoothing(label_smoothing)):
        return _focal.focal_loss(_focal.SOFTMAX, logits, target, gamma, ignore_index=ignore_index)
    log_p = at_least_float32(logits).log_softmax(1)
    cost = -log_p if gamma == 0 else -log_p * torch.exp(gamma * _log_of_the_rest(log_p))
    return _expected(cost, target, label_smoothing, ignore_index)


def normalized_sigmoid(logits: Tensor) -> Tensor:
    r"""Probabilities from one-against-the-rest logits: each sigmoid over the sum of all.

    .. math:: p_c = \sigma(z_c) / \textstyle\sum_k \sigma(z_k)

    Parameters
    ----------
    logits : Tensor of shape (N, C) or (N, C, d1, ...)

    Returns
    -------
    probabilities : Tensor of the same shape and dtype
        They sum to 1 over the classes, also where every sigmoid underflows.

    Examples
    --------
    >>> import torch
    >>> from skcb.nn.functional import normalized_sigmoid
    >>> normalized_sigmoid(torch.tensor([[0.0, 0.0], [-1000.0, -1002.0]]))
    tensor([[0.5000, 0.5000],
            [0.8808, 0.1192]])
    """
    # In logarithms nothing underflows; in double precision sigmoids that round to 1 in single stay apart.
    wide = logits.float() if logits.device.type == "mps" else logits.double()
    return torch_functional.logsigmoid(wide).softmax(1).to(logits.dtype)


def adjust_logits(
    logits: Tensor,
    target: Tensor,
    scale: float | Tensor = 1.0,
    shift: Tensor | None = None,
    margin: Tensor | None = None,
) -> Tensor:
    r"""Logits as the cross-entropy of a margin, a logit-adjusted or a vector-scaling loss sees them.

    .. math:: z'_j = s_j (z_j - \Delta_j [j = y]) + \iota_j

    Parameters
    ----------
    logits : Tensor of shape (N, C) or (N, C, d1, ...)
        Half precision is computed in float32.
    target : Tensor of shape (N,) or (N, d1, ...), or of the shape of `logits`
        Class indices; or, if floating, the probability of each class, which gets that share of its margin. It
        matters to the margin alone. An index outside [0, C) is taken for one that is to be ignored.
    scale : float or Tensor of shape (C,), default=1.0
        Multiplies the logits, after the margin.
    shift : Tensor of shape (C,), optional
        Added at last.
    margin : Tensor of shape (C,), optional
        Subtracted from the target's logit.

    Returns
    -------
    adjusted : Tensor of the shape of `logits`

    References
    ----------
    Cao et al., Learning Imbalanced Datasets with Label-Distribution-Aware Margin Loss, NeurIPS 2019,
    :arxiv:`1906.07413`.
    Menon et al., Long-Tail Learning via Logit Adjustment, ICLR 2021, :arxiv:`2007.07314`.
    Kini et al., Label-Imbalanced and Group-Sensitive Classification under Overparameterization, NeurIPS 2021,
    :arxiv:`2103.01550`.

    Examples
    --------
    >>> import torch
    >>> from skcb.nn.functional import adjust_logits
    >>> logits, target = torch.tensor([[0.5, 0.5]]), torch.tensor([1])
    >>> adjust_logits(logits, target, scale=30.0, margin=torch.tensor([0.1, 0.4]))
    tensor([[15.0000,  3.0000]])
    """
    logits = at_least_float32(logits)
    if margin is not None:
        margin = margin.to(logits.dtype)
        if target.is_floating_point():
            logits = logits - target * along_classes(margin, logits)
        else:
            index = target.long().clamp(0, logits.shape[1] - 1).unsqueeze(1)
            logits = logits.scatter_add(1, index, -margin.take(index))
    if isinstance(scale, Tensor):
        logits = logits * along_classes(scale.to(logits.dtype), logits)
    elif scale != 1:
        logits = logits * scale
    return logits if shift is None else logits + along_classes(shift.to(logits.dtype), logits)


def rebalanced_weight(
    target: Tensor, counts: ArrayLike | Tensor, *, floor: float = 0.1, steepness: float = 10.0, centre: float = 0.2
) -> Tensor:
    r"""Weights of pairs of example and label: those of the distribution-balanced loss.

    .. math:: \hat r_{ij} = \alpha + \sigma(\beta (r_{ij} - \mu)), \qquad
        r_{ij} = \frac{1 / n_j}{\sum_k t_{ik} / n_k}

    An example that is drawn for one of its labels brings the others along; r is how often it would come for the
    one label, over how often it comes for all, where labels are drawn evenly. A pair weighs so whether the example
    has the label or not.

    Parameters
    ----------
    target : Tensor of shape (N, L) or (N, L, d1, ...)
        1 where an example has the label, 0 or NaN elsewhere.
    counts : array-like or Tensor of shape (L,)
        Examples in the whole training set that have each label.
    floor : float >= 0, default=0.1
        The paper's alpha: what is added to each weight.
    steepness : float >= 0, default=10.0
        The paper's beta.
    centre : float >= 0, default=0.2
        The paper's mu, which it sets to .3 for PASCAL VOC.

    Returns
    -------
    weight : Tensor of the shape of `target`
        For ``sample_weight=`` of :class:`skcb.nn.CBMultilabelLoss`, with ``beta=0`` there. An example without
        labels has the limit, ``floor + 1``.

    Raises
    ------
    ValueError
        If a parameter is negative or not finite, if `counts` are not valid or of another number, or if a target is
        not 0, 1 or NaN (save under ``torch.compile``).

    References
    ----------
    Wu et al., Distribution-Balanced Loss for Multi-Label Classification in Long-Tailed Datasets, ECCV 2020,
    :arxiv:`2007.09654`.

    Examples
    --------
    >>> import torch
    >>> from skcb.nn.functional import rebalanced_weight
    >>> rebalanced_weight(torch.tensor([[1.0, 0.0, 0.0], [1.0, 1.0, 0.0]]), [500, 100, 50])
    tensor([[1.0997, 1.1000, 1.1000],
            [0.5174, 1.0982, 1.1000]])
    """
    for name, value in (("floor", floor), ("steepness", steepness), ("centre", centre)):
        check_non_negative(name, value)
    check_tensor("target", target)
    valid = as_counts(counts.detach().cpu().numpy() if isinstance(counts, Tensor) else counts, any_order=True)
    if target.ndim < 2 or target.shape[1] != len(valid):
        raise ValueError(f"target has shape {tuple(target.shape)}, but the counts are of {len(valid)} labels")
    if target.dtype != torch.bool and values_are_known(target):
        n_masked_of(target)
    dtype = torch.promote_types(target.dtype, torch.float32)
    once = along_classes(1 / torch.from_numpy(valid).to(target.device, dtype), target)
    often = torch.where(target > 0, once, 0).sum(1, keepdim=True)
    share = (once / often).nan_to_num(nan=1.0, posinf=torch.inf)  # of a label that counts have not, infinity twice
    return floor + torch.sigmoid(steepness * (share - centre))


def _expected(cost: Tensor, target: Tensor, smoothing: float | Tensor, ignore_index: int) -> Tensor:
    """Return the expected cost of each example; `cost` is that of each class being the true one."""
    if isinstance(smoothing, Tensor):
        spread = along_classes(smoothing.to(cost.dtype), cost)
        kept: float | Tensor = 1 - smoothing.sum()
    else:
        spread = cost.new_full((cost.shape[1], *[1] * (cost.ndim - 2)), smoothing / cost.shape[1])
        kept = 1 - smoothing
    if target.is_floating_point():
        probability = target * kept + spread
        # An excluded class costs infinity, and has probability 0.
        return (probability * cost.masked_fill((probability == 0) & cost.isinf(), 0)).sum(1)
    ignored = target == ignore_index
    own = cost.gather(1, target.long().masked_fill(ignored, 0).unsqueeze(1)).squeeze(1)
    others = (spread * cost.masked_fill((spread == 0) & cost.isinf(), 0)).sum(1)
    return (own * kept + others).masked_fill(ignored, 0)


def _log_of_the_rest(log_p: Tensor) -> Tensor:
    """log(1 - p): only the likeliest class can be near 1, and for it the others are summed."""
    likeliest = log_p.argmax(1, keepdim=True)
    rest = log_p.scatter(1, likeliest, torch.finfo(log_p.dtype).min)
    return torch.log1p(-rest.exp()).scatter(1, likeliest, rest.logsumexp(1, keepdim=True))


def _is_smoothing(label_smoothing: float | Tensor) -> bool:
    return isinstance(label_smoothing, Tensor) or label_smoothing != 0
