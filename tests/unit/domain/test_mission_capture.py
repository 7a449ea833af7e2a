"""Surveys and photos: identity by content, and values that cannot lie about themselves."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.domain.capture import CapturePose, Concern, Photo, PhotoQuality
from inspection.domain.mission import Survey, survey_id_for
from inspection.errors import BadInput

NOW = datetime(2026, 11, 23, tzinfo=UTC)
shas = st.lists(st.text("0123456789abcdef", min_size=64, max_size=64), min_size=1, max_size=6)


@given(digests=shas, data=st.data())
def test_a_survey_is_its_photos_in_any_order_and_any_number_of_copies(
    digests: list[str], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(digests + digests[:1]))
    assert survey_id_for("a", digests, "{}") == survey_id_for("a", shuffled, "{}")


@given(digests=shas)
def test_another_asset_option_or_photo_is_another_survey(digests: list[str]) -> None:
    ids = {
        survey_id_for("a", digests, "{}"),
        survey_id_for("b", digests, "{}"),
        survey_id_for("a", digests, '{"gsd": 2}'),
        survey_id_for("a", [*digests, "x"], "{}"),
    }
    assert len(ids) == 4


def test_the_identifier_of_a_survey_never_changes_between_releases() -> None:
    assert survey_id_for("ISK-1", ["0" * 64], "{}") == UUID("83a447ad-052f-56a7-9ede-4b7d15e2ef29")


@pytest.mark.parametrize("gsd", [0.0, -0.001, 11.0])
def test_a_nonsense_gsd_is_refused_with_its_unit(gsd: float) -> None:
    with pytest.raises(BadInput, match="mm/px"):
        Survey(survey_id=UUID(int=1), asset_id="a", gsd_m_per_px=gsd, created_at=NOW)


def test_naive_times_are_refused() -> None:
    with pytest.raises(BadInput, match="time zone"):
        Survey(survey_id=UUID(int=1), asset_id="a", created_at=datetime(2026, 1, 1))
    with pytest.raises(BadInput, match="time zone"):
        Photo(
            sha256="0" * 64,
            name="a",
            width_px=1,
            height_px=1,
            taken_at=datetime(2026, 1, 1),
        )


@pytest.mark.parametrize(("lon", "lat"), [(0.0, 0.0), (181.0, 0.0), (0.0, -91.0)])
def test_a_position_that_cannot_be_is_refused(lon: float, lat: float) -> None:
    with pytest.raises(BadInput, match="position"):
        CapturePose(lon_deg=lon, lat_deg=lat)


@pytest.mark.parametrize(("relative", "blurred"), [(0.39, True), (0.4, False), (1.7, False)])
def test_blurred_means_less_than_0_4_of_the_flight(relative: float, blurred: bool) -> None:
    quality = PhotoQuality(
        sharpness=10.0,
        sharpness_relative=relative,
        exposure_mean=0.5,
        clipped_dark_fraction=0.0,
        clipped_bright_fraction=0.0,
    )
    assert quality.is_blurred is blurred


def test_a_digest_has_64_digits() -> None:
    with pytest.raises(BadInput, match="64"):
        Photo(sha256="abc", name="a", width_px=1, height_px=1)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, ()),
        ({"sharpness_relative": 0.39}, (Concern.SOFT,)),
        ({"sharpness_relative": 0.4}, ()),
        ({"exposure_mean": 24 / 255}, (Concern.DARK,)),
        ({"exposure_mean": 25 / 255}, ()),
        ({"exposure_mean": 246 / 255}, (Concern.BRIGHT,)),
        ({"exposure_mean": 245 / 255}, ()),
        ({"clipped_dark_fraction": 0.31}, (Concern.DARK,)),
        ({"clipped_bright_fraction": 0.31}, (Concern.BRIGHT,)),
        ({"clipped_bright_fraction": 0.3, "clipped_dark_fraction": 0.3}, ()),
        (
            {"sharpness_relative": 0.1, "clipped_dark_fraction": 0.5},
            (Concern.SOFT, Concern.DARK),
        ),
    ],
)
def test_what_speaks_against_a_photo(
    changed: dict[str, float], expected: tuple[Concern, ...]
) -> None:
    fine = PhotoQuality(
        sharpness=10.0,
        sharpness_relative=1.0,
        exposure_mean=0.5,
        clipped_dark_fraction=0.0,
        clipped_bright_fraction=0.0,
    )
    assert replace(fine, **changed).concerns == expected
