"""Name the pictures that a person looks at so that their names tell what was looked at."""

import re
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from inspection.domain.privatearea import TAG_DIGITS
from inspection.pipeline.screen import Shown

DIGITS = 12
"""Digits of a photo's digest in the name of its picture."""

NAME = re.compile(rf"\d{{3,}}-([0-9a-f]{{{DIGITS}}})-([0-9a-f]{{{TAG_DIGITS}}})\.jpg")


def file_name(shown: Shown) -> str:
    """Name the picture of a photo: number of the damage, photo, what is blurred in it."""
    return f"{shown.numbers[0]:03d}-{shown.photo.sha256[:DIGITS]}-{shown.privacy.tag}.jpg"


def tags_in(folder: Path) -> Mapping[str, frozenset[str]]:
    """Read what was looked at off the names in a folder: tags by beginning of the photo's digest.

    Files with other names are somebody else's. One photo may have several pictures there, of looks
    one after the other.
    """
    found: dict[str, set[str]] = defaultdict(set)
    for path in folder.iterdir():
        if fits := NAME.fullmatch(path.name):
            found[fits[1]].add(fits[2])
    return {photo: frozenset(tags) for photo, tags in found.items()}
