"""Print the figures of docs/what-was-inspected.md and draw its pictures.

Run by hand: ``python -m tests.benchmarks.inspected docs/pictures``.
"""

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import shapely
from numpy.typing import NDArray

from inspection.domain.growth import Change
from inspection.imaging.surface import FlatSurface
from inspection.pipeline.capability import Element, Proof, answer, prove
from inspection.pipeline.growth import Side, compare
from inspection.pipeline.ports import Silence
from tests.support import crack_pair, facade_scene
from tests.unit.pipeline.test_growth import STEEP, THIN, WIDE, seen

COLOURS = {1: (110, 178, 60), 2: (40, 140, 240), 3: (90, 90, 90)}
NAMES = {1: "yes", 2: "no", 3: "not seen"}
WALL = Element(name="wall", outline_m=shapely.box(0, 0, 4, 3))


def main(argv: Sequence[str] | None = None) -> int:
    """Print the figures and write the pictures, where a folder is given."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pictures", type=Path, nargs="?", help="folder for two pictures")
    wanted = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pictures = wanted.pictures or folder / "pictures"
        pictures.mkdir(parents=True, exist_ok=True)
        proof = _capability(folder)
        _draw_capability(proof, pictures / "capability.png")
        _growth(folder, pictures / "growth.png")
    return 0


def _capability(folder: Path) -> Proof:
    """Compare the map with the truth at easy and at awkward widths."""
    views = facade_scene.render(folder)
    proof = prove(
        views,
        FlatSurface(),
        "LOCAL",
        width_mm=1.0,
        progress=Silence(),
        elements=[WALL],
        cell_m=0.02,
    )
    grid = proof.capability.grid
    x, y = np.meshgrid(np.arange(grid.width_px) + 0.5, np.arange(grid.height_px) + 0.5)
    at = grid.to_surface(np.column_stack([x.ravel(), y.ravel()]))
    world = np.column_stack([at, np.zeros(len(at))])
    for width_mm in (0.5, 0.68, 0.75, 0.85, 1.0, 1.4, 1.8, 2.15, 2.2, 2.5):
        found = answer(proof.capability, width_mm=width_mm, elements=[WALL])
        truth = facade_scene.true_codes(world, width_mm).reshape(found.inspected.shape)
        right = np.mean(found.inspected == truth)
        falsely = np.mean((found.inspected == 1) & (truth != 1))
        print(f"capability {width_mm:4.2f} mm: right {right:7.2%}, falsely 'yes' {falsely:6.2%}")
    return proof


def _draw_capability(proof: Proof, path: Path) -> None:
    scale = 3
    codes = cv2.resize(proof.inspected, None, fx=scale, fy=scale, interpolation=cv2.INTER_NEAREST)
    right = np.zeros((*codes.shape, 3), dtype=np.uint8)
    for code, colour in COLOURS.items():
        right[codes == code] = colour
    wall = facade_scene.texture()
    left = cv2.resize(wall, codes.shape[::-1], interpolation=cv2.INTER_AREA)
    left = np.repeat((255 * left[..., None] ** (1 / 2.2)).astype(np.uint8), 3, axis=2)
    for shot in facade_scene.SHOTS:
        spot = (int(shot.towards_m[0] * 50 * scale), int((3 - shot.towards_m[1]) * 50 * scale))
        cv2.circle(left, spot, 5, (0, 0, 200), -1)
        _write(left, shot.name, (spot[0] - 45, spot[1] - 12), (0, 0, 160))
    (share,) = proof.shares
    percent = (share.yes_percent, share.no_percent, share.not_seen_percent)
    legend = np.full((46, codes.shape[1] * 2 + 10, 3), 255, dtype=np.uint8)
    _write(legend, "inspected at 1.0 mm?", (10, 29), (0, 0, 0))
    for n, (code, value) in enumerate(zip(NAMES, percent, strict=True)):
        x = 290 + n * 230
        cv2.rectangle(legend, (x, 12), (x + 24, 34), COLOURS[code], -1)
        _write(legend, f"{NAMES[code]} {value:.0f} %", (x + 34, 29), (0, 0, 0))
    gap = np.full((codes.shape[0], 10, 3), 255, dtype=np.uint8)
    cv2.imwrite(str(path), np.vstack([np.hstack([left, gap, right]), legend]))


def _growth(folder: Path, path: Path) -> None:
    """Count what is found over ten pairs of surveys."""
    before = {"wide": WIDE, "thin": THIN, "steep": STEEP}
    after = before | {"wide": replace(WIDE, width_px=4.5)}
    errors, false_alarms, found_grown, u = [], 0, 0, []
    for seed in range(10):
        a, b = folder / "a.tif", folder / "b.tif"
        crack_pair.write(a, list(before.values()), seed=seed, face_seed=seed)
        crack_pair.write(
            b,
            list(after.values()),
            seed=100 + seed,
            face_seed=seed,
            blur_px=0.7 + 0.08 * seed,
            light=0.8 + 0.04 * seed,
            shift_px=(0.37 * seed, -0.29 * seed),
        )
        sides = [
            Side(mosaic=file, cracks=tuple(seen(k, d) for k, d in drawn.items()))
            for file, drawn in ((a, before), (b, after))
        ]
        for growth in compare(sides[0], sides[1], Silence()):
            assert growth.width_mm is not None
            true = 0.5 if growth.before == ("wide",) else 0.0
            errors.append(growth.width_mm.value - true)
            u.append(growth.width_mm.expanded_uncertainty)
            if true:
                found_grown += growth.change is Change.GROWN
            else:
                false_alarms += growth.change is not Change.NO_SIGNIFICANT_CHANGE
    inside = np.mean(np.abs(errors) <= u)
    print(
        f"growth +0.5 px found {found_grown} of 10; unchanged called changed {false_alarms} of 20; "
        f"largest error {np.abs(errors).max():.3f} px, mean U {np.mean(u):.3f} px, "
        f"inside U {inside:.0%}"
    )
    _draw_growth(folder, path)


def _draw_growth(folder: Path, path: Path) -> None:
    crops: list[NDArray[np.uint8]] = []
    for name, text in (("a.tif", "before: 4.0 px"), ("b.tif", "after: 4.5 px")):
        rgb = cv2.imread(str(folder / name), cv2.IMREAD_COLOR)[110:190, 400:560]
        crop = cv2.resize(rgb, None, fx=4, fy=4, interpolation=cv2.INTER_NEAREST)
        _write(crop, text, (12, 28), (255, 255, 255))
        crops.append(np.asarray(crop, dtype=np.uint8))
    gap = np.full((crops[0].shape[0], 8, 3), 255, dtype=np.uint8)
    cv2.imwrite(str(path), np.hstack([crops[0], gap, crops[1]]))


def _write(
    picture: NDArray[np.uint8], text: str, at: tuple[int, int], colour: tuple[int, int, int]
) -> None:
    cv2.putText(picture, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.6, colour, 1, cv2.LINE_AA)


if __name__ == "__main__":
    raise SystemExit(main())
