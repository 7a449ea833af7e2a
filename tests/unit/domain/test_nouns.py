"""Assets, chips, photos and classes: what is legal at both bounds, and the words beyond them."""

import dataclasses
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspection.domain.asset import Asset, AssetKind, Concrete
from inspection.domain.capture import CapturePose, Photo, natural_key
from inspection.domain.mission import Survey, survey_id_for
from inspection.domain.raster import Chip, Registration
from inspection.domain.taxonomy import (
    DISTRACTOR_CLASSES,
    LINEAR_CLASSES,
    DamageClass,
    is_defect,
)
from inspection.errors import BadInput

LAW = settings(derandomize=True, deadline=None, max_examples=80)
NOW = datetime(2026, 4, 1, tzinfo=UTC)
TOKYO = timezone(timedelta(hours=9))


@pytest.mark.parametrize("asset_id", ["b", "ISK-0123/上り", "x" * 200, " spaced "])
def test_an_identifier_has_1_to_200_characters(asset_id: str) -> None:
    assert Asset(asset_id=asset_id, name="").asset_id == asset_id


@pytest.mark.parametrize("asset_id", ["", " ", "\t\n", "\u3000", "x" * 201])
def test_other_identifiers_are_refused_and_shown(asset_id: str) -> None:
    with pytest.raises(BadInput, match="asset_id must have 1 to 200 characters, got '"):
        Asset(asset_id=asset_id, name="Bridge")


def test_what_is_not_known_about_an_asset_is_the_cautious_default() -> None:
    asset = Asset(asset_id="b", name="Bridge")
    assert asset.kind is AssetKind.OTHER
    assert asset.concrete is Concrete.RC
    assert asset.member == ""
    assert asset.attributes == {}


def test_two_assets_share_no_attributes() -> None:
    assert Asset(asset_id="a", name="").attributes is not Asset(asset_id="b", name="").attributes


def test_an_asset_cannot_be_changed_behind_the_stores_back() -> None:
    asset = Asset(asset_id="b", name="Bridge")
    with pytest.raises(dataclasses.FrozenInstanceError):
        asset.asset_id = "c"  # type: ignore[misc]


def chip(pixels: tuple[int, ...], valid: tuple[int, ...]) -> Chip:
    return Chip(
        x_px=-8,
        y_px=0,
        core=(0, 0, 4, 4),
        pixels=np.zeros(pixels, dtype=np.uint8),
        valid=np.zeros(valid, dtype=bool),
    )


def test_a_chip_may_begin_before_the_raster() -> None:
    assert chip((6, 9, 3), (6, 9)).x_px == -8


@pytest.mark.parametrize("pixels", [(6, 9), (6, 9, 1), (6, 9, 4), (1, 6, 9, 3)])
def test_a_chip_is_red_green_blue(pixels: tuple[int, ...]) -> None:
    with pytest.raises(BadInput, match=r"chip pixels need shape \(H, W, 3\), got \("):
        chip(pixels, (6, 9))


@pytest.mark.parametrize("valid", [(9, 6), (6, 8), (6, 9, 1), (54,)])
def test_the_mask_of_a_chip_has_its_size(valid: tuple[int, ...]) -> None:
    with pytest.raises(BadInput, match=r"chip mask needs shape \(6, 9\), got \("):
        chip((6, 9, 3), valid)


def test_a_registration_claims_nothing_by_default() -> None:
    silent = Registration(method="planar", cameras={}, poses={})
    assert (silent.reprojection_px, silent.height_ratio) == (None, None)
    assert (silent.camera_gps_rms_horizontal_m, silent.camera_gps_rms_vertical_m) == (None, None)
    assert (silent.unregistered, silent.residuals, silent.warnings) == ((), (), ())


@pytest.mark.parametrize("gsd_m_per_px", [1e-5, 0.002, 10.0])
def test_a_ground_sample_distance_between_its_bounds_is_taken(gsd_m_per_px: float) -> None:
    survey = Survey(survey_id=UUID(int=1), asset_id="b", created_at=NOW, gsd_m_per_px=gsd_m_per_px)
    assert survey.gsd_m_per_px == gsd_m_per_px


