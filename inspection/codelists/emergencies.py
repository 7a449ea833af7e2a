"""Load which assets are looked at first after a disaster."""

from functools import lru_cache

from inspection.codelists.codelist import Codelist, load_codelist, number
from inspection.codelists.priorities import factor_of
from inspection.domain.emergency import Hazard, OrderRule, Signal
from inspection.errors import BadCodelist


@lru_cache(maxsize=1)
def load_order_rule() -> OrderRule:
    """Load the rule that ships with Tenken."""
    return order_rule(load_codelist("emergency_order"))


def order_rule(codelist: Codelist) -> OrderRule:
    """Build the rule from its code-list.

    Raises:
        BadCodelist: when a field is missing or wrong, or the waves do not descend.
    """
    try:
        common = [factor_of(row) for row in codelist["common"]]
        waves = tuple(number(bound) for bound in codelist["waves"])
        if list(waves) != sorted(set(waves), reverse=True):
            raise ValueError(f"the waves must descend, got {waves}")
        return OrderRule(
            version=codelist.version,
            factors={
                hazard: (*common, *(factor_of(row) for row in codelist["hazards"][hazard.value]))
                for hazard in Hazard
            },
            waves=waves,
            expected={str(k): Signal(v) for k, v in codelist["expected"].items()},
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise BadCodelist(f"code-list {codelist.id!r}: {error!r}") from error
