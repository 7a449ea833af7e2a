"""A mosaic that a NodeODM makes: begun once, found again, adopted as ours, honest of its limits."""

import json
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from click.testing import CliRunner
from numpy.typing import NDArray
from rasterio.transform import Affine

from inspection.domain.capture import CapturePose, Photo
from inspection.domain.mission import Surface, Survey, SurveyState
from inspection.domain.raster import Orthomosaic
from inspection.errors import BadInput, Broken, Conflict, Unavailable
from inspection.geo.frames import LocalFrame
from inspection.imaging.adopt import adopt_orthophoto
from inspection.imaging.cog import read_grid, validate
from inspection.imaging.nodeodm import ORTHOPHOTO, SHOTS, NodeOdm
from inspection.pipeline.conduct import conduct
from inspection.pipeline.outsource import LIMITS, SCALE_UNCERTAINTY, outsource
from inspection.pipeline.ports import Silence
from inspection.settings import MosaicSettings
from inspection.store import defects, keys, orthomosaics, steps, surveys
from inspection.store.engine import reading, writing
from tests.support.conducted import Site, photographed, site  # noqa: F401 fixtures
from tests.support.lendingdesk import LendingDesk
from tests.support.nodeodm import CANCELED, FakeNode, running_node
from tests.unit.pipeline.test_detect import Ear
from tests.unit.workers.conftest import START
from workers.cli import run
from workers.outfit import node_of

CRS = "EPSG:32653"
GSD = 0.004
LEFT, TOP = 644_000.0, 4_051_000.0
FRAME = LocalFrame(lon_deg=136.62, lat_deg=36.59, height_ellipsoid_m=0.0)
SURVEY = Survey(survey_id=uuid.uuid4(), asset_id="a", created_at=START)


def picture() -> NDArray[np.uint8]:
    """Draw RGBA with a hole at one corner."""
    pixels = np.random.default_rng(5).integers(90, 210, (700, 1100, 4), dtype=np.uint8)
    pixels[:, :, 3] = 255
    pixels[:100, :200] = 0
    return pixels


def orthophoto(
    pixels: NDArray[np.uint8] | None = None, *, crs: str | None = CRS, gsd_y: float = GSD
) -> bytes:
    """Write an orthophoto as ODM does."""
    drawn = picture() if pixels is None else pixels
    with rasterio.MemoryFile() as memory:
        with memory.open(
            driver="GTiff", width=drawn.shape[1], height=drawn.shape[0], count=drawn.shape[2],
            dtype=drawn.dtype, crs=crs, transform=Affine(GSD, 0, LEFT, 0, -gsd_y, TOP),
            photometric="RGB", **({"alpha": "YES"} if drawn.shape[2] == 4 else {}),
        ) as sink:  # fmt: skip
            sink.write(np.moveaxis(drawn, 2, 0))
        return bytes(memory.read())


def photo(number: int) -> Photo:
    lon, lat, _ = FRAME.to_lonlat_h(np.array([[10.0 * number, 5.0 * (number % 2), 0.0]]))[0]
    return Photo(
        sha256=f"{number + 1:064x}",
        name=f"DJI_{number:04d}.JPG",
        width_px=400,
        height_px=300,
        pose=CapturePose(lon_deg=lon, lat_deg=lat, altitude_relative_m=30.0),
    )


PHOTOS = [photo(number) for number in range(5)]


def shots(used: list[Photo], off_m: float = 0.0) -> bytes:
    """Write where the node puts the photos, every second one off to the east."""
    features = []
    for number, one in enumerate(used):
        assert one.pose is not None
        place = FRAME.to_enu_m(np.array([[one.pose.lon_deg, one.pose.lat_deg, 0.0]]))
        place[0, 0] += off_m * (-1) ** number
        lon, lat, _ = FRAME.to_lonlat_h(place)[0]
        features.append(
            {
                "type": "Feature",
                "properties": {"filename": f"{one.sha256}.jpg"},
                "geometry": {"type": "Point", "coordinates": [lon, lat, 30.0]},
            }
        )
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


