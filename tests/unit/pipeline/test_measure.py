"""Measuring a mosaic: known damage in, observations out."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shapely

from inspection.domain.detection import Detections
from inspection.domain.measurement import MaskCalibration
from inspection.domain.taxonomy import DamageClass
from inspection.errors import BadInput
from inspection.geo.polyline import axial_difference_deg
from inspection.pipeline.measure import Measured, measure
from tests.support.masks import bar, detections_of, mosaic_of, write_raster

C = DamageClass
SHAPE = (420, 620)


def line(
    centre: tuple[float, float], length: float, width: float, angle_deg: float = 0.0
) -> np.ndarray:
    return bar(SHAPE, centre=centre, length=length, width=width, angle_deg=angle_deg)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("rasters")
    photos = np.ones(SHAPE, dtype=np.uint16)
    photos[:, 400:] = 2
    photos[:, 600:] = 0
    zeros = np.zeros(SHAPE, dtype=np.uint16)
    return write_raster(folder / "mosaic.tif", zeros), write_raster(folder / "sources.tif", photos)


def measured(
    found: list[tuple[DamageClass, np.ndarray]],
    files: tuple[Path, Path],
    *,
    crs: str = "LOCAL",
    min_length_m: float = 0.10,
    mask_offset_px: float = 0.0,
    calibration: MaskCalibration | None = None,
) -> Measured:
    place = {} if crs == "LOCAL" else {"left_m": 500_000.0, "top_m": 4_050_000.0}
    return measure(
        detections_of(found),
        mosaic_path=files[0],
        sources_path=files[1],
        mosaic=mosaic_of(SHAPE, crs=crs, **place),
        model_id="model@1/f32",
        min_length_m=min_length_m,
        calibration=calibration or MaskCalibration(offset_px=mask_offset_px),
    )


def test_a_bar_is_measured_in_metres_and_millimetres(files: tuple[Path, Path]) -> None:
    (seen,) = measured([(C.CRACK, line((200.3, 200.2), 300, 5, 20))], files).observations
    numbers = seen.measurement
    assert numbers.length_m is not None
    assert numbers.width_mm is not None
    assert numbers.length_m.value == pytest.approx(0.600, abs=0.008)
    assert abs(numbers.length_m.value - 0.600) <= numbers.length_m.expanded_uncertainty
    assert numbers.width_mm.value == pytest.approx(10.0, abs=1.2)
    assert numbers.width_mm.expanded_uncertainty == pytest.approx(2.04, abs=0.03)
    assert numbers.width_mm.limit == pytest.approx(2.0)
    assert numbers.width_mean_mm == pytest.approx(10.0, abs=1.2)
    assert numbers.width_mean_mm <= numbers.width_mm.value
    assert numbers.area_m2.value == pytest.approx(0.6 * 0.010, rel=0.03)
    # y runs up on the surface and down in the image
    assert numbers.orientation_deg is not None
    assert axial_difference_deg(numbers.orientation_deg, -20) < 0.5
    assert numbers.gsd_mm_per_px == pytest.approx(2.0)


def test_geometry_lies_on_the_surface_where_the_mask_is(files: tuple[Path, Path]) -> None:
    (seen,) = measured([(C.CRACK, line((200.3, 200.2), 300, 5, 20))], files).observations
    centre = shapely.Point(200.3 * 0.002, -200.2 * 0.002)
    assert isinstance(seen.axis_surface_m, shapely.LineString)
    assert seen.outline_surface_m.area == pytest.approx(0.006, rel=0.05)
    assert seen.outline_surface_m.buffer(0.002).contains(seen.axis_surface_m)
    assert shapely.Point(seen.anchor_surface_m).distance(centre) < 0.004
    assert seen.axis_surface_m.distance(shapely.Point(seen.anchor_surface_m)) < 1e-3
    assert seen.anchor_lonlat is None
    x0, y0, x1, y1 = seen.box_px
    assert (x0, x1) == (pytest.approx(58, abs=2), pytest.approx(343, abs=2))
    assert (y0, y1) == (pytest.approx(147, abs=2), pytest.approx(254, abs=2))


def test_utm_lengths_are_brought_to_the_ground(files: tuple[Path, Path]) -> None:
    found = [(C.CRACK, line((200.3, 200.2), 300, 5)), (C.SPALL, line((450, 300), 60, 60))]
    local = measured(found, files).observations
    on_map = measured(found, files, crs="EPSG:32653").observations
    for there, here in zip(on_map, local, strict=True):
        assert there.measurement.area_m2.value == pytest.approx(
            here.measurement.area_m2.value / 0.9996**2, rel=1e-7
        )
        if here.measurement.length_m and there.measurement.length_m:
            assert there.measurement.length_m.value == pytest.approx(
                here.measurement.length_m.value / 0.9996, rel=1e-7
            )
    assert on_map[0].anchor_lonlat == pytest.approx((135.0, 36.6), abs=0.05)


def test_the_photos_that_show_it_are_named_most_frequent_first(files: tuple[Path, Path]) -> None:
    found = [
        (C.CRACK, line((380, 50), 200, 3, 5)),  # 120 px on the first photo, 80 on the second
        (C.CRACK, line((450, 150), 180, 3)),  # 40 and 140
        (C.SPALL, line((610, 300), 10, 10)),  # no photo at all
    ]
    seen = measured(found, files).observations
    by_row = {o.box_px[1]: o.photo_sha256s for o in seen}
    assert [by_row[row] for row in sorted(by_row)] == [
        ("b" * 64, "c" * 64),
        ("c" * 64, "b" * 64),
        (),
    ]


def test_without_sources_there_is_no_evidence(files: tuple[Path, Path]) -> None:
    found = detections_of([(C.CRACK, line((200, 100), 200, 3))])
    (seen,) = measure(
        found, mosaic_path=files[0], sources_path=None, mosaic=mosaic_of(SHAPE), model_id="m"
    ).observations
    assert seen.photo_sha256s == ()


def test_a_thin_line_is_below_the_limit_and_never_a_number(files: tuple[Path, Path]) -> None:
    mask = np.zeros(SHAPE, dtype=bool)
    steps = np.arange(200)
    mask[50 + steps, 50 + steps] = True  # a chain of corners: 0.8 px wide
    (seen,) = measured([(C.CRACK, mask)], files).observations
    width = seen.measurement.width_mm
    assert width is not None
    assert width.below_limit
    assert width.value is None
    assert width.expanded_uncertainty is None
    assert width.limit == pytest.approx(2.0)
    assert seen.measurement.width_mean_mm is None


def test_a_calibrated_mask_offset_is_taken_off(files: tuple[Path, Path]) -> None:
    found = [(C.CRACK, line((200.3, 200.2), 300, 5, 20))]
    (plain,) = measured(found, files).observations
    (less,) = measured(found, files, mask_offset_px=1.5).observations
    assert plain.measurement.width_mm is not None
    assert less.measurement.width_mm is not None
    assert plain.measurement.width_mm.value is not None
    assert less.measurement.width_mm.value == pytest.approx(
        plain.measurement.width_mm.value - 3.0, abs=0.01
    )
    (gone,) = measured(found, files, mask_offset_px=4.7).observations
    assert gone.measurement.width_mm is not None
    assert gone.measurement.width_mm.below_limit


def test_what_the_network_cannot_tell_apart_is_below_its_limit(files: tuple[Path, Path]) -> None:
    found = [(C.CRACK, line((200.3, 200.2), 300, 5, 20))]
    coarse = MaskCalibration(offset_px=1.5, offset_std_px=0.5, limit_px=4.0)
    fine = MaskCalibration(offset_px=1.5, offset_std_px=0.5, limit_px=3.0)
    (hidden,) = measured(found, files, calibration=coarse).observations
    (seen,) = measured(found, files, calibration=fine).observations
    (plain,) = measured(found, files, mask_offset_px=1.5).observations
    assert hidden.measurement.width_mm is not None
    assert seen.measurement.width_mm is not None
    assert plain.measurement.width_mm is not None
    assert hidden.measurement.width_mm.below_limit
    assert hidden.measurement.width_mm.limit == pytest.approx(8.0)
    assert seen.measurement.width_mm.value == plain.measurement.width_mm.value
    wider, narrower = (m.measurement.width_mm.expanded_uncertainty for m in (seen, plain))
    assert wider is not None
    assert narrower is not None
    assert 1.2 * narrower < wider < 2.0 * narrower


def test_a_crack_with_a_gap_stays_one_crack(files: tuple[Path, Path]) -> None:
    found = [
        (C.CRACK, line((150.2, 100.3), 200, 4)),  # ends at 250
        (C.CRACK, line((360.2, 100.3), 200, 4)),  # begins at 260: 20 mm further
    ]
    answer = measured(found, files)
    (seen,) = answer.observations
    assert answer.joined == 1
    assert seen.measurement.length_m is not None
    assert seen.measurement.length_m.value == pytest.approx(0.820, abs=0.01)
    assert isinstance(seen.axis_surface_m, shapely.LineString)
    assert isinstance(seen.outline_surface_m, shapely.MultiPolygon)
    assert seen.box_px == (50, 98, 460, 102)


def test_cracks_further_apart_than_ten_widths_stay_two(files: tuple[Path, Path]) -> None:
    found = [
        (C.CRACK, line((150.2, 100.3), 200, 4)),
        (C.CRACK, line((410.2, 100.3), 200, 4)),  # 120 mm further, 10 widths are 80 mm
    ]
    assert len(measured(found, files).observations) == 2


def test_a_chain_of_dashes_is_one_crack_of_the_whole_length(files: tuple[Path, Path]) -> None:
    dashes = [(C.CRACK, line((60.2 + 50 * i, 200.3), 42, 4)) for i in range(10)]
    answer = measured(dashes, files)
    (seen,) = answer.observations
    assert answer.joined == 9
    assert seen.measurement.length_m is not None
    assert seen.measurement.length_m.value == pytest.approx(0.984, abs=0.012)


def test_short_cracks_are_counted_never_lost_silently(files: tuple[Path, Path]) -> None:
    found = [(C.CRACK, line((100, 100), 40, 3)), (C.CRACK, line((100, 300), 60, 3))]
    answer = measured(found, files)
    assert len(answer.observations) == 1
    assert answer.facts["too_short"] == {"crack": 1}
    assert len(measured(found, files, min_length_m=0.05).observations) == 2


def test_distractors_never_become_observations(files: tuple[Path, Path]) -> None:
    found = [
        (C.JOINT, line((300, 50), 500, 6)),
        (C.JOINT, line((300, 80), 500, 6)),
        (C.CRACK, line((300, 200), 500, 3)),
    ]
    answer = measured(found, files)
    assert [o.damage_class for o in answer.observations] == [C.CRACK]
    assert answer.facts == {
        "observations": 1,
        "distractors": {"joint": 2},
        "too_short": {},
        "min_length_m": 0.10,
        "joined": 0,
        "widths": {
            "read_in_photos": 0,
            "of_masks": 1,
            "too_oblique": 0,
            "segments": 0,
            "points": {},
            "points_oblique": 0,
        },
    }


def test_an_area_has_no_width_and_its_area_is_right(files: tuple[Path, Path]) -> None:
    y, x = np.mgrid[0 : SHAPE[0], 0 : SHAPE[1]]
    disc = np.hypot(x + 0.5 - 300, y + 0.5 - 200) <= 80
    (seen,) = measured([(C.SPALL, disc)], files).observations
    numbers = seen.measurement
    true_m2 = np.pi * 0.16**2
    assert (numbers.length_m, numbers.width_mm, numbers.orientation_deg) == (None, None, None)
    assert numbers.area_m2.value == pytest.approx(true_m2, rel=0.005)
    assert numbers.area_m2.expanded_uncertainty is not None
    assert abs(numbers.area_m2.value - true_m2) <= numbers.area_m2.expanded_uncertainty
    assert seen.axis_surface_m is None
    assert seen.outline_surface_m.contains(shapely.Point(seen.anchor_surface_m))


def test_a_branching_crack_keeps_its_anchor_on_its_axis(files: tuple[Path, Path]) -> None:
    cross = line((300, 200), 300, 4) | line((300, 200), 200, 4, 90)
    (seen,) = measured([(C.CRACK, cross)], files).observations
    assert isinstance(seen.axis_surface_m, shapely.MultiLineString)
    assert seen.axis_surface_m.distance(shapely.Point(seen.anchor_surface_m)) < 1e-3
    assert seen.measurement.length_m is not None
    assert seen.measurement.length_m.value == pytest.approx(1.0, rel=0.02)


FOUND = [
    (C.CRACK, line((150.2, 100.3), 200, 4)),
    (C.SPALL, line((450, 300), 60, 60)),
    (C.CRACK, line((360.2, 100.3), 200, 4)),
    (C.CRACK, line((200, 250), 180, 3, 40)),
]


def test_the_order_of_detections_changes_nothing(files: tuple[Path, Path]) -> None:
    first = measured(FOUND, files).observations
    second = measured(FOUND[::-1], files).observations
    assert [o.observation_id for o in first] == [o.observation_id for o in second]
    for a, b in zip(first, second, strict=True):
        assert a.measurement == b.measurement
        assert a.anchor_surface_m == b.anchor_surface_m
        assert a.axis_surface_m == b.axis_surface_m


def test_running_twice_gives_the_same_identifiers_another_mosaic_or_model_others(
    files: tuple[Path, Path],
) -> None:
    first = measured(FOUND, files).observations
    again = measured(FOUND, files).observations
    ids = {o.observation_id for o in first}
    assert len(ids) == 3
    assert ids == {o.observation_id for o in again}
    for sha256, model_id in (("d" * 64, "model@1/f32"), (mosaic_of(SHAPE).sha256, "model@2/f32")):
        other = measure(
            detections_of(FOUND),
            mosaic_path=files[0],
            sources_path=files[1],
            mosaic=mosaic_of(SHAPE, sha256=sha256),
            model_id=model_id,
        ).observations
        assert len(other) == 3
        assert not ids & {o.observation_id for o in other}


def test_confidence_is_weighted_by_pixels(files: tuple[Path, Path]) -> None:
    found = detections_of([FOUND[0], FOUND[2]])
    short = detections_of([(C.CRACK, line((150.2, 100.3), 200, 4))])
    uneven = Detections(
        classes=found.classes,
        class_index=found.class_index,
        confidence=np.array([0.9, 0.5], dtype=np.float32),
        run_offsets=found.run_offsets,
        runs=found.runs,
    )
    assert len(short) == 1
    (seen,) = measure(
        uneven, mosaic_path=files[0], sources_path=None, mosaic=mosaic_of(SHAPE), model_id="m"
    ).observations
    assert seen.confidence == pytest.approx(0.7, abs=0.01)


def test_no_detections_give_no_observations(files: tuple[Path, Path]) -> None:
    answer = measured([], files)
    assert answer.observations == ()
    assert answer.facts["observations"] == 0


def test_rasters_of_another_mosaic_are_refused(files: tuple[Path, Path], tmp_path: Path) -> None:
    small = write_raster(tmp_path / "small.tif", np.zeros((10, 12), dtype=np.uint16))
    found = detections_of(FOUND)
    with pytest.raises(BadInput, match="12×10 px"):
        measure(found, mosaic_path=small, sources_path=None, mosaic=mosaic_of(SHAPE), model_id="m")
    with pytest.raises(BadInput, match="do not belong together"):
        measure(
            found, mosaic_path=files[0], sources_path=small, mosaic=mosaic_of(SHAPE), model_id="m"
        )
    with pytest.raises(BadInput, match="cannot open"):
        measure(
            found,
            mosaic_path=tmp_path / "none.tif",
            sources_path=None,
            mosaic=mosaic_of(SHAPE),
            model_id="m",
        )


def test_a_degree_mosaic_is_refused(files: tuple[Path, Path]) -> None:
    mosaic = mosaic_of(SHAPE)
    grid = replace(mosaic.grid, crs="EPSG:4326")
    with pytest.raises(BadInput, match="degrees"):
        measure(
            detections_of(FOUND),
            mosaic_path=files[0],
            sources_path=None,
            mosaic=replace(mosaic, grid=grid),
            model_id="m",
        )
