"""The evidence for one crack against a rendered deck: widths, photos, outlines, earlier surveys."""

import json
import shutil
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import shapely
from numpy.typing import NDArray
from sqlalchemy import Engine

from inspection.domain.growth import Change
from inspection.domain.mission import Surface, Survey, SurveyState
from inspection.errors import NotFound
from inspection.geo.chainage import Chainage
from inspection.geo.grid import LOCAL_CRS, PixelGrid
from inspection.imaging import sourcewidth
from inspection.imaging.photosight import Look, PhotoSighting, sightings
from inspection.imaging.surface import FlatSurface
from inspection.pipeline import profile, profilefile
from inspection.pipeline.dossier import Dossier, _file, open_dossier, with_photo
from inspection.pipeline.onlook import axis_in_photo, photo_sightings
from inspection.pipeline.profilefile import profile_digest, profile_of
from inspection.pipeline.revisit import Obstacle, earlier_survey, earlier_surveys, growth_since
from inspection.store import keys, surveys
from inspection.store.blobs import FolderBlobs
from inspection.store.engine import create_engine, writing
from tests.support.seed import database_url
from tests.support.visited import (
    ASSET,
    CAMERA,
    GRID,
    MOMENTS,
    WIDTHS_MM,
    Visited,
    line_m,
    visit_twice,
)


@pytest.fixture(scope="module")
def visited(tmp_path_factory: pytest.TempPathFactory) -> Visited:
    return visit_twice(tmp_path_factory.mktemp("visited") / "home")


@pytest.fixture
def engine(visited: Visited) -> Iterator[Engine]:
    opened = create_engine(database_url(visited.home))
    yield opened
    opened.dispose()


@pytest.fixture
def blobs(visited: Visited) -> FolderBlobs:
    return FolderBlobs(visited.home / "blobs")


def dossier_of(
    engine: Engine, blobs: FolderBlobs, visited: Visited, crack: int, visit: int = 1
) -> Dossier:
    defect_id = visited.defects[crack].defect_id
    return open_dossier(engine, blobs, defect_id, visited.visits[visit].survey_id)


def dark_in(dossier: Dossier, sha256: str, blobs: FolderBlobs) -> NDArray[np.uint8]:
    """Find the pixels of a photo that are darker than half way to the inside of a crack."""
    with with_photo(dossier, sha256, blobs) as path:
        grey = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    assert grey is not None
    return np.asarray(cv2.GaussianBlur(grey, (0, 0), 0.7) < 120, dtype=np.uint8)


