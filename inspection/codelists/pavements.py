"""Load the rules of pavement: classes, MCI mapping and the PCI of ASTM D6433."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from inspection.codelists.codelist import Codelist, load_codelist, number, whole
from inspection.domain.pavement import INDICES, PavementRule
from inspection.domain.pci import DeductCurve, PciModel, QuantityKind, Severity
from inspection.errors import BadCodelist, BadInput

DISTRESSES = range(1, 20)


@lru_cache(maxsize=1)
def load_pavement_rule() -> PavementRule:
    """Load the classes of asphalt pavement."""
    return pavement_rule(load_codelist("pavement_class"))


def pavement_rule(codelist: Codelist) -> PavementRule:
    """Build the classes from their code-list.

    Raises:
        BadCodelist: when an index is missing or bounds do not ascend.
    """
    try:
        bounds = {str(name): _pair(pair) for name, pair in codelist["bounds"].items()}
        third, second = _pair([*codelist["mci_bounds"]][::-1])
        if set(bounds) != set(INDICES):
            raise ValueError(f"bounds are needed for {INDICES}, got {sorted(bounds)}")
        return PavementRule(
            version=codelist.version,
            bounds=bounds,
            mci_bounds=(second, third),
            names={
                name: (str(codelist["names"][name]["ja"]), str(codelist["names"][name]["en"]))
                for name in INDICES
            },
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise BadCodelist(f"code-list {codelist.id!r}: {error!r}") from error


def _pair(pair: list[float]) -> tuple[float, float]:
    """Give two ascending numbers."""
    low, high = (number(value) for value in pair)
    if not low < high:
        raise ValueError(f"{low} must be less than {high}")
    return low, high


@lru_cache(maxsize=1)
def load_pci_model() -> PciModel:
    """Load the deduct curves of asphalt."""
    return pci_model(load_codelist("astm_pci"))


def pci_model(codelist: Codelist) -> PciModel:
    """Build the deduct curves from their code-list.

    Raises:
        BadCodelist: when a curve is missing, doubled or wrong, or ratings do not descend to 0.
    """
    try:
        curves = [_curve(row) for row in codelist.rows()]
        found: dict[tuple[int, str], DeductCurve] = {(c.number, c.severity): c for c in curves}
        wanted = {(n, s) for n in DISTRESSES for s in (("-",) if n == 12 else ("L", "M", "H"))}
        if set(found) != wanted or len(found) != len(curves):
            raise ValueError(f"curves missing or strange: {sorted(set(found) ^ wanted)}")
        ratings = tuple(
            (number(row["from"]), str(row["en"]), str(row["ja"])) for row in codelist["ratings"]
        )
        bounds = [low for low, _, _ in ratings]
        if bounds != sorted(bounds, reverse=True) or bounds[-1] != 0:
            raise ValueError(f"ratings must descend to 0, got {bounds}")
        return PciModel(
            version=codelist.version,
            curves=found,
            corrected={
                whole(q): tuple(number(c) for c in row) for q, row in codelist["corrected"].items()
            },
            ratings=ratings,
            names={
                whole(n): (str(row["en"]), str(row["ja"])) for n, row in codelist["names"].items()
            },
        )
    except (AttributeError, KeyError, TypeError, ValueError, BadInput) as error:
        raise BadCodelist(f"code-list {codelist.id!r}: {error!r}") from error


def _curve(row: Mapping[str, Any]) -> DeductCurve:
    """Build one curve."""
    low, high = (number(value) for value in row["range"])
    return DeductCurve(
        number=whole(row["number"]),
        severity=_severity(row["severity"]),
        quantity=QuantityKind(row["quantity"]),
        coefficients=tuple(number(value) for value in row["coefficients"]),
        low_percent=low,
        high_percent=high,
    )


def _severity(value: object) -> Severity:
    for severity in ("L", "M", "H", "-"):
        if value == severity:
            return severity
    raise ValueError(f"severity {value!r} is none of L, M, H, -")
