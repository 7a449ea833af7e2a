"""Describe what is inspected: a bridge, a stretch of pavement, another structure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from unicodedata import category

from inspection.errors import BadInput

CONTROL = "Cc"
"""Unicode's general category of control characters, NUL and line ends among them."""


class AssetKind(StrEnum):
    """Say which family of rules an asset follows."""

    BRIDGE = "bridge"
    PAVEMENT_SECTION = "pavement_section"
    OTHER = "other"


class Concrete(StrEnum):
    """Say which crack-width classes a concrete member uses (domain specification §1.5.1)."""

    RC = "RC"
    PC = "PC"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """Identify one asset and carry the attributes that the priority model reads.

    Attributes:
        asset_id: the owner's identifier, stable over all surveys, never reused.
        name: what people call it.
        kind: family of rules.
        member: symbol and number of the inspected member, such as ``Ds0101``; empty when unknown.
        concrete: RC or PC; the width classes of cracks differ.
        attributes: inputs of the priority model by code (domain specification §5.2); absent means
            unknown, which the model reports as missing.
    """

    asset_id: str
    name: str
    kind: AssetKind = AssetKind.OTHER
    member: str = ""
    concrete: Concrete = Concrete.RC
    attributes: Mapping[str, str | float | bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check the identifier, and that a database can keep the words."""
        if not self.asset_id.strip() or len(self.asset_id) > 200:
            raise BadInput(f"asset_id must have 1 to 200 characters, got {self.asset_id!r}")
        check_one_line("asset_id", self.asset_id)
        for field_name in ("name", "member"):
            if "\0" in getattr(self, field_name):
                raise BadInput(f"{field_name} contains a NUL character; leave it out")


def check_one_line(field_name: str, text: str) -> str:
    """Give a text back when it can stand in one field of a form, a file or a database.

    Raises:
        BadInput: when it has a control character: a NUL, a tab, a line end.

    >>> check_one_line("name", "犀川　大橋")
    '犀川　大橋'
    """
    for char in text:
        if category(char) == CONTROL:
            raise BadInput(
                f"{field_name} {text!r} contains the control character {char!r}, which no form "
                "or file can carry; leave it out"
            )
    return text