def apart_px(
    sighting: PhotoSighting, dark: NDArray[np.uint8], moved_px: float = 0.0
) -> NDArray[np.float64]:
    """Give how far the edge of a projected outline is from the edge of what is dark, n points."""
    edges = cv2.morphologyEx(dark, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    off = cv2.distanceTransform(1 - edges, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    ring = shapely.get_coordinates(shapely.segmentize(sighting.outline_px.boundary, 2.0))
    at = np.floor(ring + moved_px).astype(int)
    inside = (at >= 12).all(axis=1) & (at < [CAMERA.width_px - 12, CAMERA.height_px - 12]).all(1)
    return np.asarray(off[at[inside, 1], at[inside, 0]], dtype=np.float64)


@pytest.mark.parametrize("crack", [0, 1, 2])
def test_the_outline_lies_on_the_crack_in_every_photo(
    visited: Visited, engine: Engine, blobs: FolderBlobs, crack: int
) -> None:
    """The true outline is on its rendered edge; what a mask of whole pixels gives, within 3 px."""
    dossier = dossier_of(engine, blobs, visited, crack)
    assert dossier.views is not None and dossier.surface is not None
    look = Look(
        outline_m=shapely.linestrings(line_m(crack)).buffer(WIDTHS_MM[1][crack] / 2000),
        anchor_m=dossier.seen.anchor_surface_m,
        step_m=GRID.gsd_m_per_px,
    )
    true = sightings(look, dossier.views, dossier.surface)
    masks = {sighting.sha256: sighting for sighting in photo_sightings(dossier)}
    assert len(true) >= 3 and {sighting.sha256 for sighting in true} == set(masks)
    for sighting in true:
        dark = dark_in(dossier, sighting.sha256, blobs)
        apart, of_mask = (apart_px(s, dark) for s in (sighting, masks[sighting.sha256]))
        assert len(apart) > 40
        assert np.median(apart) < 1.0 and np.percentile(apart, 98) <= 1.5
        assert np.median(of_mask) <= 1.5 and np.percentile(of_mask, 98) <= 3.2
        assert np.percentile(apart_px(sighting, dark, moved_px=3.0), 98) > 1.5  # beside it


def test_without_the_lens_the_outline_would_lie_beside_the_crack(
    visited: Visited, engine: Engine, blobs: FolderBlobs
) -> None:
    dossier = dossier_of(engine, blobs, visited, 0)
    assert dossier.views is not None
    ideal = [replace(view, camera=replace(CAMERA, k1=0.0)) for view in dossier.views]
    look = Look(
        outline_m=dossier.seen.outline_surface_m,
        anchor_m=dossier.seen.anchor_surface_m,
        step_m=GRID.gsd_m_per_px,
    )
    worst = [
        np.percentile(apart_px(s, dark_in(dossier, s.sha256, blobs)), 98)
        for s in sightings(look, ideal, FlatSurface())
    ]
    assert max(worst) > 4.0


def test_the_best_photo_comes_first_and_says_how_it_sees(
    visited: Visited, engine: Engine, blobs: FolderBlobs
) -> None:
    dossier = dossier_of(engine, blobs, visited, 2)
    names = [dossier.photos[s.sha256].name for s in photo_sightings(dossier)]
    assert names == ["visit1_2.jpg", "visit1_3.jpg", "visit1_1.jpg"]
    square, oblique, partly = photo_sightings(dossier)
    assert partly.distance_m is not None and partly.distance_m < 1.25  # to what it shows
    for sighting in (square, oblique):
        assert sighting.distance_m is not None
        view = next(v for v in visited.visits[1].views if v.sha256 == sighting.sha256)
        assert view.pose is not None
        ray = view.pose.centre_world_m - [*dossier.seen.anchor_surface_m, 0.0]
        assert sighting.distance_m == pytest.approx(np.linalg.norm(ray), abs=1e-9)
        tilt = np.degrees(np.arccos(ray[2] / np.linalg.norm(ray)))
        assert sighting.incidence_deg == pytest.approx(tilt, abs=1e-3)
    assert square.shown_share == oblique.shown_share == 1.0 > partly.shown_share > 0.2
    assert 1.0 < square.gsd_mm_per_px < 1.2 < oblique.gsd_mm_per_px < 1.8
    assert photo_sightings(dossier, oblique.sha256) == [oblique]


@pytest.mark.parametrize("crack", [0, 1, 2])
def test_the_widths_along_a_crack_hold_the_truth(
    visited: Visited, engine: Engine, blobs: FolderBlobs, crack: int
) -> None:
    found = profile_of(dossier_of(engine, blobs, visited, crack), blobs)
    true_mm = WIDTHS_MM[1][crack]
    trusted = [point for point in found["points"] if point["trusted"]]
    assert len(trusted) >= 0.9 * len(found["points"]) > 100
    widths = np.array([point["width_mm"]["value"] for point in trusted])
    reach = np.array([point["width_mm"]["expanded_uncertainty"] for point in trusted])
    assert np.median(widths) == pytest.approx(true_mm, abs=0.12)
    assert (np.abs(widths - true_mm) <= reach).mean() >= 0.98
    assert 0.05 * true_mm / 2 < np.median(reach) < 0.6  # mm, k = 2
    assert {point["method"] for point in trusted} == {"trough_fit"}
    for segment in found["segments"]:
        assert segment["width_mm"]["value"] == pytest.approx(true_mm, abs=0.12)
        assert 0 <= segment["start_m"] < segment["end_m"] <= found["length_m"]
    joints = [segment["end_m"] - segment["start_m"] for segment in found["segments"]]
    assert sum(joints) == pytest.approx(found["length_m"], rel=0.02)


def test_every_width_names_the_place_on_the_map_and_in_the_photo(
    visited: Visited, engine: Engine, blobs: FolderBlobs
) -> None:
    dossier = dossier_of(engine, blobs, visited, 1)
    found = profile_of(dossier, blobs)
    assert dossier.seen.axis_surface_m is not None
    chainage = Chainage.of(dossier.seen.axis_surface_m)
    truth = shapely.linestrings(line_m(1))
    dark = {photo: dark_in(dossier, photo, blobs) for photo in dossier.photos}
    last = -1.0
    for point in found["points"]:
        assert point["distance_m"] > last
        last = point["distance_m"]
        assert truth.distance(shapely.Point(point["surface_m"])) < 0.004
        assert chainage.locate([point["surface_m"]])[0] == pytest.approx(last, abs=0.002)
        if point["trusted"]:
            x, y = point["photo_px"]
            assert dark[point["photo_sha256"]][int(y), int(x)], "the place lies beside the crack"
    assert truth.length < found["length_m"] < truth.length + 0.012  # a mask has round ends
    best = photo_sightings(dossier)[0].sha256
    along = axis_in_photo(dossier, best)
    middle = min(found["points"], key=lambda p: abs(p["distance_m"] - found["length_m"] / 2))
    assert middle["photo_sha256"] == best
    near = min(along, key=lambda place: abs(place[0] - middle["distance_m"]))
    assert np.hypot(near[1] - middle["photo_px"][0], near[2] - middle["photo_px"][1]) < 6.0


def test_places_and_photos_are_bounded(
    visited: Visited, engine: Engine, blobs: FolderBlobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    dossier = dossier_of(engine, blobs, visited, 0)
    whole = profile_of(dossier, blobs)
    assert len({point["photo_sha256"] for point in whole["points"]}) == 3
    monkeypatch.setattr(profile, "MOST_PLACES", 50)
    monkeypatch.setattr(profile, "MOST_VIEWS", 1)
    monkeypatch.setattr(profilefile, "FORMAT", "bounded")
    few = profile_of(dossier, blobs)
    assert 40 <= len(few["points"]) <= 50
    read = {point["photo_sha256"] for point in few["points"]} - {None}
    assert len(read) == 1
    unread = [point for point in few["points"] if point["photo_sha256"] is None]
    assert all(point["width_mm"] is None and point["method"] is None for point in unread)
    assert few["segments"] == whole["segments"]  # what the survey kept does not change


def test_where_every_photo_is_too_oblique_no_width_is_given(
    visited: Visited, engine: Engine, blobs: FolderBlobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sourcewidth, "REFUSE_DEG", 2.0)
    monkeypatch.setattr(profilefile, "FORMAT", "oblique")
    found = profile_of(dossier_of(engine, blobs, visited, 0), blobs)
    refused = [p for p in found["points"] if p["width_mm"] is not None and p["width_mm"]["refused"]]
    assert len(refused) > 0.8 * len(found["points"])
    assert all(p["width_mm"]["value"] is None and p["photo_sha256"] is None for p in refused)
    assert not any(p["width_mm"]["below_limit"] or p["trusted"] for p in refused)


def test_what_was_read_is_kept_and_read_anew_when_something_changed(
    visited: Visited, engine: Engine, blobs: FolderBlobs, tmp_path: Path
) -> None:
    dossier = dossier_of(engine, blobs, visited, 2)
    first = profile_of(dossier, blobs)
    assert dossier.views is not None
    gone = [replace(view, path=_file(blobs, {}, view.sha256)) for view in dossier.views]
    empty = replace(dossier, photos={}, views=tuple(gone))
    assert profile_of(empty, blobs) == first  # no photo is opened
    other = replace(empty, mosaic=replace(dossier.mosaic, gsd_uncertainty_ratio=0.05))
    assert profile_digest(other) != profile_digest(dossier)
    with pytest.raises(NotFound, match="has no photo"):
        profile_of(other, blobs)
    wider = profile_of(replace(other, photos=dossier.photos, views=dossier.views), blobs)
    pairs = zip(first["points"], wider["points"], strict=True)
    for before, after in pairs:
        assert after["width_mm"]["value"] == before["width_mm"]["value"]
        assert (
            after["width_mm"]["expanded_uncertainty"] > before["width_mm"]["expanded_uncertainty"]
        )


def test_a_survey_of_an_earlier_version_has_no_points_and_says_nothing_else(
    visited: Visited, engine: Engine, blobs: FolderBlobs
) -> None:
    dossier = dossier_of(engine, blobs, visited, 0)
    assert dossier.widths_key is not None
    old = json.loads(blobs.read_bytes(dossier.widths_key))
    del old["calibration"]
    key = keys.widths_key("d" * 64)
    blobs.put_bytes(key, json.dumps(old).encode())
    found = profile_of(replace(dossier, widths_key=key), blobs)
    assert found["points"] == [] and found["calibration"] is None
    assert len(found["segments"]) == 2
    none = profile_of(replace(dossier, widths_key=None), blobs)
    assert none["points"] == none["segments"] == []
    unseen = replace(dossier, views=None, surface=None)
    assert profile_of(unseen, blobs)["points"] == []
    assert photo_sightings(unseen) == [] == axis_in_photo(unseen, "a" * 64)
    area = replace(dossier, seen=replace(dossier.seen, axis_surface_m=None))
    with pytest.raises(NotFound, match="is an area"):
        profile_of(area, blobs)
    assert axis_in_photo(area, visited.visits[1].views[0].sha256) == []
    with pytest.raises(NotFound, match="not made of photo"):
        axis_in_photo(dossier, "a" * 64)


def test_a_dossier_is_of_the_survey_that_is_asked_for(
    visited: Visited, engine: Engine, blobs: FolderBlobs
) -> None:
    now, then = (dossier_of(engine, blobs, visited, 0, visit) for visit in (1, 0))
    assert now.defect == then.defect and now.seen != then.seen
    for dossier, visit in ((now, 1), (then, 0)):
        assert dossier.seen.survey_id == visited.visits[visit].survey_id
        assert dossier.mosaic.sha256 == visited.visits[visit].mosaic.sha256
        width = dossier.seen.measurement.width_mm
        assert width is not None and width.value is not None
        assert width.value == pytest.approx(WIDTHS_MM[visit][0], abs=0.1)
    latest = open_dossier(engine, blobs, now.defect.defect_id)
    assert (latest.seen, latest.widths_key) == (now.seen, now.widths_key)
    with pytest.raises(NotFound, match="has not seen"):
        dossier_of(engine, blobs, visited, 2, 0)


@pytest.mark.parametrize(
    ("crack", "change"),
    [(0, Change.GROWN), (1, Change.NO_SIGNIFICANT_CHANGE), (2, Change.NEW)],
)
def test_growth_is_what_was_painted(
    visited: Visited, engine: Engine, blobs: FolderBlobs, crack: int, change: Change
) -> None:
    dossier = dossier_of(engine, blobs, visited, crack)
    (earlier,) = earlier_surveys(engine, blobs, dossier)
    assert earlier.survey.survey_id == visited.visits[0].survey_id
    assert earlier.obstacle is None
    found = growth_since(engine, blobs, dossier, earlier)
    assert found["change"] == change.value
    assert found["after"] == [str(dossier.seen.observation_id)]
    if change is Change.NEW:
        assert earlier.near == () and earlier.own is None and found["before"] == []
        return
    assert earlier.own is not None and found["before"] == [str(earlier.own.observation_id)]
    grown_mm = WIDTHS_MM[1][crack] - WIDTHS_MM[0][crack]
    width = found["width_change_mm"]
    assert abs(width["value"] - grown_mm) <= width["expanded_uncertainty"] < 0.7
    assert width["significant"] is (change is Change.GROWN)
    assert found["length_change_m"]["significant"] is False
    assert growth_since(engine, blobs, dossier, replace(earlier, survey=earlier.survey)) == found
    assert earlier_surveys(engine, blobs, dossier_of(engine, blobs, visited, 0, 0)) == []


def test_an_area_is_compared_by_its_size(
    visited: Visited, engine: Engine, blobs: FolderBlobs
) -> None:
    dossier = dossier_of(engine, blobs, visited, 0)
    (earlier,) = earlier_surveys(engine, blobs, dossier)
    area = replace(dossier, seen=replace(dossier.seen, axis_surface_m=None))
    found = growth_since(engine, blobs, area, earlier)
    change = found["area_change_m2"]
    wider_m2 = 1.03 * 0.004  # the mask is drawn in whole pixels: 4 and 5 of 2 mm, and their caps
    assert 0.4 * wider_m2 < change["value"] < 1.6 * wider_m2
    assert found["width_change_mm"] is None
    assert (found["change"] == "grown") is change["significant"]
    fresh = growth_since(engine, blobs, area, replace(earlier, own=None, near=()))
    assert fresh["change"] == "new" and fresh["area_change_m2"] is None


def test_what_cannot_be_laid_over_each_other_says_why(
    visited: Visited, engine: Engine, blobs: FolderBlobs, tmp_path: Path
) -> None:
    dossier = dossier_of(engine, blobs, visited, 0)
    away = PixelGrid.north_up(
        left_m=0.0, top_m=0.0, gsd_m_per_px=0.002, width_px=9, height_px=9, crs=GRID.crs
    )
    here = replace(dossier.mosaic, grid=replace(GRID, crs=LOCAL_CRS))
    (earlier,) = earlier_surveys(engine, blobs, replace(dossier, mosaic=here))
    assert earlier.obstacle is Obstacle.LOCAL_FRAME
    here = replace(dossier.mosaic, grid=replace(GRID, crs="EPSG:32653"))
    (earlier,) = earlier_surveys(engine, blobs, replace(dossier, mosaic=here))
    assert earlier.obstacle is Obstacle.OTHER_CRS
    beside = shapely.transform(
        dossier.seen.outline_surface_m, lambda xy: xy + np.array([50.0, 0.0])
    )
    moved = replace(dossier, seen=replace(dossier.seen, outline_surface_m=beside))
    (earlier,) = earlier_surveys(engine, blobs, moved)
    assert earlier.obstacle is Obstacle.NOT_SHOWN and earlier.mosaic is not None
    with pytest.raises(NotFound, match="no earlier survey"):
        earlier_survey(engine, blobs, dossier, dossier.seen.survey_id)
    assert away.crs == GRID.crs


def test_a_survey_without_a_mosaic_is_listed_too(tmp_path: Path, visited: Visited) -> None:
    home = tmp_path / "home"
    shutil.copytree(visited.home, home)
    engine, blobs = create_engine(database_url(home)), FolderBlobs(home / "blobs")
    bare = Survey(
        survey_id=uuid.uuid4(),
        asset_id=ASSET.asset_id,
        surface=Surface.NADIR,
        created_at=MOMENTS[0].replace(year=2024),
        state=SurveyState.CREATED,
    )
    with writing(engine) as connection:
        surveys.save(connection, bare)
    dossier = dossier_of(engine, blobs, visited, 0)
    found = earlier_surveys(engine, blobs, dossier)
    assert [each.obstacle for each in found] == [None, Obstacle.NO_MOSAIC]
    engine.dispose()
