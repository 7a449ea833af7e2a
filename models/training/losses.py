"""Measure how far logits are from labelled classes."""

import torch
from torch.nn import functional

from datasets.classes import IGNORE_INDEX


def soft_dice_loss(
    probabilities: torch.Tensor, classes: torch.Tensor, class_indices: tuple[int, ...]
) -> torch.Tensor:
    """Return the mean of 1 - soft Dice over the given classes that occur in the batch.

    Cross-entropy counts pixels, and a crack has few; Dice counts overlap, whatever the size.

    Args:
        probabilities: (n, c, h, w) float, summing to 1 over c.
        classes: (n, h, w) int64, ``IGNORE_INDEX`` where undecided.
        class_indices: Classes to average over.

    Source: Milletari, Navab, Ahmadi 2016, V-Net, equation 1 (with squares in the denominator).
    """
    decided = (classes != IGNORE_INDEX).to(probabilities.dtype)
    losses = []
    for index in class_indices:
        wanted = (classes == index).to(probabilities.dtype)
        labelled = wanted.sum()
        if not bool(labelled > 0):
            continue
        # a product, not a selection: picking pixels out costs more than the whole rest of the loss
        estimate = probabilities[:, index] * decided
        overlap = 2 * (estimate * wanted).sum()
        losses.append(1 - overlap / (estimate.square().sum() + labelled))
    return torch.stack(losses).mean() if losses else probabilities.sum() * 0


def segmentation_loss(
    logits: torch.Tensor,
    auxiliary: torch.Tensor | None,
    classes: torch.Tensor,
    class_weights: torch.Tensor,
    *,
    dice_classes: tuple[int, ...],
    dice_weight: float = 0.5,
    auxiliary_weight: float = 0.3,
) -> torch.Tensor:
    """Return weighted cross-entropy at native resolution plus Dice plus the auxiliary head's loss.

    Args:
        logits: (n, c, h/4, w/4) float; enlarged bilinearly, as the exported graph does.
        auxiliary: (n, c, h/8, w/8) float, compared with labels thinned to its grid.
        classes: (n, h, w) int64.
        class_weights: (c,) float.
        dice_classes: Classes with a Dice term.
        dice_weight: Weight of the Dice term.
        auxiliary_weight: Weight of the auxiliary term.
    """
    size = classes.shape[-2:]
    full = functional.interpolate(logits, size=size, mode="bilinear", align_corners=False)
    told = functional.log_softmax(full, dim=1)
    loss = _cross_entropy(told, classes, class_weights)
    loss = loss + dice_weight * soft_dice_loss(told.exp(), classes, dice_classes)
    if auxiliary is not None:
        step = size[0] // auxiliary.shape[-2]
        thinned = classes[:, step // 2 :: step, step // 2 :: step]
        told = functional.log_softmax(auxiliary, dim=1)
        loss = loss + auxiliary_weight * _cross_entropy(told, thinned, class_weights)
    return loss


def _cross_entropy(
    told: torch.Tensor, classes: torch.Tensor, class_weights: torch.Tensor
) -> torch.Tensor:
    """Return the weighted mean over decided pixels; 0, with a gradient of 0, where there is none.

    ``told`` are logarithms of probabilities, (n, c, h, w). torch divides by the weight of the
    decided pixels, so a batch without one would give NaN, and one NaN ends a training run.
    """
    if not bool((classes != IGNORE_INDEX).any()):
        return told.sum() * 0
    return functional.nll_loss(told, classes, class_weights, ignore_index=IGNORE_INDEX)
