"""Take numbers from the command line that are numbers: NaN lies within every range of click's."""

import math
from typing import Any

import click


class FiniteRange(click.FloatRange):
    """Take a finite number within bounds, any of them unless bounds are given."""

    def __init__(
        self,
        min: float | None = None,  # click's own names
        max: float | None = None,
        *,
        min_open: bool = False,
        max_open: bool = False,
        clamp: bool = False,
    ) -> None:
        """Keep the bounds; without bounds it is called a plain number in the help."""
        super().__init__(min, max, min_open=min_open, max_open=max_open, clamp=clamp)
        if min is None and max is None:
            self.name = "float"

    def _describe_range(self) -> str:
        """Say the bounds in the help; nothing where there are none."""
        return "" if self.min is None and self.max is None else super()._describe_range()

    def convert(
        self,
        value: Any,  # noqa: ANN401 as click declares it
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> float:
        """Read the number."""
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value!r} is no finite number", param, ctx)
        return number


FINITE = FiniteRange()
"""Any finite number."""
