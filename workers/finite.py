"""Take numbers from the command line that are numbers: NaN lies within every range of click's."""

import math
from typing import Any

import click


class FiniteRange(click.FloatRange):
    """Take a finite number within bounds, all of them unless bounds are given."""

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
