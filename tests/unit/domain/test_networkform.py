"""What is said about a network is checked before anybody opens its file."""

import json
import math
from dataclasses import replace
from typing import Any

import pytest

from inspection.domain.networkform import CHANNELS_MAX, Described, Form, described_of, plain_of
from inspection.errors import BadInput

FORM = Form(
    channels=("background", "crack", "spall", "crack"),
    output="probabilities",
    full_scale=255.0,
    mean=(0.485, 0.456, 0.406),
    deviation=(0.229, 0.224, 0.225),
)
GOOD = Described(
    name="bridge-2026",
    form=FORM,
    thresholds={"crack": 0.4, "spall": 0.5},
    gsd_range_mm_per_px=(0.3, 1.5),
    size_multiple_px=64,
    licence="AGPL-3.0-only",
)


def test_a_description_comes_back_from_plain_values_as_it_was() -> None:
    assert described_of(json.loads(json.dumps(plain_of(GOOD)))) == GOOD


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": "Bridge"}, "use small letters"),
        ({"name": "-a"}, "use small letters"),
        ({"name": "a" * 64}, "at most 63"),
        ({"name": "../../etc/passwd"}, "use small letters"),
        ({"thresholds": {"crack": 0.4}}, "must name crack, spall"),
        ({"thresholds": {"crack": 0.4, "spall": 0.5, "pothole": 0.5}}, "must name crack, spall"),
        ({"thresholds": {"crack": 0.0, "spall": 0.5}}, "between 0 and 1"),
        ({"thresholds": {"crack": 1.0, "spall": 0.5}}, "between 0 and 1"),
        ({"thresholds": {"crack": math.nan, "spall": 0.5}}, "between 0 and 1"),
        ({"gsd_range_mm_per_px": (0.0, 1.0)}, "is not a range"),
        ({"gsd_range_mm_per_px": (2.0, 1.0)}, "is not a range"),
        ({"gsd_range_mm_per_px": (1.0, math.inf)}, "is not a range"),
        ({"licence": ""}, "a licence is named"),
        ({"licence": "MIT\n"}, "a licence is named"),
        ({"licence": "x" * 101}, "a licence is named"),
        (
            {"form": Form(channels=("crack",) * (CHANNELS_MAX + 1)), "thresholds": {"crack": 0.5}},
            f"{CHANNELS_MAX + 1} channels are named",
        ),
    ],
)
def test_what_cannot_be_is_refused_in_words(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        replace(GOOD, **changes)
