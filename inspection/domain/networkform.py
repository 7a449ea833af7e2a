"""Say how a network of somebody else's takes pixels and gives answers, and what it is called.

An engineer writes this beside an ONNX file: the class of each channel, how white stands at the
input, the pixel sizes it was trained for. It is checked here, before anybody opens the file.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from inspection.domain.taxonomy import DamageClass
from inspection.errors import BadInput

Output = Literal["logits", "probabilities", "instances"]
OUTPUTS: tuple[Output, ...] = ("logits", "probabilities", "instances")
NAMES = tuple(kind.value for kind in DamageClass)
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
CHANNELS_MAX = 256
LICENCE_MAX = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """Say how a foreign network takes pixels and gives answers.

    Attributes:
        channels: Class of each output channel, in order; channels of one class are added up, and
            what ``background`` names is no damage.
        output: Whether the channels are logits or already probabilities of pixels, or whether
            the network gives instances: then a channel is a class of its boxes.
        full_scale: Value that white has at the input, 1 or 255.
        mean: Taken off each of red, green and blue, in units of 0..1.
        deviation: Divides each of red, green and blue, in units of 0..1.
    """

    channels: tuple[str, ...]
    output: Output = "logits"
    full_scale: float = 1.0
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    deviation: tuple[float, float, float] = (1.0, 1.0, 1.0)

    def __post_init__(self) -> None:
        unknown = sorted(set(self.channels) - {*NAMES, "background"})
        if unknown:
            raise BadInput(
                f"class {', '.join(unknown)} is not in the taxonomy; "
                f"use background or one of {', '.join(NAMES)}"
            )
        if not set(self.channels) - {"background"}:
            raise BadInput("no channel is damage; map at least one to a class of the taxonomy")
        if self.full_scale not in (1.0, 255.0):
            raise BadInput(f"white is 1 or 255 at the input, not {self.full_scale:g}")
        if not all(value > 0 for value in self.deviation):
            raise BadInput(f"deviation {self.deviation} must be above 0")

    @property
    def classes(self) -> tuple[str, ...]:
        """Return the classes that come out, background first, in the taxonomy's order."""
        kept = set(self.channels)
        return ("background", *(name for name in NAMES if name in kept))


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """Describe a network that is to be registered.

    Attributes:
        name: Id to call it by.
        form: How it takes pixels and gives answers.
        thresholds: Smallest probability, 0..1, at which a pixel is taken, for each class but
            background.
        gsd_range_mm_per_px: Smallest and largest size of a pixel it was trained for.
        size_multiple_px: Height and width of its input must be multiples of this.
        licence: SPDX identifier of the weights.
    """

    name: str
    form: Form
    thresholds: Mapping[str, float]
    gsd_range_mm_per_px: tuple[float, float]
    size_multiple_px: int = 32
    licence: str = "LicenseRef-own"

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name):
            raise BadInput(f"name {self.name!r}: use small letters, digits and hyphens, at most 63")
        if set(self.thresholds) != set(self.form.classes[1:]):
            raise BadInput(f"thresholds must name {', '.join(self.form.classes[1:])}")
        if not all(0 < value < 1 for value in self.thresholds.values()):
            raise BadInput("thresholds must lie between 0 and 1")
        low, high = self.gsd_range_mm_per_px
        if not 0 < low <= high < math.inf:
            raise BadInput(f"GSD range {low:g}..{high:g} mm/px is not a range")
        if not 1 <= len(self.form.channels) <= CHANNELS_MAX:
            raise BadInput(
                f"{len(self.form.channels)} channels are named; 1 to {CHANNELS_MAX} can be"
            )
        if not 1 <= len(self.licence) <= LICENCE_MAX or not self.licence.isprintable():
            raise BadInput(f"a licence is named in 1 to {LICENCE_MAX} signs, such as AGPL-3.0-only")


def plain_of(described: Described) -> dict[str, Any]:
    """Write a description as plain values."""
    form = described.form
    return {
        "name": described.name,
        "channels": list(form.channels),
        "output": form.output,
        "full_scale": form.full_scale,
        "mean": list(form.mean),
        "deviation": list(form.deviation),
        "thresholds": dict(described.thresholds),
        "gsd_range_mm_per_px": list(described.gsd_range_mm_per_px),
        "size_multiple_px": described.size_multiple_px,
        "licence": described.licence,
    }


def described_of(plain: dict[str, Any]) -> Described:
    """Read a description back."""
    low, high = plain["gsd_range_mm_per_px"]
    red, green, blue = plain["mean"]
    scatter = plain["deviation"]
    return Described(
        name=plain["name"],
        form=Form(
            channels=tuple(plain["channels"]),
            output=plain["output"],
            full_scale=plain["full_scale"],
            mean=(red, green, blue),
            deviation=(scatter[0], scatter[1], scatter[2]),
        ),
        thresholds=plain["thresholds"],
        gsd_range_mm_per_px=(low, high),
        size_multiple_px=plain["size_multiple_px"],
        licence=plain["licence"],
    )
