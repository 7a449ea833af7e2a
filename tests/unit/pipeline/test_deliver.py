"""What a run delivers: complete files, the keys programs read, and nobody's words as markup."""

import csv
import io
import json
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

import pytest

from inspection.domain.asset import Asset
from inspection.domain.capture import Rejection, RejectionReason
from inspection.domain.defect import Defect
from inspection.domain.mission import Survey
from inspection.errors import NotFound, Unavailable
from inspection.export.report import Table
from inspection.pipeline.account import account, versions, warnings_of
from inspection.pipeline.conduct import Conducted
from inspection.pipeline.deliver import Delivered, deliver
from inspection.pipeline.ledger import Entry
from inspection.pipeline.ports import Detector, Silence
from inspection.pipeline.tools import Tools
from inspection.store import keys, surveys
from inspection.store.blobs import FolderBlobs
from inspection.store.engine import create_engine, reading
from tests.support.records import make_photo
from tests.support.seed import Seeded, SeededSurvey, seed

FILES = {
    "defects.geojson",
    "orthomosaic.tif",
    "report.html",
    "run.json",
    "sources.tif",
    "worklist.csv",
}
EVIL = "<script>alert('橋')</script>"


class NewYear:
    """Tell one moment for ever."""

    def now(self) -> datetime:
        return datetime(2027, 1, 2, 3, 4, tzinfo=UTC)


def no_detector() -> NoReturn:
    raise AssertionError("delivering needs no detector")


def entry(step: str, result: dict[str, Any], *, reused: bool = False) -> Entry:
    kept = {**result, "code": f"tenken 0, {step} r1"}
    return Entry(step=step, result=kept, seconds=1.23456, peak_rss_mb=321.98, reused=reused)


