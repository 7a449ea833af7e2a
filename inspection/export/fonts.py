"""Find a Japanese font for PDF files, and know which characters it has.

A PDF that shows boxes instead of names is worse than none. So the font is looked for first, its
absence is an error that says what to install, and a character that the font lacks becomes 〓.
"""

import re
import subprocess
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from fontTools.ttLib import TTCollection, TTFont, TTLibError

from inspection.errors import Unavailable
from inspection.export.encoding import MISSING_TYPE

FAMILIES = (
    "Noto Sans CJK JP",
    "Noto Sans JP",
    "Source Han Sans JP",
    "IPAexGothic",
    "IPAGothic",
    "IPA Pゴシック",
    "TakaoGothic",
    "VL Gothic",
)
"""Free Japanese fonts of Debian's packages, the preferred one first."""

PACKAGE = "fonts-noto-cjk"

_SELECTOR = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
"""Choose the form of the character before them. Source: Unicode, UTS #37."""

_LINE = re.compile(r"(?P<file>/.*?): (?P<families>.*?)(?::index=(?P<index>\d+))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Font:
    """Name an installed font and list the characters that it has."""

    family: str
    characters: frozenset[int]

    def shown(self, text: str) -> str:
        """Give a text in which every character can be printed; what cannot becomes 〓.

        A variation selector, as in 葛󠄀城市, is no character of its own: it is left out.

        >>> Font(family="x", characters=frozenset(map(ord, "橋〓"))).shown("橋😀")
        '橋〓'
        """
        return "".join(
            char if ord(char) in self.characters or char in "\n\t" else MISSING_TYPE
            for char in text
            if _SELECTOR.fullmatch(char) is None
        )


@lru_cache(maxsize=1)
def japanese_font() -> Font:
    """Find the Japanese font that PDF files are set in.

    Raises:
        Unavailable: when none is installed, or fontconfig is missing.
    """
    return choose(list_fonts())


def list_fonts() -> str:
    """Ask fontconfig for the fonts that know Japanese, one a line.

    Raises:
        Unavailable: when fontconfig is missing.
    """
    try:
        asked = subprocess.run(
            ["fc-list", ":lang=ja:style=Regular", "file", "family", "index"],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise Unavailable(
            f"the fonts of this machine cannot be listed ({error}); PDF files need Debian's "
            f"packages fontconfig and {PACKAGE}"
        ) from error
    return asked.stdout


def choose(listing: str) -> Font:
    """Choose a font from the listing of fontconfig.

    Raises:
        Unavailable: when it has no font that we know, or its file cannot be read.
    """
    found: dict[str, tuple[Path, int]] = {}
    for line in listing.splitlines():
        match = _LINE.fullmatch(line.strip())
        if match is not None:
            for family in match["families"].split(","):
                found.setdefault(family, (Path(match["file"]), int(match["index"] or 0)))
    for family in FAMILIES:
        if family in found:
            path, index = found[family]
            return Font(family=family, characters=_characters(path, index))
    raise Unavailable(
        "no Japanese font is installed, and a PDF without one would show boxes; install Debian's "
        f"package {PACKAGE} (or fonts-ipafont) and try again"
    )


def _characters(path: Path, index: int) -> frozenset[int]:
    """List the code points that a font file has a shape for."""
    try:
        with path.open("rb") as file:
            if path.suffix.lower() in (".ttc", ".otc"):
                return frozenset(TTCollection(file, lazy=True).fonts[index].getBestCmap())
            return frozenset(TTFont(file, lazy=True).getBestCmap())
    except (OSError, TTLibError, IndexError) as error:
        raise Unavailable(f"font {path.name} cannot be read: {error}; install it again") from error
