"""Rendered pixels: cracks as wide and dark as promised, exactly where the truth says."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from datasets.synth.canvas import Canvas, blank, coverage, encode
from datasets.synth.capture import Flight, fly
from datasets.synth.deck import Deck
from datasets.synth.furniture import furnish, sample
from datasets.synth.layout import Layout, lay_out
from datasets.synth.paint import Groove, paint
from datasets.synth.photo import (
    OUTSIDE,
    build_optics,
    expose,
    srgb_curve,
    surface_homography,
)
from datasets.synth.render import RenderedDeck, demo_asset, render_deck
from datasets.synth.texture import BLOCK_ROWS, grain, octaves
from datasets.truth import Truth
from inspection.codelists.asset_file import load_asset
from inspection.errors import BadInput
from inspection.geo.camera import Camera, Pose, rotation_from_gimbal
from inspection.geo.frames import to_crs
from inspection.imaging.control import read_marks
from inspection.imaging.planar_place import read_control_points
from inspection.pipeline.ingest import ingest
from inspection.pipeline.ports import Silence

GSD_MM = 2.0
DECK = Deck(length_m=4.5, width_m=3.2, approach_m=0.4, kerb_m=0.3)
"""Large enough for two cracks, small enough to render in a second."""
FLIGHT = Flight(width_px=900, height_px=675, overshoot_m=0.0, margin_m=0.0)


@pytest.fixture(scope="module")
def layout() -> Layout:
    return lay_out(DECK, seed=7, gsd_mm=GSD_MM)


@pytest.fixture(scope="module")
def canvas(layout: Layout) -> Canvas:
    return paint(layout, seed=7, lens_sigma_m=0.0013).canvas


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> RenderedDeck:
    return render_deck(tmp_path_factory.mktemp("deck"), deck=DECK, flight=FLIGHT, seed=7)


class Heard(Silence):
    """Keep the steps that were told."""

    def __init__(self) -> None:
        self.steps: list[tuple[str, int]] = []
        self.units = 0

    def start(self, step: str, total: int) -> None:
        self.steps.append((step, total))

    def advance(self, units: int = 1) -> None:
        self.units += units


def profiles(
    image: NDArray[np.floating], line_px: NDArray[np.float64], reach_px: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sample an image across a line: offsets (k,), values (n, k); bilinear."""
    tangent = np.gradient(line_px, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1)[:, None]
    normal = np.column_stack([-tangent[:, 1], tangent[:, 0]])
    offsets = np.arange(-reach_px, reach_px + 0.01, 0.25)
    at = line_px[:, None] + normal[:, None] * offsets[None, :, None] - 0.5
    low = np.floor(at).astype(int)
    fx, fy = np.moveaxis(at - low, -1, 0)
    x, y = np.moveaxis(low, -1, 0)
    top = image[y, x] * (1 - fx) + image[y, x + 1] * fx
    bottom = image[y + 1, x] * (1 - fx) + image[y + 1, x + 1] * fx
    return offsets, top * (1 - fy) + bottom * fy


class TestCanvas:
    def test_pixels_and_deck_metres_agree_both_ways(self) -> None:
        sheet = blank(DECK, 0.00125)
        assert sheet.to_px(np.array([[-0.4, 3.5]]))[0] == pytest.approx([0, 0], abs=1e-9)
        corner = sheet.px_from_deck @ [1.0, 1.0, 1.0]
        assert corner[:2] == pytest.approx(sheet.to_px(np.array([[1.0, 1.0]]))[0])
        assert corner[:2] == pytest.approx([1.4 / 0.00125, 2.5 / 0.00125])

    def test_repainting_touches_its_box_only(self) -> None:
        sheet = blank(DECK, 0.00125)
        sheet.repaint((1.0, 1.0, 1.1, 1.05), lambda patch: patch.reflectance + np.float32(0.4))
        painted = np.argwhere(sheet.grey)
        assert len(painted) == 80 * 40
        assert painted.min(axis=0) == pytest.approx([1960, 1120])
        sheet.repaint((99.0, 99.0, 100.0, 100.0), lambda patch: patch.reflectance + 1)
        assert int((sheet.grey > 0).sum()) == 80 * 40

    def test_coverage_integrates_to_the_width_at_any_phase(self) -> None:
        for shift in np.linspace(0, 0.001, 7):
            distance = np.abs(np.arange(-20, 21) * 0.001 + shift).astype(np.float32)
            assert coverage(distance, 0.00315, 0.001).sum() == pytest.approx(6.3, abs=0.01)

    def test_bytes_keep_the_light(self) -> None:
        light = np.linspace(0, 0.85, 50, dtype=np.float32)
        assert encode(light).astype(float) * 0.85 / 255 == pytest.approx(light, abs=0.0018)
        assert encode(np.float32([-1, 3])).tolist() == [0, 255]

    def test_a_deck_too_long_for_its_pixels_is_refused(self) -> None:
        with pytest.raises(BadInput, match="coarser"):
            blank(Deck(length_m=60), 0.001)