def entries(made: SeededSurvey) -> tuple[Entry, ...]:
    grid, count = made.mosaic.grid, len(made.defects)
    fit = {
        "height_ratio": 1.013,
        "camera_gps_rms_horizontal_m": 0.42,
        "reprojection_px": 0.61,
        "warnings": ["the horizon is 3° off", "say it once"],
    }
    facts = {
        "gsd_m_per_px": grid.gsd_m_per_px,
        "crs": grid.crs,
        "width_px": grid.width_px,
        "height_px": grid.height_px,
    }
    return (
        entry("mosaic", {"registration": fit, "mosaic": facts}, reused=True),
        entry("detect", {"detections": 7, "model": "seed@0", "warnings": ["say it once"]}),
        entry("measure", {"measured": count}),
        entry("consolidate", {"defects": count}),
    )


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Seeded:
    return seed(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def tools(seeded: Seeded) -> Iterator[Tools]:
    engine = create_engine(seeded.database_url)
    load_detector: Callable[[], Detector] = no_detector
    yield Tools(
        engine=engine,
        blobs=FolderBlobs(seeded.home / "blobs"),
        load_detector=load_detector,
        model_id="none@000000000000/f32",
        clock=NewYear(),
        progress=Silence(),
        work_dir=seeded.home / "work",
    )
    engine.dispose()


def conducted(made: SeededSurvey, tools: Tools, name: str = "犀川大橋") -> Conducted:
    with reading(tools.engine) as connection:
        survey = surveys.by_id(connection, made.survey_id)
    asset = Asset(asset_id=made.asset_id, name=name)
    return Conducted(survey=survey, asset=asset, mosaic=made.mosaic, entries=entries(made))


def truth(defects: Sequence[Defect]) -> tuple[dict[str, Any], Sequence[Table]]:
    heading = [("Heading", "見出し")]
    table = Table(
        title_en=EVIL, title_ja=EVIL, note_en="", note_ja="", headings=heading, rows=[[EVIL]]
    )
    return {"truth": {"listed": len(defects)}}, [table]


@pytest.fixture(scope="module")
def delivered(seeded: Seeded, tools: Tools, tmp_path_factory: pytest.TempPathFactory) -> Delivered:
    out = tmp_path_factory.mktemp("out")
    return deliver(conducted(seeded.mapped, tools, EVIL), out=out, tools=tools, extra=truth)


def test_every_promised_file_is_there_and_no_litter(delivered: Delivered) -> None:
    assert {path.name for path in delivered.out.iterdir()} == FILES
    assert all(path.stat().st_size > 0 for path in delivered.out.iterdir())


def test_widths_that_were_read_are_delivered_with_their_defects(
    seeded: Seeded, tools: Tools, tmp_path: Path
) -> None:
    (first, *_) = seeded.mapped.defects
    segment = {"line_m": [[-48403.0, 66109.0], [-48402.5, 66109.0]], "width_p95_mm": 3.2}
    crack = {
        "observation_id": str(first.latest.observation_id),
        "photo_gsd_mm_per_px": 2.0,
        "segments": [segment],
    }
    plain = {"format": 1, "crs": seeded.mapped.mosaic.grid.crs, "cracks": [crack]}
    key = keys.widths_key("d" * 64)
    tools.blobs.put_bytes(key, json.dumps(plain).encode())
    made = conducted(seeded.mapped, tools)
    others = [kept for kept in made.entries if kept.step != "measure"]
    measured = entry("measure", {"measured": 1, "widths_key": key})
    made = replace(made, entries=(*others[:2], measured, *others[2:]))
    delivered = deliver(made, out=tmp_path / "out", tools=tools)
    content = json.loads((tmp_path / "out" / "widths.geojson").read_text(encoding="utf-8"))
    (feature,) = content["features"]
    assert feature["properties"]["defect_id"] == str(first.defect_id)
    assert feature["properties"]["width_p95_mm"] == 3.2
    lon, lat = feature["geometry"]["coordinates"][0]
    assert (lon, lat) == pytest.approx((136.63, 36.59), abs=0.05)
    assert "widths_key" not in delivered.account["measured"]
    assert {path.name for path in delivered.out.iterdir()} == FILES | {"widths.geojson"}


def test_run_json_says_what_was_delivered_in_the_keys_of_the_contract(
    delivered: Delivered, seeded: Seeded
) -> None:
    facts = json.loads((delivered.out / "run.json").read_text(encoding="utf-8"))
    assert facts == delivered.account
    assert facts["photos"]["registered"] == facts["photos"]["accepted"] == 1
    assert facts["photos"]["not_registered"] == 0
    (rejected,) = facts["photos"]["rejected"]
    assert rejected == {"file": "notes.jpg", "reason": "not_an_image", "detail": "text"}
    assert facts["registration"]["height_ratio"] == 1.013
    assert facts["registration"]["camera_gps_rms_horizontal_m"] == 0.42
    assert facts["registration"]["reprojection_px"] == 0.61
    assert facts["mosaic"]["gsd_m_per_px"] == pytest.approx(0.002)
    assert facts["mosaic"]["crs"] == "EPSG:6675"
    assert facts["mosaic"]["georeferenced"] is True
    assert facts["mosaic"]["sha256"] == seeded.mapped.mosaic.sha256
    assert (facts["detections"], facts["defects"]) == (7, len(seeded.mapped.defects))
    assert facts["work_list_rows"] == len(delivered.work_list.rows) == len(delivered.defects)
    assert facts["truth"] == {"listed": len(delivered.defects)}
    assert {"tenken", "python", "numpy"} <= set(facts["versions"])


def test_each_stage_has_a_name_a_time_and_a_peak(delivered: Delivered) -> None:
    stages = delivered.account["stages"]
    assert [stage["name"] for stage in stages] == ["mosaic", "detect", "measure", "consolidate"]
    assert {stage["seconds"] for stage in stages} == {1.235}
    assert {stage["peak_rss_mb"] for stage in stages} == {322.0}
    assert [stage["reused"] for stage in stages] == [True, False, False, False]
    assert all(stage["code"] for stage in stages)
    assert "code" not in delivered.account["measured"]
    assert "code" not in delivered.account["consolidated"]


def test_the_files_agree_with_each_other(delivered: Delivered) -> None:
    collection = json.loads((delivered.out / "defects.geojson").read_text(encoding="utf-8"))
    text = (delivered.out / "worklist.csv").read_bytes().decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [f["id"] for f in collection["features"]] == [row["defect_id"] for row in rows]
    assert [f["properties"]["rank"] for f in collection["features"]] == [1, 2, 3, 4]
    for feature in collection["features"]:
        west, south, east, north = feature["bbox"]
        assert 136.0 < west <= east < 137.0
        assert 36.0 < south <= north < 37.0


def test_the_rasters_are_the_kept_ones(delivered: Delivered, seeded: Seeded, tools: Tools) -> None:
    mosaic = seeded.mapped.mosaic
    for name, key in (("orthomosaic.tif", mosaic.blob_key), ("sources.tif", mosaic.sources_key)):
        assert (delivered.out / name).read_bytes() == tools.blobs.read_bytes(key)


def test_the_report_shows_strangers_words_as_words(delivered: Delivered) -> None:
    page = (delivered.out / "report.html").read_text(encoding="utf-8")
    assert "alert(" in page
    assert "<script>alert" not in page
    assert page.count("&lt;script&gt;alert") >= 4
    assert "2027-01-02 03:04 UTC" in page


def test_delivering_again_replaces_equal_files(
    seeded: Seeded, tools: Tools, tmp_path: Path
) -> None:
    road = conducted(seeded.local, tools)
    first = deliver(road, out=tmp_path, tools=tools)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    (tmp_path / "report.html").write_text("an old page")
    assert deliver(road, out=tmp_path, tools=tools) == first
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    collection = json.loads(before["defects.geojson"])
    assert collection["tenken:crs"] == "LOCAL"
    assert first.account["mosaic"]["georeferenced"] is False


def test_a_lost_mosaic_is_named_and_nothing_half_written_stays(
    seeded: Seeded, tools: Tools, tmp_path: Path
) -> None:
    road = conducted(seeded.mapped, tools)
    lost = replace(road, mosaic=replace(road.mosaic, blob_key="orthomosaics/lost.tif"))
    with pytest.raises(NotFound, match="lost"):
        deliver(lost, out=tmp_path / "new", tools=tools)
    assert not (tmp_path / "new").exists() or not list((tmp_path / "new").iterdir())


def test_an_out_that_is_a_file_is_refused_and_kept(
    seeded: Seeded, tools: Tools, tmp_path: Path
) -> None:
    (tmp_path / "taken").write_text("mine")
    with pytest.raises(Unavailable, match="taken"):
        deliver(conducted(seeded.mapped, tools), out=tmp_path / "taken", tools=tools)
    assert (tmp_path / "taken").read_text() == "mine"


def test_a_survey_that_the_store_does_not_know_is_refused(
    seeded: Seeded, tools: Tools, tmp_path: Path
) -> None:
    road = conducted(seeded.mapped, tools)
    stranger = Survey(survey_id=uuid.UUID(int=5), asset_id="b", created_at=NewYear().now())
    with pytest.raises(NotFound):
        deliver(replace(road, survey=stranger), out=tmp_path, tools=tools)
    assert list(tmp_path.iterdir()) == []


def test_each_warning_is_told_once_in_the_order_of_the_road(delivered: Delivered) -> None:
    assert delivered.account["warnings"] == ["the horizon is 3° off", "say it once"]
    early = entry("ingest", {"warnings": ["two clocks", "say it once"]})
    assert warnings_of([early, entry("measure", {})]) == ["two clocks", "say it once"]
    assert warnings_of([]) == []


def test_photos_that_were_not_registered_are_counted_and_named(
    seeded: Seeded, tools: Tools
) -> None:
    out = [
        Rejection(file="a.jpg", reason=RejectionReason.NOT_REGISTERED, detail="no overlap"),
        Rejection(file="b.jpg", reason=RejectionReason.NOT_AN_IMAGE, detail="text"),
    ]
    facts = account(
        conducted(seeded.mapped, tools),
        photos=[make_photo(1), make_photo(2)],
        rejections=out,
        ingest=entry("ingest", {"accepted": 2}),
        work_list_rows=0,
    )
    assert facts["photos"]["accepted"] == 2
    assert facts["photos"]["not_registered"] == 1
    assert [r["file"] for r in facts["photos"]["rejected"]] == ["a.jpg", "b.jpg"]
    assert facts["stages"][0]["name"] == "ingest"
    assert json.loads(json.dumps(facts, allow_nan=False)) == facts


def test_every_version_is_a_text() -> None:
    found = versions()
    assert all(isinstance(text, str) and text for text in found.values())
    assert found["numpy"] != "absent"
