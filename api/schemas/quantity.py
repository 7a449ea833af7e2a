"""Shape of a measured number."""

from typing import Self

from pydantic import Field

from api.schemas.base import Shape
from inspection.domain.measurement import Quantity, Refusal


class QuantityOut(Shape):
    """Show a measured number; below the limit there is no number to show."""

    value: float | None = Field(description="None when below_limit (show '< limit') or refused")
    expanded_uncertainty: float | None = Field(description="U = 2·u (k = 2), same unit")
    limit: float
    below_limit: bool
    refused: Refusal | None = Field(description="why there is no number at all, whatever its size")

    @classmethod
    def of(cls, quantity: Quantity) -> Self:
        """Show a quantity of the domain."""
        return cls(
            value=quantity.value,
            expanded_uncertainty=quantity.expanded_uncertainty,
            limit=quantity.limit,
            below_limit=quantity.below_limit,
            refused=quantity.refused,
        )

    @classmethod
    def of_optional(cls, quantity: Quantity | None) -> Self | None:
        """Show a quantity that a damage may not have."""
        return None if quantity is None else cls.of(quantity)
