"""Name the pixel classes that labels carry and those that the shipped detector tells apart.

Index 0 is background. The names are the ``mclass`` names of ``inspection.domain.taxonomy``;
``joint`` (formwork and slab joints) is a distractor: it is reported, but it is not a defect.
``IGNORE_INDEX`` marks pixels whose class the labels do not settle; no loss is taken there.
"""

from typing import Final

from inspection.errors import BadInput

CLASS_NAMES: Final[tuple[str, ...]] = (
    "background",
    "crack",
    "alligator_crack",
    "pothole",
    "patch",
    "joint",
)
BACKGROUND: Final = 0
CRACK: Final = 1
ALLIGATOR_CRACK: Final = 2
POTHOLE: Final = 3
PATCH: Final = 4
JOINT: Final = 5
IGNORE_INDEX: Final = 255
LABEL_NAMES: Final[tuple[str, ...]] = (
    *CLASS_NAMES,
    "spall",
    "exposed_rebar",
    "efflorescence",
    "wet_spot",
    "rust_stain",
    "steel_corrosion",
    "honeycomb",
    "surface_wear",
    "leftover_formwork",
    "graffiti",
    "bearing",
    "joint_damage",
    "delamination_ir",
    "vegetation",
    "manhole",
    "debris",
)
"""Every class that labels may carry; the first are ``CLASS_NAMES``, so their indices agree.

The shipped detector learns only ``CLASS_NAMES``: for the others there are no labels whose licence
allows shipping. A configuration may list more (``TrainConfig.classes``); what it does not list is
left undecided in training, never taught as background.
"""

DISTRACTOR_CLASSES: Final[frozenset[str]] = frozenset({"joint"})


def class_index(name: str) -> int:
    """Return the index of a class in ``LABEL_NAMES``, or ``IGNORE_INDEX`` for ``ignore``.

    Raises:
        BadInput: No label may carry that class.

    Examples:
        >>> class_index("crack"), class_index("ignore")
        (1, 255)
    """
    if name == "ignore":
        return IGNORE_INDEX
    if name not in LABEL_NAMES:
        raise BadInput(f"class {name!r} is unknown; use ignore or one of {', '.join(LABEL_NAMES)}")
    return LABEL_NAMES.index(name)