class TestTexture:
    def test_grain_does_not_depend_on_how_it_is_cut(self) -> None:
        stop = 2 * BLOCK_ROWS + 30
        whole = grain(3, 50, -30, stop)
        parts = [grain(3, 50, -30, 100), grain(3, 50, 100, 300), grain(3, 50, 300, stop)]
        assert np.array_equal(np.concatenate(parts), whole)
        assert not np.array_equal(whole, grain(4, 50, -30, stop))
        assert 120 < whole.mean() < 135

    def test_concrete_is_grey_with_grain_enough_to_match(self, canvas: Canvas) -> None:
        sheet = canvas.grey[1000:1400, 1200:1600].astype(float) * 0.85 / 255
        assert 0.25 < sheet.mean() < 0.42
        assert 0.02 < sheet.std() / sheet.mean() < 0.20

    def test_asphalt_beyond_the_joint_is_darker(self, canvas: Canvas) -> None:
        rows = slice(1300, 1400)
        approach, deck = canvas.grey[rows, :120].mean(), canvas.grey[rows, 700:820].mean()
        assert approach < 0.6 * deck


class TestCracks:
    def test_a_crack_takes_the_area_and_the_light_of_its_recipe_and_nothing_else(
        self, layout: Layout
    ) -> None:
        bare = paint(replace(layout, cracks=()), seed=7, lens_sigma_m=0.0004).canvas
        painted = paint(layout, seed=7, lens_sigma_m=0.0004)
        cracked = painted.canvas
        share = cracked.grey / np.maximum(bare.grey.astype(float), 1)
        for crack in layout.cracks:
            x0, y0, x1, y1 = crack.line_deck_m.buffer(0.03).bounds
            (left, top), (right, bottom) = cracked.to_px(np.array([[x0, y1], [x1, y0]])).astype(int)
            lost = 1 - share[top:bottom, left:right]
            drawn = sum(path.width_mm.mean() / 1000 * path.length_m for path in crack.paths)
            area = float((lost > 0.5 * crack.recipe.darkness).sum()) * cracked.resolution_m**2
            assert 0.9 * drawn < area < 1.12 * drawn
            kept = sum(
                float(width.mean()) / 1000 * path.length_m
                for path, width in zip(crack.paths, painted.widths_mm[crack.crack_id], strict=True)
            )
            assert 0.93 * drawn < kept < 1.07 * drawn  # the rough edges take and give alike
            core = float(np.median(lost[lost > 0.5 * crack.recipe.darkness]))
            assert 0.75 * crack.recipe.darkness < core < 1.1 * crack.recipe.darkness
        rows, columns = np.nonzero(cracked.grey != bare.grey)
        x = cracked.left_m + (columns[::997] + 0.5) * cracked.resolution_m
        y = cracked.top_m - (rows[::997] + 0.5) * cracked.resolution_m
        lines = shapely.union_all([crack.line_deck_m for crack in layout.cracks])
        assert shapely.distance(shapely.points(x, y), lines).max() < 0.04

    def test_the_painted_width_is_the_width_of_what_was_cut(self) -> None:
        rng = np.random.default_rng(3)
        along = np.arange(0, 0.3, 0.002)
        groove = Groove(
            tree=cKDTree(np.column_stack([along + 0.5, np.full(len(along), 0.8)])),
            half_m=np.full(len(along), 0.004, dtype=np.float32),
            depth=np.full(len(along), 0.7, dtype=np.float32),
            ragged=octaves(rng, (512, 512), (3, 7)),
        )
        sheet = blank(DECK, 0.00125)
        white = np.float32(0.8)
        sheet.repaint((0.4, 0.7, 0.9, 0.9), lambda patch: np.full_like(patch.reflectance, white))
        sheet.repaint((0.4, 0.7, 0.9, 0.9), groove.cut)
        columns = sheet.to_px(groove.tree.data)[:, 0].astype(int)
        bottom, top = sheet.to_px(np.array([[0.5, 0.75], [0.5, 0.85]]))[:, 1].astype(int)
        light = sheet.grey[top:bottom, columns].astype(float) * 0.85 / 255 / 0.8
        dark = np.clip((1 - light - 0.07) / (0.7 - 0.07), 0, 1)  # the halo takes up to 7 %
        cut_mm = dark.sum(axis=0) * 1.25
        said_mm = groove.painted_mm(sheet.resolution_m)
        inner = slice(8, -8)
        assert np.mean(cut_mm[inner] - said_mm[inner]) == pytest.approx(0.0, abs=0.25)
        assert np.corrcoef(cut_mm[inner], said_mm[inner])[0, 1] > 0.8
        assert 6.0 < said_mm.min() < 8.0 < said_mm.max() < 11.0