@dataclass
class Lab:
    """Hold a node, photos on the disk, and a folder to work in."""

    node: FakeNode
    paths: Mapping[str, Path]
    work: Path

    def client(self) -> NodeOdm:
        return NodeOdm(url=self.node.url, poll_s=0.01)

    def make(self, survey: Survey = SURVEY, **changes: Any) -> Orthomosaic:
        options: dict[str, Any] = {
            "survey": survey,
            "photos": PHOTOS,
            "photo_paths": self.paths,
            "work_dir": self.work,
            "node": self.client(),
            "progress": Silence(),
        }
        return outsource(**{**options, **changes})


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    paths = {}
    for one in PHOTOS:
        paths[one.sha256] = tmp_path / f"{one.sha256}.jpg"
        paths[one.sha256].write_bytes(one.name.encode())
    work = tmp_path / "work"
    work.mkdir()
    results = {ORTHOPHOTO: orthophoto(), SHOTS: shots(PHOTOS[:4]), "odm_dem/dsm.tif": b"unwanted"}
    with running_node(FakeNode(make=lambda _files, _options: results, token="t0ken")) as node:
        yield Lab(node, paths, work)


def test_an_orthophoto_becomes_a_mosaic_of_ours(lab: Lab) -> None:
    ear = Ear()
    made = lab.make(replace(SURVEY, gsd_m_per_px=0.004), progress=ear)
    assert (ear.started, ear.units) == ([("nodeodm", 100)], 100)
    (task,) = lab.node.tasks.values()
    assert task.files == {path.name: path.read_bytes() for path in lab.paths.values()}
    assert task.options["orthophoto-resolution"] == pytest.approx(0.4)  # cm
    assert task.options["skip-3dmodel"] is True
    out = lab.work / "orthomosaic.tif"
    assert validate(out) == () and validate(lab.work / "sources.tif") == ()
    assert (made.grid.crs, made.grid.width_px, made.grid.height_px) == (CRS, 1100, 700)
    assert made.grid.to_surface([[0, 0]])[0].tolist() == [LEFT, TOP]
    assert made.grid.gsd_m_per_px == pytest.approx(GSD)
    assert read_grid(out).crs == CRS
    with rasterio.open(out) as kept, rasterio.open(lab.work / "sources.tif") as sources:
        assert np.array_equal(np.moveaxis(kept.read(), 0, 2), picture())
        assert sources.shape == kept.shape and not sources.read().any()
    assert made.source_photos == tuple(one.sha256 for one in PHOTOS[:4])
    registration: Any = made.facts["registration"]
    assert registration["registered"] == 4 and registration["of"] == 5
    assert registration["unregistered"] == ["DJI_0004.JPG"]
    assert registration["warnings"] == list(LIMITS)
    assert made.gsd_uncertainty_ratio == SCALE_UNCERTAINTY
    assert sorted(path.name for path in lab.work.iterdir()) == [
        "node-orthophoto.tif", "orthomosaic.tif", "shots.geojson", "sources.tif",
    ]  # fmt: skip


def test_photos_of_a_bucket_are_laid_ready_only_while_they_are_sent(lab: Lab) -> None:
    desk = LendingDesk()
    lent = {sha256: desk.photo(path) for sha256, path in lab.paths.items()}
    made = lab.make(photo_paths=lent)
    (task,) = lab.node.tasks.values()
    assert task.files == {path.name: path.read_bytes() for path in lab.paths.values()}
    assert made.source_photos == tuple(one.sha256 for one in PHOTOS[:4])
    assert (desk.lent_most, len(desk.names)) == (1, len(PHOTOS))
    assert not (lab.work / "photos").exists()
    lab.make(photo_paths=lent)  # finds the task, and fetches nothing
    assert len(desk.names) == len(PHOTOS)


def test_asking_again_finds_the_task_and_gives_the_same_bytes(lab: Lab) -> None:
    first = lab.make()
    assert sum("commit" in request for request in lab.node.requests) == 1
    again = lab.make(photos=PHOTOS[::-1])
    assert again.sha256 == first.sha256
    assert sum("commit" in request for request in lab.node.requests) == 1
    assert len(lab.node.tasks) == 1
    lab.make(photos=PHOTOS[:4])
    assert len(lab.node.tasks) == 2  # other photos, another task


