"""Look for people, vehicles, faces and plates with OpenVINO on the CPU."""

from models.backends.openvino_boxes import OpenVinoBoxes
from models.private import PrivateEntry, WindowedDetector


def open_private(entry: PrivateEntry, *, threads: int = 0) -> WindowedDetector:
    """Give a detector that looks at photos with a registered network."""
    return WindowedDetector(entry, OpenVinoBoxes(entry, threads=threads))
