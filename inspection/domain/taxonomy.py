"""Name what a machine can see on a surface.

Source: domain specification §3.5 (internal ontology ``mclass``). Labels, colours and the mapping
to the 26 Japanese damage types are code-list data (``inspection/codelists/damage_class.yaml``).
"""

from enum import StrEnum


class DamageClass(StrEnum):
    """One class of the internal ontology; the value is the code that is stored."""

    CRACK = "crack"
    ALLIGATOR_CRACK = "alligator_crack"
    DECK_CRACK = "deck_crack"
    SPALL = "spall"
    DELAMINATION_IR = "delamination_ir"
    EXPOSED_REBAR = "exposed_rebar"
    RUST_STAIN = "rust_stain"
    STEEL_CORROSION = "steel_corrosion"
    PAINT_LOSS = "paint_loss"
    EFFLORESCENCE = "efflorescence"
    WET_SPOT = "wet_spot"
    HONEYCOMB = "honeycomb"
    SURFACE_WEAR = "surface_wear"
    LEFTOVER_FORMWORK = "leftover_formwork"
    GRAFFITI = "graffiti"
    DEFORMATION = "deformation"
    MISSING_PART = "missing_part"
    BOLT_MISSING = "bolt_missing"
    DEBRIS = "debris"
    VEGETATION = "vegetation"
    JOINT_DAMAGE = "joint_damage"
    BEARING = "bearing"
    POTHOLE = "pothole"
    PATCH = "patch"
    RUT = "rut"
    LANE_MARKING_WEAR = "lane_marking_wear"
    MANHOLE = "manhole"
    SPACER_OTHER = "spacer_other"
    JOINT = "joint"


LINEAR_CLASSES = frozenset({DamageClass.CRACK, DamageClass.DECK_CRACK})
"""Classes measured along a skeleton (length, width); the others are measured as areas."""

DISTRACTOR_CLASSES = frozenset({DamageClass.JOINT, DamageClass.MANHOLE, DamageClass.VEGETATION})
"""Classes that are recognised so as not to be called damage; they never become defects."""


def is_defect(damage_class: DamageClass) -> bool:
    """Tell whether a class is damage rather than something that only looks like it.

    >>> is_defect(DamageClass.CRACK), is_defect(DamageClass.JOINT)
    (True, False)
    """
    return damage_class not in DISTRACTOR_CLASSES