class TestFurniture:
    def test_noise_repeats_by_mirror_without_a_seam(self) -> None:
        from datasets.synth.canvas import Patch

        noise = np.arange(16, dtype=np.float32).reshape(4, 4)
        x = np.arange(-8, 8, dtype=np.float32)[None, :] + 0.5
        patch = Patch(x_m=x, y_m=np.float32([[0.5]]), pixel_m=1.0, reflectance=np.zeros((1, 16)))
        assert sample(noise, patch, 1.0)[0].tolist() == [0, 1, 2, 3, 3, 2, 1, 0] * 2

    def test_markings_are_bright_and_joints_dark(self, layout: Layout) -> None:
        sheet = blank(DECK, 0.00125)
        sheet.grey[:] = encode(np.full(sheet.grey.shape, 0.33, dtype=np.float32))
        furnish(sheet, layout, np.random.default_rng(1))

        def mean_at(x0: float, y0: float, x1: float, y1: float) -> float:
            (left, top), (right, bottom) = sheet.to_px(np.array([[x0, y1], [x1, y0]])).astype(int)
            return float(sheet.grey[top:bottom, left:right].mean()) * 0.85 / 255

        assert mean_at(1.0, 0.45, 1.6, 0.55) > 0.45
        assert mean_at(-0.1, 1.0, 0.1, 2.0) < 0.15
        x, y = layout.targets_deck_m[0]
        assert mean_at(x + 0.03, y + 0.03, x + 0.08, y + 0.08) < 0.1
        assert mean_at(x - 0.08, y + 0.03, x - 0.03, y + 0.08) > 0.5


