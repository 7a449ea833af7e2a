"""The loss falls towards the truth, and undecided pixels weigh nothing."""

import pytest
import torch

from datasets.classes import CRACK, IGNORE_INDEX, JOINT
from models.training.losses import segmentation_loss, soft_dice_loss

WEIGHTS = torch.ones(6)
DICE = (CRACK, JOINT)


def truth() -> torch.Tensor:
    classes = torch.zeros(2, 32, 32, dtype=torch.int64)
    classes[:, 8:12] = CRACK
    classes[0, :, 20:24] = JOINT
    return classes


def logits_for(classes: torch.Tensor, sure: float) -> torch.Tensor:
    """Return stride-4 logits that give the class of each block with some sureness."""
    coarse = classes[:, 2::4, 2::4].clamp(max=5)
    return torch.nn.functional.one_hot(coarse, 6).permute(0, 3, 1, 2).float() * sure


def loss_of(logits: torch.Tensor, classes: torch.Tensor) -> float:
    return float(segmentation_loss(logits, None, classes, WEIGHTS, dice_classes=DICE))


def test_surer_and_right_is_better() -> None:
    losses = [loss_of(logits_for(truth(), sure), truth()) for sure in (0.0, 2.0, 6.0)]
    assert losses[0] > losses[1] > losses[2]


def test_surer_and_wrong_is_worse() -> None:
    wrong = (truth() + 2) % 6  # every pixel has a class that is not its own
    assert loss_of(logits_for(wrong, 6.0), truth()) > loss_of(logits_for(wrong, 1.0), truth())


def test_undecided_pixels_weigh_nothing() -> None:
    classes = truth()
    classes[:, 16:] = IGNORE_INDEX
    one, two = logits_for(classes.clamp(max=5), 3.0), logits_for(classes.clamp(max=5), 3.0)
    two[:, :, 5:] = torch.randn(two[:, :, 5:].shape, generator=torch.Generator().manual_seed(1))
    assert loss_of(one, classes) == pytest.approx(loss_of(two, classes), abs=1e-6)


def test_a_heavy_class_costs_more_when_missed() -> None:
    missed = torch.zeros(2, 6, 8, 8)
    missed[:, 0] = 5.0
    heavy = WEIGHTS.clone()
    heavy[CRACK] = 5
    plain = segmentation_loss(missed, None, truth(), WEIGHTS, dice_classes=DICE)
    weighted = segmentation_loss(missed, None, truth(), heavy, dice_classes=DICE)
    assert weighted > plain


def test_perfect_overlap_has_no_dice_loss() -> None:
    classes = torch.zeros(1, 8, 8, dtype=torch.int64)
    classes[0, 2] = CRACK
    logits = torch.nn.functional.one_hot(classes, 6).permute(0, 3, 1, 2).float() * 50
    assert float(soft_dice_loss(logits.softmax(dim=1), classes, (CRACK,))) == pytest.approx(
        0, abs=1e-6
    )


def test_no_overlap_has_full_dice_loss() -> None:
    classes = torch.zeros(1, 8, 8, dtype=torch.int64)
    classes[0, 2] = CRACK
    moved = torch.roll(classes, 3, dims=1)
    logits = torch.nn.functional.one_hot(moved, 6).permute(0, 3, 1, 2).float() * 50
    assert float(soft_dice_loss(logits.softmax(dim=1), classes, (CRACK,))) == pytest.approx(
        1, abs=1e-6
    )


def test_half_overlap_matches_the_formula() -> None:
    classes = torch.zeros(1, 8, 8, dtype=torch.int64)
    classes[0, 2:4] = CRACK
    found = torch.zeros_like(classes)
    found[0, 3:5] = CRACK
    logits = torch.nn.functional.one_hot(found, 6).permute(0, 3, 1, 2).float() * 50
    assert float(soft_dice_loss(logits.softmax(dim=1), classes, (CRACK,))) == pytest.approx(
        0.5, abs=1e-6
    )


def test_absent_classes_have_no_dice_loss() -> None:
    classes = torch.zeros(1, 8, 8, dtype=torch.int64)
    logits = torch.randn(1, 6, 8, 8, requires_grad=True)
    loss = soft_dice_loss(logits.softmax(dim=1), classes, DICE)
    assert loss.item() == 0
    loss.backward()
    assert logits.grad is not None


def test_the_auxiliary_head_is_compared_on_its_own_grid() -> None:
    classes = truth()
    good = torch.nn.functional.one_hot(classes[:, 4::8, 4::8], 6).permute(0, 3, 1, 2).float() * 6
    main = logits_for(classes, 3.0)
    with_good = segmentation_loss(main, good, classes, WEIGHTS, dice_classes=DICE)
    with_bad = segmentation_loss(main, -good, classes, WEIGHTS, dice_classes=DICE)
    assert with_good < with_bad


def test_gradient_reaches_the_logits() -> None:
    logits = torch.zeros(2, 6, 8, 8, requires_grad=True)
    segmentation_loss(logits, None, truth(), WEIGHTS, dice_classes=DICE).backward()
    assert logits.grad is not None
    assert float(logits.grad.abs().sum()) > 0