class Leaving(Silence):
    """Lose the survey while the node is at work."""

    def advance(self, units: int = 1) -> None:
        if units:
            raise Conflict("the job is no longer yours")


def test_whoever_takes_over_waits_for_the_task_of_the_one_before(lab: Lab) -> None:
    lab.node.polls = 6
    with pytest.raises(Conflict):
        lab.make(progress=Leaving())
    (before,) = lab.node.tasks.values()
    assert before.status != CANCELED
    lab.make()
    assert list(lab.node.tasks.values()) == [before]


def test_half_an_upload_of_somebody_who_died_is_not_waited_for(lab: Lab) -> None:
    lab.make()
    name, task = lab.node.tasks.popitem()
    lab.node.half[name] = task
    lab.make()
    assert list(lab.node.half) == [name] and not lab.node.fell_over
    (other,) = lab.node.tasks
    assert other != name


def test_a_task_that_failed_is_told_and_the_next_time_tried_anew(lab: Lab) -> None:
    lab.node.fail_first = 1
    with pytest.raises(BadInput, match=r"exited with code 1 .*not enough overlap"):
        lab.make()
    assert lab.make().grid.crs == CRS
    assert len(lab.node.tasks) == 2


def test_a_task_that_was_cancelled_there_is_tried_anew(lab: Lab) -> None:
    lab.make()
    (task,) = lab.node.tasks.values()
    task.status = CANCELED
    lab.make()
    assert len(lab.node.tasks) == 2


def test_a_node_that_is_silent_for_a_while_is_asked_again(lab: Lab) -> None:
    lab.node.polls = 6

    class Cutting(Silence):
        def advance(self, units: int = 1) -> None:
            if units and not cut:
                cut.append(units)
                lab.node.silent = 3

    cut: list[int] = []
    lab.make(progress=Cutting())
    assert cut and lab.node.silent == 0


def test_a_node_that_cannot_be_reached_or_refuses_is_unavailable_and_no_token_is_told(
    lab: Lab,
) -> None:
    gone = NodeOdm(url="http://127.0.0.1:9/?token=t0ken", poll_s=0.01)
    with pytest.raises(Unavailable, match="cannot be reached") as told:
        lab.make(node=gone)
    assert "t0ken" not in str(told.value)
    wrong = NodeOdm(url=lab.node.url.replace("t0ken", "other"), poll_s=0.01)
    with pytest.raises(Unavailable, match=r"NodeODM refuses: .*token"):
        lab.make(node=wrong)


@pytest.mark.parametrize(
    ("results", "words"),
    [
        ({}, "delivered no odm_orthophoto"),
        ({ORTHOPHOTO: b"no raster"}, "cannot be read"),
        ({ORTHOPHOTO: orthophoto(crs=None)}, "no projected CRS"),
        ({ORTHOPHOTO: orthophoto(crs="EPSG:4326")}, "no projected CRS"),
        ({ORTHOPHOTO: orthophoto(gsd_y=2 * GSD)}, "expected upright squares"),
        ({ORTHOPHOTO: orthophoto(picture()[:, :, :3].astype(np.uint16))}, "uint16"),  # type: ignore[arg-type]
    ],
    ids=["nothing", "no raster", "no place", "degrees", "oblong", "16 bits"],
)
def test_what_is_no_orthophoto_is_broken(
    lab: Lab, results: Mapping[str, bytes], words: str
) -> None:
    lab.node.make = lambda _files, _options: results
    with pytest.raises(Broken, match=words):
        lab.make()


def test_photos_without_a_report_all_count_and_positions_that_disagree_cost_certainty(
    lab: Lab,
) -> None:
    lab.node.make = lambda _files, _options: {ORTHOPHOTO: orthophoto()}
    assert len(lab.make().source_photos) == 5
    lab.node.make = lambda _f, _o: {ORTHOPHOTO: orthophoto(), SHOTS: shots(PHOTOS, off_m=4.0)}
    lab.node.tasks.clear()
    ratio = lab.make().gsd_uncertainty_ratio
    spread_m = np.sqrt(sum((10.0 * (n - 2)) ** 2 + (5.0 * (n % 2) - 2.0) ** 2 for n in range(5)))
    assert ratio == pytest.approx(4.0 / spread_m, rel=0.1) and ratio > 2 * SCALE_UNCERTAINTY


