"""Load other countries' scales and other data sets' classes, and how they meet ours."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from inspection.codelists.codelist import Codelist, load_codelist, number, whole
from inspection.domain.grade import GRADES
from inspection.domain.mbei import STATES, MbeiRule
from inspection.domain.soundness import SOUNDNESS
from inspection.domain.taxonomy import DamageClass
from inspection.errors import BadCodelist, BadInput

DATA_SETS = ("dacl10k", "codebrim", "rdd")


@lru_cache(maxsize=1)
def load_mbei_rule() -> MbeiRule:
    """Load the numbers of the MBEI condition states."""
    return mbei_rule(load_codelist("mbei_defect"))


def mbei_rule(codelist: Codelist) -> MbeiRule:
    """Build the numbers of the condition states from their code-list.

    Raises:
        BadCodelist: when a field is missing or bounds are in the wrong order.
    """
    try:
        widths = {whole(no): (number(a), number(b)) for no, (a, b) in codelist["width_mm"].items()}
        wide, close = (number(value) for value in codelist["spacing_m"])
        if any(low >= high for low, high in widths.values()) or wide <= close:
            raise ValueError(f"bounds out of order: {widths}, spacing {wide} m, {close} m")
        numbers = {row["number"] for row in codelist.rows()}
        if not set(widths) <= numbers:
            raise ValueError(f"{sorted(set(widths) - numbers)} are no defects of the list")
        return MbeiRule(
            version=codelist.version,
            width_mm=widths,
            spacing_m=(wide, close),
            spall_depth_mm=number(codelist["spall_depth_mm"]),
            spall_diameter_mm=number(codelist["spall_diameter_mm"]),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise BadCodelist(f"code-list {codelist.id!r}: {error!r}") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassMap:
    """Map names of public data sets to our classes; None: known, and of no use to us."""

    names: Mapping[str, Mapping[str, DamageClass | None]]
    mbei: Mapping[DamageClass, tuple[int, ...]]
    pci: Mapping[DamageClass, tuple[int, ...]]

    def ours(self, data_set: str, name: str) -> DamageClass | None:
        """Give our class of a name in a data set.

        Raises:
            BadInput: when the data set or the name is unknown; a guess would poison training.
        """
        if name not in self.names.get(data_set, {}):
            raise BadInput(f"{name!r} is no class of {data_set!r}; known sets: {[*self.names]}")
        return self.names[data_set][name]


@lru_cache(maxsize=1)
def load_class_map() -> ClassMap:
    """Load how classes of public data sets meet ours."""
    return class_map(load_codelist("class_map"))


def class_map(codelist: Codelist) -> ClassMap:
    """Build the maps from their code-list.

    Raises:
        BadCodelist: when a class or a number is unknown.
    """
    defects = {row["number"] for row in load_codelist("mbei_defect").rows()}
    distresses = set(load_codelist("astm_pci")["names"])
    try:
        names = {
            key: {str(n): None if c is None else DamageClass(c) for n, c in codelist[key].items()}
            for key in DATA_SETS
        }
        mbei, pci = (
            {DamageClass(row["code"]): tuple(map(whole, row[key])) for row in codelist.rows()}
            for key in ("mbei", "pci")
        )
        strange = {n for row in mbei.values() for n in row} - defects
        strange |= {n for row in pci.values() for n in row} - distresses
        if strange:
            raise ValueError(f"{sorted(strange)} are neither MBEI defects nor PCI distresses")
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise BadCodelist(f"code-list {codelist.id!r}: {error!r}") from error
    return ClassMap(names=names, mbei=mbei, pci=pci)


def nbi_class(ratings: Mapping[int, int]) -> str:
    """Give Good, Fair or Poor of NBI ratings 0–9 by item: the lowest primary component decides.

    Raises:
        BadInput: when no primary item is rated, an item is unknown or a rating is not 0–9.

    >>> nbi_class({58: 7, 59: 6, 60: 8})
    'Fair'
    """
    codelist = load_codelist("nbi")
    strange = [(item, r) for item, r in ratings.items() if item not in codelist["items"]]
    strange += [(item, r) for item, r in ratings.items() if not 0 <= r <= 9]
    primary = [r for item, r in ratings.items() if item in codelist["primary"]]
    if strange or not primary:
        raise BadInput(f"NBI ratings {dict(ratings)}: give 0 to 9 for {codelist['primary']}")
    bounds = sorted(codelist["classes"].items(), key=lambda pair: -pair[1])
    return next(str(name) for name, low in bounds if min(primary) >= low)


def indicative_mbei(grade: str) -> tuple[str, ...]:
    """Give the MBEI states that a Japanese grade is compared with; print the notice with it.

    >>> indicative_mbei("b")
    ('CS1', 'CS2')
    """
    table = load_codelist("indicative_scale")["mbei"]
    if grade not in tuple(GRADES) or not set(table[grade]) <= set(STATES):
        raise BadInput(f"grade {grade!r} is none of a to e")
    return tuple(table[grade])


def indicative_nbi(soundness: str) -> tuple[int, int]:
    """Give the NBI ratings that a soundness is compared with; print the notice with it.

    >>> indicative_nbi("III")
    (3, 4)
    """
    if soundness not in SOUNDNESS:
        raise BadInput(f"soundness {soundness!r} is none of I to IV")
    low, high = load_codelist("indicative_scale")["nbi"][soundness]
    return whole(low), whole(high)
