"""What the network of people and vehicles makes of the classes and boxes of COCO."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from inspection.errors import BadInput, NotFound
from models.training.export_private import GROUPS, MOST, PrivateNetwork, export_private


class Said(nn.Module):
    """Answer what a detection network answers: (1, 4 + 80, anchors), centre and size in px."""

    def __init__(self, dense: torch.Tensor) -> None:
        super().__init__()
        self.model = nn.ModuleList([nn.Identity()])
        self.dense = dense

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.dense


def answered(*told: tuple[int, float, tuple[float, float, float, float]]) -> torch.Tensor:
    """Give the answer for anchors that tell a class of COCO, a probability and a box."""
    dense = torch.zeros(1, 84, MOST + 20)
    for anchor, (kind, score, box) in enumerate(told):
        dense[0, :4, anchor] = torch.tensor(box)
        dense[0, 4 + kind, anchor] = score
    wrapped = PrivateNetwork(Said(dense), groups=tuple(GROUPS.values()))
    found: torch.Tensor = wrapped(torch.zeros(1, 3, 64, 64))
    assert found.shape == (1, MOST, 6)
    return found[0]


def test_classes_become_people_and_vehicles_the_surest_first() -> None:
    found = answered(
        (2, 0.5, (50, 40, 20, 10)),  # car
        (0, 0.9, (30, 30, 10, 40)),  # person
        (16, 0.99, (10, 10, 5, 5)),  # dog: nobody's business
        (7, 0.3, (60, 60, 8, 4)),  # truck
    )
    assert found[0].tolist() == pytest.approx([25, 10, 35, 50, 0.9, 0])
    assert found[1].tolist() == pytest.approx([40, 35, 60, 45, 0.5, 1])
    assert found[2].tolist() == pytest.approx([56, 58, 64, 62, 0.3, 1])
    assert found[3:, 4].max() == 0


def test_weights_that_are_absent_or_of_another_network_are_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="TENKEN_DATA_DIR"):
        export_private(tmp_path / "nothing.safetensors", tmp_path)
    other = tmp_path / "other.safetensors"
    save_file({"model.0.weight": torch.zeros(2)}, other)
    with pytest.raises(BadInput, match="does not fit"):
        export_private(other, tmp_path)
