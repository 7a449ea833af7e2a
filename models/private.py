"""Find what must not be seen in photos: which networks there are, and how photos are shown to them.

A network is two files in ``models/weights/private`` or in the operator's own folder: ``NAME.onnx``
and ``NAME.json``. Its contract is what Ultralytics writes for YOLO26, or for any YOLO that is
exported with ``nms=True``:

* input ``images``: (1, 3, h, w) float32, RGB, 0..1, h and w multiples of 32, free or fixed;
* output: (1, k, 6), each row x0 y0 x1 y1 (px of the input), score, index of the kind.

Importing this module needs neither torch nor an inference library.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from inspection.domain.privatearea import PrivateArea, PrivateKind, distinct
from inspection.errors import BadInput, Broken, NotFound
from models.registry import list_names, sha256_of

PRIVATE_DIR: Final = Path(__file__).parent / "weights" / "private"
DEFAULT_PRIVATE: Final = "tenken-private-n"
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")

WINDOW_PX = 1280
"""Longest side of what a network sees at once."""

OVERLAP_PX = 320
"""Overlap of neighbouring windows: whatever is smaller is whole in one of them."""

STEP_PX = 32
GREY = 114
"""What fills the rest of a window; the grey that YOLO networks are trained with."""

Answer = NDArray[np.float32]
Network = Callable[[NDArray[np.uint8]], Answer]
"""Looks at pixels (h, w, 3) uint8 RGB, h and w multiples of 32, and answers (k, 6)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateEntry:
    """Describe one registered network.

    Attributes:
        name: id, also the stem of its files.
        onnx_path: the network.
        sha256: digest of the file.
        kinds: what it finds, in the order of its answers.
        threshold: least score, 0..1; low on purpose, for what is missed is seen by everybody.
        licence: SPDX identifier of the weights.
        origin: where they come from.
    """

    name: str
    onnx_path: Path
    sha256: str
    kinds: tuple[PrivateKind, ...]
    threshold: float
    licence: str
    origin: str

    def __post_init__(self) -> None:
        """Check that it can be used."""
        if NAME.fullmatch(self.name) is None:
            raise BadInput(f"name {self.name!r}: use letters a–z, digits and hyphens, 63 at most")
        if not self.kinds or len(set(self.kinds)) != len(self.kinds):
            raise BadInput(f"{self.name}: name each kind that it finds once, at least one")
        if not 0 < self.threshold < 1:
            raise BadInput(f"{self.name}: a threshold lies between 0 and 1, got {self.threshold}")

    @property
    def detector_id(self) -> str:
        """Name the network, the digest of its weights and its threshold."""
        return f"{self.name}@{self.sha256[:12]}/{self.threshold:g}"


def describe(entry: PrivateEntry) -> dict[str, Any]:
    """Give the description of a network as it is written beside it."""
    return {
        "name": entry.name,
        "sha256": entry.sha256,
        "kinds": [kind.value for kind in entry.kinds],
        "threshold": entry.threshold,
        "licence": entry.licence,
        "origin": entry.origin,
    }


def private_names(own_dir: Path) -> tuple[str, ...]:
    """Name the networks that came with Tenken and the operator's own."""
    return tuple(sorted({*list_names(PRIVATE_DIR), *list_names(own_dir)}))


def load_private(name: str, own_dir: Path) -> PrivateEntry:
    """Give a registered network after checking that its file is the one that was registered.

    Raises:
        NotFound: when there is none of that name.
        Broken: when its description or its file is damaged.
    """
    for folder in (PRIVATE_DIR, own_dir):
        if name in list_names(folder):
            return _read(folder / f"{name}.json")
    known = ", ".join(private_names(own_dir)) or "none"
    raise NotFound(f"no detector {name!r} of faces and plates is registered; known: {known}")


def _read(path: Path) -> PrivateEntry:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        entry = PrivateEntry(
            name=path.stem,
            onnx_path=path.with_suffix(".onnx"),
            sha256=str(told["sha256"]),
            kinds=tuple(PrivateKind(kind) for kind in told["kinds"]),
            threshold=float(told["threshold"]),
            licence=str(told["licence"]),
            origin=str(told["origin"]),
        )
    except (OSError, ValueError, KeyError, TypeError, BadInput) as error:
        raise Broken(f"detector {path.stem}: {path.name} cannot be read: {error!r}") from error
    if not entry.onnx_path.is_file() or sha256_of(entry.onnx_path) != entry.sha256:
        raise Broken(
            f"detector {entry.name}: {entry.onnx_path.name} is missing, damaged or was replaced; "
            "register it anew with 'tenken privacy register'"
        )
    return entry


