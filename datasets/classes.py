"""Name the pixel classes that the shipped detector tells apart.

Index 0 is background. The names are the ``mclass`` names of ``inspection.domain.taxonomy``;
``joint`` (formwork and slab joints) is a distractor: it is reported, but it is not a defect.
``IGNORE_INDEX`` marks pixels whose class the labels do not settle; no loss is taken there.
"""

from typing import Final

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
DISTRACTOR_CLASSES: Final[frozenset[str]] = frozenset({"joint"})
