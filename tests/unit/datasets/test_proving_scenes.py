"""Laws of the proving deck and wall: every width where it is said to be, and lenses that blur."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from shapely import MultiLineString, box

from datasets.synth.canvas import coverage
from datasets.synth.facade import (
    AWKWARD,
    CAMERA,
    DISTANCE_M,
    OBLIQUE,
    SQUARE,
    WIDTHS_PX,
    facade_deck,
    lay_out_facade,
    render_facade,
    stand,
)
from datasets.synth.layout import Layout
from datasets.synth.photo import OVERSAMPLED, Lens, oversampled
from datasets.synth.proving import (
    CELL_M,
    CROSSINGS_PX,
    LENGTH_M,
    lay_out_proving,
    proving_deck,
)
from inspection.errors import BadInput

DECK = proving_deck()


def layout(**how: Any) -> Layout:
    return lay_out_proving(DECK, seed=7, gsd_mm=2.0, **how)


def test_every_crack_has_its_width_and_its_own_cell() -> None:
    cracks = layout().cracks
    assert len({crack.crack_id for crack in cracks}) == len(cracks) == 34 + 2 * 4 + 2
    cells: dict[tuple[int, int], set[str]] = {}
    for crack in cracks:
        trunk = crack.paths[0]
        assert trunk.width_mm.mean() == pytest.approx(2.0 * crack.recipe.width_px)
        assert trunk.length_m == pytest.approx(LENGTH_M, abs=0.01)
        middle = crack.line_deck_m.centroid
        cell = (int(middle.x // CELL_M[0]), int(middle.y // CELL_M[1]))
        cells.setdefault(cell, set()).add(crack.crack_id[:2].rstrip("ab"))
    assert len(cells) == 40
    floor = box(0, 0, DECK.length_m, DECK.width_m)
    assert all(floor.contains(crack.line_deck_m) for crack in cracks)


def test_cracks_of_different_cells_keep_apart_and_pairs_cross() -> None:
    cracks = {crack.crack_id: crack.line_deck_m for crack in layout().cracks}
    names = list(cracks)
    for i, first in enumerate(names):
        for second in names[i + 1 :]:
            gap = cracks[first].distance(cracks[second])
            pair = first[0] == "X" and first[:2] == second[:2]
            assert (gap == 0.0) if pair else (gap > 0.1), (first, second, gap)
    assert len(CROSSINGS_PX) == 4


def test_targets_touch_no_crack() -> None:
    made = layout()
    everything = MultiLineString(
        [path.points_deck_m for crack in made.cracks for path in crack.paths]
    )
    assert len(made.targets_deck_m) == 5
    assert all(thing.outline_deck_m.distance(everything) > 0.01 for thing in made.things)


def test_growth_widens_one_crack_and_moves_none() -> None:
    before, after = layout().cracks, layout(grown_px={"W09": 0.5}).cracks
    for old, new in zip(before, after, strict=True):
        grown = new.paths[0].width_mm - old.paths[0].width_mm
        assert np.allclose(grown, 1.0 if old.crack_id == "W09" else 0.0)
        assert np.array_equal(old.paths[0].points_deck_m, new.paths[0].points_deck_m)
    with pytest.raises(BadInput, match="W99"):
        layout(grown_px={"W99": 0.5})
    with pytest.raises(BadInput, match="more columns"):
        lay_out_proving(proving_deck(columns=2, rows=2), seed=7, gsd_mm=2.0)


@pytest.mark.parametrize("width_px", [0.2, 0.5, 0.9, 1.0, 2.7])
def test_a_thin_line_takes_the_light_of_its_width_at_any_phase(width_px: float) -> None:
    for shift in np.linspace(-0.5, 0.5, 9):
        distance = np.abs(np.arange(-8, 9) + shift).astype(np.float32)
        assert coverage(distance, width_px / 2, 1.0).sum() == pytest.approx(width_px, abs=1e-4)


def test_a_lens_blurs_by_what_it_says_and_its_pixel() -> None:
    step = np.zeros((40, 400), np.float32)
    step[:, 200:] = 1.0
    seen = Lens(sigma_px=1.5).focus(step)[10]
    assert len(seen) == 400 // OVERSAMPLED
    spread = np.gradient(seen)
    spread /= spread.sum()
    at = np.arange(len(seen))
    sigma = np.sqrt(((at - (at * spread).sum()) ** 2 * spread).sum())
    # the difference of neighbours adds 1/3 px² to the variance
    assert sigma**2 - 1 / 3 == pytest.approx(Lens(sigma_px=1.5).sigma_in_all_px ** 2, rel=0.1)
    assert Lens(sigma_px=1.0, stop=0.25).focus(step).max() == pytest.approx(0.25, rel=1e-4)


def test_a_finer_camera_sees_the_same() -> None:
    camera = replace(CAMERA, k1=-0.01)
    points = np.array([[0.3, -0.2, 2.0], [-0.7, 0.4, 3.0]])
    fine = oversampled(camera).project(points)
    assert fine == pytest.approx(camera.project(points) * OVERSAMPLED)


def test_stations_stand_where_they_say() -> None:
    turned = stand("t", (5.0, 1.0), turn_deg=30.0)
    away = np.array(turned.at_m) - [5.0, 1.0, 0.0]
    assert np.linalg.norm(away) == pytest.approx(DISTANCE_M)
    assert np.degrees(np.arccos(away[2] / DISTANCE_M)) == pytest.approx(30.0)
    rotation = turned.camera_from_wall
    assert rotation @ rotation.T == pytest.approx(np.eye(3), abs=1e-12)
    assert rotation @ -away == pytest.approx([0, 0, DISTANCE_M], abs=1e-9)
    assert np.linalg.det(rotation) == pytest.approx(1.0)
    names = [s.name for s in (*SQUARE, *OBLIQUE, *AWKWARD)]
    assert len(set(names)) == len(names) == 15
    assert len(lay_out_facade(facade_deck(), seed=7).cracks) == len(WIDTHS_PX) == 24


def test_photos_of_the_wall_show_its_targets_where_the_poses_say(tmp_path: Path) -> None:
    facade = render_facade(tmp_path, stations=(SQUARE[0], OBLIQUE[0], AWKWARD[1]))
    wall = lay_out_facade(facade.deck, seed=7)
    photos = [cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) for path in facade.paths]
    assert [photo.shape for photo in photos] == [(CAMERA.height_px, CAMERA.width_px)] * 3
    assert np.median(photos[2]) < 40 < np.median(photos[0])  # in the dark
    found = 0
    for photo, pose in zip(photos[:2], facade.poses, strict=False):
        world = facade.deck.to_enu_m(wall.targets_deck_m)
        for x, y in CAMERA.project(pose.to_camera(world)):
            if not (40 < x < CAMERA.width_px - 40 and 40 < y < CAMERA.height_px - 40):
                continue
            found += 1
            near = photo[int(y) - 30 : int(y) + 30, int(x) - 30 : int(x) + 30].astype(float)
            quarters = [near[:24, :24], near[:24, 36:], near[36:, :24], near[36:, 36:]]
            low, high = sorted(float(np.mean(q)) for q in quarters)[1:3]
            assert high - low > 60  # two black quadrants, two white ones, meeting there
    assert found >= 1