class WindowedDetector:
    """Show photos of any size to a network; keeps ``inspection.pipeline.ports.PrivacyDetector``.

    The whole photo is shown once, shrunk, for what is large, and then in overlapping windows of its
    own pixels, for what is small.
    """

    def __init__(self, entry: PrivateEntry, network: Network) -> None:
        """Use a network as its description says."""
        self._entry = entry
        self._network = network

    @property
    def detector_id(self) -> str:
        """Name the detector, the digest of its weights and its threshold."""
        return self._entry.detector_id

    def find(self, pixels: NDArray[np.uint8]) -> tuple[PrivateArea, ...]:
        """Find what must not be seen in pixels (H, W, 3) uint8 RGB; the surest first.

        Raises:
            BadInput: when the pixels have another shape or type.
            Broken: when the network answers something else than it should.
        """
        if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or not pixels.size:
            raise BadInput(f"a photo is (H, W, 3) uint8, got {pixels.shape} {pixels.dtype}")
        found: list[PrivateArea] = []
        for part, x_px, y_px, scale in _views(pixels):
            answer = self._network(_padded(part))
            found += self._areas(answer, (x_px, y_px), scale, pixels.shape[1::-1])
        return distinct(found)

    def _areas(
        self, answer: Answer, corner: tuple[int, int], scale: float, size: Sequence[int]
    ) -> Iterator[PrivateArea]:
        """Give the areas of one answer in px of the photo."""
        if answer.ndim != 2 or answer.shape[1] != 6 or not np.isfinite(answer).all():
            raise Broken(f"{self.detector_id} answers {answer.shape}, expected numbers (k, 6)")
        for row in answer[answer[:, 4] >= self._entry.threshold]:
            kind = int(row[5])
            if not 0 <= kind < len(self._entry.kinds):
                raise Broken(f"{self.detector_id} answers kind {kind}, which it does not name")
            x0, y0, x1, y1 = row[:4] / scale + np.array([*corner, *corner])
            box = (
                max(0, int(np.floor(x0))),
                max(0, int(np.floor(y0))),
                min(size[0], int(np.ceil(x1))),
                min(size[1], int(np.ceil(y1))),
            )
            if box[0] < box[2] and box[1] < box[3]:  # may lie in the grey beside the photo
                score = min(1.0, round(float(row[4]), 4))
                yield PrivateArea(kind=self._entry.kinds[kind], box_px=box, score=score)


def _views(pixels: NDArray[np.uint8]) -> Iterator[tuple[NDArray[np.uint8], int, int, float]]:
    """Give what the network is shown: pixels, corner in the photo px, and scale."""
    height, width = pixels.shape[:2]
    scale = WINDOW_PX / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    yield np.asarray(cv2.resize(pixels, size, interpolation=how), dtype=np.uint8), 0, 0, scale
    if scale >= 1:
        return
    for y_px in starts(height):
        for x_px in starts(width):
            part = pixels[y_px : y_px + WINDOW_PX, x_px : x_px + WINDOW_PX]
            yield np.ascontiguousarray(part), x_px, y_px, 1.0


def starts(length_px: int) -> list[int]:
    """Give where windows begin along a side, px: they overlap, and the last ends with the side.

    >>> starts(1280), starts(2240), starts(3000)
    ([0], [0, 960], [0, 860, 1720])
    """
    if length_px <= WINDOW_PX:
        return [0]
    rest = length_px - WINDOW_PX
    count = -(-rest // (WINDOW_PX - OVERLAP_PX))
    return [round(number * rest / count) for number in range(count + 1)]


def _padded(part: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Fill a picture up with grey to sides that a network takes."""
    height, width = part.shape[:2]
    padded = np.full((-(-height // STEP_PX) * STEP_PX, -(-width // STEP_PX) * STEP_PX, 3), GREY)
    padded[:height, :width] = part
    return padded.astype(np.uint8)
