"""Batches in which nothing is decided: no loss, no gradient, and never NaN."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets.classes import BACKGROUND, CRACK, IGNORE_INDEX, JOINT
from models.training.losses import segmentation_loss

WEIGHTS = torch.tensor([0.5, 2.0, 1.0, 1.0, 1.0, 1.0])
DICE = (CRACK, JOINT)
SIDE = 32


def batch(share_decided: float, seed: int = 1) -> torch.Tensor:
    """Give (2, 32, 32) classes of which a share is decided."""
    generator = torch.Generator().manual_seed(seed)
    classes = torch.randint(0, 6, (2, SIDE, SIDE), generator=generator)
    undecided = torch.rand((2, SIDE, SIDE), generator=generator) >= share_decided
    classes[undecided] = IGNORE_INDEX
    return classes


def heads(seed: int = 2) -> tuple[torch.Tensor, torch.Tensor]:
    """Give logits at a quarter and at an eighth of the resolution, with gradients wanted."""
    generator = torch.Generator().manual_seed(seed)
    main = torch.randn(2, 6, SIDE // 4, SIDE // 4, generator=generator)
    auxiliary = torch.randn(2, 6, SIDE // 8, SIDE // 8, generator=generator)
    return main.requires_grad_(), auxiliary.requires_grad_()


def test_nothing_decided_is_no_loss_and_no_gradient() -> None:
    main, auxiliary = heads()
    loss = segmentation_loss(main, auxiliary, batch(0.0), WEIGHTS, dice_classes=DICE)
    assert loss.item() == 0
    loss.backward()
    for head in (main, auxiliary):
        assert head.grad is not None
        assert not head.grad.any()


def test_without_the_auxiliary_head_too() -> None:
    main, _ = heads()
    assert segmentation_loss(main, None, batch(0.0), WEIGHTS, dice_classes=DICE).item() == 0


def test_what_is_decided_only_between_the_auxiliary_grid_counts_for_the_main_head() -> None:
    """One decided pixel that the thinned labels miss: the auxiliary head has nothing to learn."""
    classes = torch.full((1, SIDE, SIDE), IGNORE_INDEX)
    classes[0, 0, 0] = CRACK  # the auxiliary grid looks at 4, 12, 20, …
    main, auxiliary = (head[:1].detach().requires_grad_() for head in heads())
    loss = segmentation_loss(main, auxiliary, classes, WEIGHTS, dice_classes=DICE)
    loss.backward()
    assert math.isfinite(loss.item()) and loss.item() > 0
    assert main.grad is not None and bool(main.grad.any())
    assert auxiliary.grad is not None and not auxiliary.grad.any()


def test_one_pixel_costs_its_cross_entropy_and_its_dice() -> None:
    """With equal logits the probability is 1/6: ln 6, plus half of 1 - 2p / (p² + 1)."""
    classes = torch.full((1, SIDE, SIDE), IGNORE_INDEX)
    classes[0, 5, 9] = CRACK
    loss = segmentation_loss(
        torch.zeros(1, 6, 8, 8), None, classes, WEIGHTS, dice_classes=DICE, dice_weight=0.5
    )
    p = 1 / 6
    assert loss.item() == pytest.approx(math.log(6) + 0.5 * (1 - 2 * p / (p * p + 1)), abs=1e-6)


def test_background_alone_costs_its_cross_entropy_only() -> None:
    """Its weight of 0.5 is divided out again, and Dice has no class to look at."""
    classes = torch.full((1, SIDE, SIDE), BACKGROUND)
    loss = segmentation_loss(torch.zeros(1, 6, 8, 8), None, classes, WEIGHTS, dice_classes=DICE)
    assert loss.item() == pytest.approx(math.log(6), abs=1e-6)


@settings(derandomize=True, deadline=None, max_examples=40)
@given(st.floats(0, 1), st.integers(0, 2**31), st.booleans())
def test_the_loss_is_finite_and_not_negative(share: float, seed: int, auxiliary: bool) -> None:
    main, beside = heads(seed)
    loss = segmentation_loss(
        main, beside if auxiliary else None, batch(share, seed), WEIGHTS, dice_classes=DICE
    )
    assert math.isfinite(loss.item())
    assert loss.item() >= 0


@settings(derandomize=True, deadline=None, max_examples=20)
@given(st.integers(0, 2**31))
def test_an_undecided_photo_beside_a_decided_one_changes_nothing(seed: int) -> None:
    """The mean is over decided pixels, so a photo without any weighs nothing at all."""
    main, _ = heads(seed)
    classes = batch(0.7, seed)
    classes[1] = IGNORE_INDEX
    both = segmentation_loss(main, None, classes, WEIGHTS, dice_classes=DICE)
    alone = segmentation_loss(main[:1], None, classes[:1], WEIGHTS, dice_classes=DICE)
    assert both.item() == pytest.approx(alone.item(), rel=1e-5)