class TestExposure:
    def test_the_sensor_is_noisy_linear_and_clipped(self) -> None:
        curve = srgb_curve(4096)
        assert curve[0] == 0
        assert curve[-1] == 255
        assert (np.diff(curve.astype(int)) >= 0).all()

    def test_a_plane_photo_homography_agrees_with_the_camera(self) -> None:
        camera = FLIGHT.camera
        pose = fly(DECK, FLIGHT, seed=3)[2].pose
        places = np.array([[1.0, 1.0], [2.0, 1.5], [1.2, 2.4]])
        rays = camera.rays(camera.project(pose.to_camera(DECK.to_enu_m(places))))
        back = (rays / rays[:, 2:]) @ surface_homography(DECK, pose).T
        assert back[:, :2] / back[:, 2:] == pytest.approx(places, abs=1e-6)

    def test_a_grid_of_dots_is_where_the_camera_projects_it(self) -> None:
        """Check the whole chain, distortion included, to a twentieth of a pixel."""
        flight = replace(FLIGHT, k1=-0.08)
        sheet = blank(DECK, 0.00125)
        sheet.grey[:] = 120
        dots = np.array(
            [(x, y) for x in np.arange(0.3, 4.4, 0.2) for y in np.arange(0.2, 3.1, 0.2)]
        )
        rows, columns = np.mgrid[-8:9, -8:9] + 0.5
        for x, y in sheet.to_px(dots):
            i, j = int(x), int(y)
            bump = np.exp(-((columns + i - x) ** 2 + (rows + j - y) ** 2) / 12.5)
            sheet.grey[j - 8 : j + 9, i - 8 : i + 9] = np.round(120 - 90 * bump)
        shot = fly(DECK, flight, seed=5)[3]
        optics = build_optics(flight.camera)
        photo = expose(sheet, DECK, optics, shot.pose, np.random.default_rng(0))
        grey = photo[..., 1].astype(float)
        expected = flight.camera.project(shot.pose.to_camera(DECK.to_enu_m(dots)))
        inside = ((expected > 20) & (expected < (880, 655))).all(axis=1)
        errors = np.array([centroid(grey, place) - place for place in expected[inside]])
        assert len(errors) > 12
        assert np.abs(errors.mean(axis=0)).max() < 0.03
        assert np.abs(errors).max() < 0.25
        undistorted = replace(flight, k1=0.0).camera
        naive = undistorted.project(shot.pose.to_camera(DECK.to_enu_m(dots)))[inside]
        assert np.abs(naive - expected[inside]).max() > 3  # the distortion matters here

    def test_beside_the_deck_is_water(self, canvas: Canvas) -> None:
        camera = Camera(width_px=90, height_px=60, focal_px=100, cx_px=45, cy_px=30)
        pose = Pose(
            camera_from_world=rotation_from_gimbal(yaw_deg=0, pitch_deg=-90),
            centre_world_m=np.array([0.0, 40.0, 5.0]),
        )
        photo = expose(canvas, DECK, build_optics(camera), pose, np.random.default_rng(0))
        red, green, blue = photo.reshape(-1, 3).mean(axis=0)
        assert 40 < red < green < 90
        assert OUTSIDE[0] < OUTSIDE[2] and red < blue


def centroid(grey: NDArray[np.float64], place: NDArray[np.float64]) -> NDArray[np.float64]:
    """Find the centre of the dark dot near a place, outer-corner pixels."""
    i, j = (int(v) for v in place)
    window = grey[j - 8 : j + 9, i - 8 : i + 9]
    weight = np.clip(np.median(window) - window - 8, 0, None)
    rows, columns = np.mgrid[j - 8 : j + 9, i - 8 : i + 9] + 0.5
    return np.array([(columns * weight).sum(), (rows * weight).sum()]) / weight.sum()