def test_only_photos_that_look_down_are_sent(lab: Lab) -> None:
    strip = replace(SURVEY, surface=Surface.STRIP, gsd_m_per_px=0.002)
    with pytest.raises(BadInput, match="use the embedded engine"):
        lab.make(strip)
    assert lab.node.requests == []


def test_a_chosen_crs_is_kept_to(tmp_path: Path) -> None:
    source = tmp_path / "o.tif"
    source.write_bytes(orthophoto(picture()[:, :, :3]))  # without alpha
    places = {"out_tif": tmp_path / "m.tif", "out_sources_tif": tmp_path / "s.tif"}
    grid = adopt_orthophoto(source, **places, crs="EPSG:6675")
    assert grid.crs == "EPSG:6675"
    assert grid.gsd_m_per_px == pytest.approx(GSD, rel=0.01)
    with rasterio.open(tmp_path / "m.tif") as kept:
        assert kept.count == 4 and 0.5 < (kept.read(4) > 0).mean() <= 1.0
    with pytest.raises(BadInput, match="unknown coordinate reference system"):
        adopt_orthophoto(source, **places, crs="EPSG:99999")


def test_a_survey_is_conducted_on_the_mosaic_of_a_node(site: Site) -> None:  # noqa: F811
    """The node gives back the mosaic that was there; defects lie where they lay."""
    conduct(site.survey_id, site.tools)
    alone = [row[3] for row in site.found()]
    with reading(site.tools.engine) as connection:
        made = orthomosaics.of_survey(connection, site.survey_id)
        survey = surveys.by_id(connection, site.survey_id)
    assert survey.surface is Surface.NADIR
    results = {ORTHOPHOTO: site.tools.blobs.read_bytes(made.blob_key)}
    with running_node(FakeNode(make=lambda _files, _options: results)) as node:
        tools = replace(site.tools, node=NodeOdm(url=node.url, poll_s=0.01))
        conducted = conduct(site.survey_id, tools)
        again = conduct(site.survey_id, tools)
        assert len(node.tasks) == 1
    registration: Any = conducted.mosaic.facts["registration"]
    assert registration["method"] == "nodeodm"
    assert [entry.reused for entry in again.entries] == [True] * 5
    with reading(site.tools.engine) as connection:
        found = defects.find(connection).rows
    assert sorted(row.latest.box_px for row in found) == sorted(alone)
    assert all(row.latest.photo_sha256s == () for row in found)
    assert site.state() is SurveyState.PROCESSED


def test_control_points_are_not_lost_silently(site: Site) -> None:  # noqa: F811
    site.tools.blobs.put_bytes(keys.control_key(site.survey_id), b"name,x,y,z\n")
    with writing(site.tools.engine) as connection:
        steps.forget(connection, site.survey_id, "mosaic")
    with pytest.raises(BadInput, match="control points are not handed on"):
        conduct(site.survey_id, replace(site.tools, node=NodeOdm(url="http://127.0.0.1:9/")))


def test_the_engine_is_a_setting_and_an_option(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert node_of(MosaicSettings()) is None
    monkeypatch.setenv("TENKEN_MOSAIC_NODEODM_URL", "http://odm:3000/?token=s3cret")
    assert node_of(MosaicSettings()) is None  # a node that is there is not yet asked for
    monkeypatch.setenv("TENKEN_MOSAIC_ENGINE", "nodeodm")
    node = node_of(MosaicSettings())
    assert node is not None and node.url.endswith("s3cret")
    assert node_of(MosaicSettings(engine="embedded")) is None
    monkeypatch.delenv("TENKEN_MOSAIC_NODEODM_URL")
    words = [str(tmp_path), "--out", str(tmp_path / "out"), "--engine", "nodeodm"]
    refused = CliRunner().invoke(run, words)
    assert isinstance(refused.exception, BadInput)
    assert "TENKEN_MOSAIC_NODEODM_URL" in str(refused.exception)
