"""How many vehicles on real road photos the shipped detector hides, and what else it hides.

397 photos from a vehicle (Brazil set, 680 × 425 px). All were looked at once, with the detector's
boxes drawn in, which flatters it, and a point on every vehicle or part of one was noted; the points
are in the file beside this one. A vehicle is hidden when its point is. Every eighth of the other
photos shows false alarms.
"""

import json
import os
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from inspection.domain.privatearea import Box, widened
from models.backends.openvino_private import open_private
from models.private import DEFAULT_PRIVATE, WindowedDetector, load_private

LABELS = Path(__file__).with_suffix(".json")
EVERY = 8
LEAST_RECALL = 0.9
MOST_FALSE = 0.1
"""Share of photos without a vehicle in which something is hidden all the same."""


def hidden(detector: WindowedDetector, path: Path) -> list[Box]:
    """Give what would be hidden in a photo, px."""
    with Image.open(path) as opened:
        pixels = np.asarray(opened.convert("RGB"), dtype=np.uint8)
    size = pixels.shape[1], pixels.shape[0]
    return [widened(area.box_px, size) for area in detector.find(pixels)]


def holds(boxes: list[Box], point: list[int]) -> bool:
    """Tell whether a point is hidden."""
    x, y = point
    return any(x0 <= x < x1 and y0 <= y < y1 for x0, y0, x1, y1 in boxes)


def main(argv: list[str]) -> int:
    """Print recall and false alarms; 1 when they are worse than the documentation says."""
    default = Path(__file__).resolve().parents[2].parent / "shared" / "data"
    folder = Path(os.environ.get("TENKEN_DATA_DIR", default)) / "roads" / "brazil" / "images"
    if not folder.is_dir():
        print("no real photos: set TENKEN_DATA_DIR; nothing was measured")
        return 0
    labels = json.loads(LABELS.read_text(encoding="utf-8"))
    detector = open_private(load_private(DEFAULT_PRIVATE, Path("none")))
    seen = sum(map(len, labels.values()))
    found = 0
    for stem, points in labels.items():
        boxes = hidden(detector, folder / f"{stem}.jpg")
        found += sum(holds(boxes, point) for point in points)
    others = [path for path in sorted(folder.glob("*.jpg")) if path.stem not in labels][::EVERY]
    false = sum(bool(hidden(detector, path)) for path in others)
    print(f"{detector.detector_id}: {found} of {seen} vehicles on {len(labels)} photos are hidden")
    print(f"something is hidden on {false} of {len(others)} photos on which nobody sees a vehicle")
    return int(found < LEAST_RECALL * seen or false > MOST_FALSE * len(others))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