@pytest.mark.parametrize("gsd_m_per_px", [0.99e-5, 0.0, -0.002, 10.01, float("nan"), float("inf")])
def test_beyond_them_it_is_refused_in_millimetres(gsd_m_per_px: float) -> None:
    with pytest.raises(BadInput, match=r"mm/px is outside 0\.01–10000"):
        Survey(survey_id=UUID(int=1), asset_id="b", created_at=NOW, gsd_m_per_px=gsd_m_per_px)


def test_any_time_zone_will_do_for_a_survey() -> None:
    survey = Survey(survey_id=UUID(int=1), asset_id="b", created_at=NOW.astimezone(TOKYO))
    assert survey.created_at == NOW


@LAW
@given(photos=st.sets(st.text("0123456789abcdef", min_size=64, max_size=64), min_size=2))
def test_no_photo_can_be_left_out_of_a_survey_unnoticed(photos: set[str]) -> None:
    whole = survey_id_for("b", photos, "")
    assert all(survey_id_for("b", photos - {one}, "") != whole for one in photos)


@pytest.mark.parametrize(("lon", "lat"), [(180, 90), (-180, -90), (0, 36.6), (136.6, 0), (0, 1e-9)])
def test_the_borders_of_the_earth_are_on_it(lon: float, lat: float) -> None:
    pose = CapturePose(lon_deg=lon, lat_deg=lat)
    assert (pose.lon_deg, pose.lat_deg, pose.pitch_deg) == (lon, lat, None)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), 180.0001, -180.0001])
def test_a_longitude_that_is_none_is_refused_in_degrees(bad: float) -> None:
    with pytest.raises(BadInput, match=r"position .*°, 36\.6° is not on the earth"):
        CapturePose(lon_deg=bad, lat_deg=36.6)


@pytest.mark.parametrize("length", [0, 63, 65])
def test_a_digest_of_another_length_is_shown(length: int) -> None:
    with pytest.raises(BadInput, match="sha256 must have 64 hexadecimal digits, got '"):
        Photo(sha256="a" * length, name="a.jpg", width_px=1, height_px=1)


def test_a_photo_without_metadata_claims_nothing() -> None:
    photo = Photo(sha256="a" * 64, name="a.jpg", width_px=1, height_px=1)
    unknown = (photo.taken_at, photo.focal_mm, photo.focal_35mm, photo.focal_px)
    assert unknown == (None, None, None, None)
    assert (photo.pose, photo.quality) == (None, None)


@LAW
@given(numbers=st.lists(st.integers(0, 10**9), unique=True, min_size=1))
def test_numbered_names_are_ordered_by_their_numbers(numbers: list[int]) -> None:
    names = [f"DJI_{number}.JPG" for number in numbers]
    assert sorted(names, key=natural_key) == [f"DJI_{number}.JPG" for number in sorted(numbers)]


@LAW
@given(number=st.integers(0, 10**6), zeros=st.integers(0, 6))
def test_leading_zeros_do_not_count(number: int, zeros: int) -> None:
    assert natural_key(f"a{'0' * zeros}{number}") == natural_key(f"a{number}")


def test_classes_are_stored_under_names_that_fit_the_file_of_detections() -> None:
    assert all(0 < len(one.value) <= 64 for one in DamageClass)
    assert all(one.value.isascii() and one.value == one.value.lower() for one in DamageClass)


def test_a_distractor_is_never_measured_as_a_crack() -> None:
    assert not LINEAR_CLASSES & DISTRACTOR_CLASSES


@pytest.mark.parametrize("damage_class", list(DamageClass))
def test_every_class_is_damage_or_a_distractor(damage_class: DamageClass) -> None:
    assert is_defect(damage_class) is (damage_class not in DISTRACTOR_CLASSES)
    assert DamageClass(str(damage_class)) is damage_class