class TestRenderedDeck:
    def crack_profiles(
        self, rendered: RenderedDeck
    ) -> Iterator[tuple[float, float, NDArray[np.float64], NDArray[np.float64]]]:
        """Give width, darkness, offsets and mean profile of each crack seen whole in a photo."""
        from PIL import Image

        shots = {shot["photo"]: shot["true"] for shot in rendered.truth.capture["shots"]}
        for path in sorted(rendered.photos_dir.iterdir()):
            true = shots[path.name]
            pose = Pose(
                camera_from_world=np.array(true["camera_from_enu"]),
                centre_world_m=np.array(true["centre_enu_m"]),
            )
            image = np.asarray(Image.open(path).convert("RGB"))[..., 1].astype(float)
            for crack in rendered.truth.cracks:
                line = FLIGHT.camera.project(pose.to_camera(DECK.to_enu_m(crack.paths_deck_m[0])))
                line = line[((line > 30) & (line < (870, 645))).all(axis=1)]
                if len(line) > 60:
                    offsets, values = profiles(image, line, 14)
                    yield crack.width_px, crack.darkness, offsets, values

    def test_cracks_lie_in_the_photos_where_the_truth_says(self, rendered: RenderedDeck) -> None:
        centres = []
        for _, _, offsets, values in self.crack_profiles(rendered):
            dark = np.clip(np.median(values, axis=1)[:, None] - values - 15, 0, None)
            seen = dark.sum(axis=1) > 40
            assert seen.mean() > 0.8
            centres.append(np.median((dark * offsets).sum(axis=1)[seen] / dark.sum(axis=1)[seen]))
        assert len(centres) >= 6
        assert np.abs(centres).max() < 0.45  # px
        assert 0.0 < np.abs(centres).mean() < 0.2

    def test_cracks_are_dark_and_not_black(self, rendered: RenderedDeck) -> None:
        drops = []
        for width_px, _, _, values in self.crack_profiles(rendered):
            if width_px >= 3:
                background = np.median(values, axis=1)
                drops.append(1 - np.median(values[:, 52:61].min(axis=1) / background))
        assert 0.25 < min(drops) <= max(drops) < 0.65

    def test_the_road_reads_the_photos(self, rendered: RenderedDeck) -> None:
        taken = ingest([rendered.photos_dir], gps_required=True, progress=Silence())
        assert taken.rejections == ()
        assert [photo.name for photo in taken.photos] == sorted(
            path.name for path in rendered.photos_dir.iterdir()
        )
        written = {s["photo"]: s["written"] for s in rendered.truth.capture["shots"]}
        for photo in taken.photos:
            pose = photo.pose
            assert pose is not None
            lon, lat, height = written[photo.name]["lonlat_h"]
            assert (pose.lon_deg, pose.lat_deg) == pytest.approx((lon, lat), abs=2e-9)
            assert pose.altitude_m == pytest.approx(height, abs=0.002)
            assert (pose.horizontal_std_m, pose.vertical_std_m) == (0.01, 0.015)
            assert pose.pitch_deg is not None
            assert -92 < pose.pitch_deg <= -85
            assert photo.focal_px == pytest.approx(FLIGHT.focal_px, abs=1e-5)
            assert photo.taken_at is not None
            assert photo.taken_at.hour == 1  # 10:00 in Japan

    def test_the_files_beside_the_photos_are_read_by_their_readers(
        self, rendered: RenderedDeck
    ) -> None:
        assert load_asset(rendered.asset_path) == demo_asset(DECK)
        truth = Truth.read(rendered.truth_path)
        assert [c.crack_id for c in truth.cracks] == [c.crack_id for c in rendered.truth.cracks]
        features = json.loads(rendered.truth_path.with_suffix(".geojson").read_text())["features"]
        assert len(features) == len(truth.cracks) + len(truth.distractors)
        points = read_control_points(rendered.gcp_path)
        assert {point.name for point in points} <= {"G1", "G2", "G3", "G4", "G5"}
        marks = read_marks(rendered.gcp_path)
        assert len(points) == len(marks) >= 5
        on_map = to_crs([mark.lonlat_h[:2] for mark in marks], "EPSG:4326", DECK.map_crs)
        assert on_map == pytest.approx(np.array([p.position for p in points]), abs=2e-4)

    def test_the_truth_tells_lengths_widths_and_noise(self, rendered: RenderedDeck) -> None:
        truth = rendered.truth
        for crack in truth.cracks:
            drawn = sum(
                float(np.linalg.norm(np.diff(path, axis=0), axis=1).sum())
                for path in crack.paths_deck_m
            )
            # every third point is written; chords are shorter by what lies between
            assert drawn == pytest.approx(crack.length_m, rel=0.012)
            assert drawn <= crack.length_m + 1e-6
            assert crack.width_mm / GSD_MM == pytest.approx(crack.width_px)
            assert crack.width_mm <= crack.width_max_mm < 2 * crack.width_mm
        assert truth.capture["flight"]["gps_sigma_m"] == 0.01
        assert truth.area_m2 == pytest.approx(4.5 * 3.2)
        assert truth.map_crs == "EPSG:32653"

    def test_the_same_arguments_give_the_same_bytes(
        self, rendered: RenderedDeck, tmp_path: Path
    ) -> None:
        (tmp_path / "photos").mkdir()
        (tmp_path / "photos" / "TNK_0999.JPG").write_bytes(b"left by an earlier flight")
        heard = Heard()
        again = render_deck(tmp_path, deck=DECK, flight=FLIGHT, seed=7, progress=heard)
        names = sorted(path.name for path in rendered.photos_dir.iterdir())
        assert sorted(path.name for path in again.photos_dir.iterdir()) == names
        for name in names:
            first, second = (r.photos_dir / name for r in (rendered, again))
            assert first.read_bytes() == second.read_bytes(), name
        for before, after in (
            (rendered.truth_path, again.truth_path),
            (rendered.gcp_path, again.gcp_path),
        ):
            assert before.read_bytes() == after.read_bytes()
        assert heard.steps == [("paint the deck", 1), ("take photos", len(names))]
        assert heard.units == len(names) + 1
