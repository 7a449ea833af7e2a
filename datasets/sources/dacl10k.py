"""Read dacl10k: bridge photos with outlines of 13 damages and 6 objects, divided by its makers.

The order of its classes differs between copies, so they are mapped by name. Its makers' licence is
CC BY-NC 4.0 (a copy elsewhere says CC BY 4.0), so weights trained on it are not shipped.
"""

from pathlib import Path

from datasets.classes import ALLIGATOR_CRACK, BACKGROUND, CRACK, class_index
from datasets.manifest import LabelKind, Sample, Source, Split
from datasets.sources.layout import pair_files

SOURCE = Source(
    name="dacl10k",
    folder="structures/dacl10k",
    licence="CC-BY-NC-4.0",
    citation="Flotzinger, Rösch, Braml 2023, dacl10k, arXiv:2309.00460; phiyodr/dacl10k-toolkit",
    label_kind=LabelKind.LABELME,
    box_classes={
        "Crack": CRACK,
        "ACrack": ALLIGATOR_CRACK,
        "Spalling": class_index("spall"),
        "ExposedRebars": class_index("exposed_rebar"),
        "Efflorescence": class_index("efflorescence"),
        "Wetspot": class_index("wet_spot"),
        "Rust": class_index("rust_stain"),
        "Rockpocket": class_index("honeycomb"),
        "Cavity": class_index("honeycomb"),
        "WConccor": class_index("surface_wear"),
        "Weathering": class_index("surface_wear"),
        "Hollowareas": class_index("delamination_ir"),
        "Restformwork": class_index("leftover_formwork"),
        "Graffiti": class_index("graffiti"),
        "Bearing": class_index("bearing"),
        "EJoint": class_index("joint_damage"),
        "JTape": BACKGROUND,
        "Drainage": BACKGROUND,
        "PEquipment": BACKGROUND,
    },
    shippable=False,
)


def read(data_dir: Path) -> tuple[Sample, ...]:
    """Return the photos in the publisher's split."""
    root = data_dir / SOURCE.folder
    return tuple(
        sample
        for split, name in ((Split.TRAIN, "train"), (Split.VAL, "validation"))
        for sample in pair_files(
            SOURCE.name,
            root / "images" / name,
            root / "annotations" / name,
            ".json",
            lambda stem, split=split: (split, f"{split.value}/{stem}"),  # type: ignore[misc]  # mypy: default of a lambda
        )
    )
