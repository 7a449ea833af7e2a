"""Keys are stable, spread and cannot leave the store."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.errors import BadInput
from inspection.store import keys
from tests.support.blob_contract import OUTSIDE

SHA = "ab" + "0" * 62
SURVEY = uuid.UUID(int=7)

segment = st.text("abcXYZ019-_ 橋ひび()", min_size=1, max_size=20).filter(
    lambda s: s[-1] != " " and s[0] != "."
)


@given(st.lists(segment, min_size=1, max_size=5))
def test_ordinary_keys_pass_unchanged(segments: list[str]) -> None:
    key = "/".join(segments)
    assert keys.check_key(key) == key
    assert keys.check_prefix(key + "/") == key + "/"


@pytest.mark.parametrize("key", OUTSIDE)
def test_keys_that_lead_outside_are_refused(key: str) -> None:
    with pytest.raises(BadInput):
        keys.check_key(key)


@given(st.text(max_size=60))
def test_whatever_an_upload_is_called_its_key_stays_inside_or_is_refused(name: str) -> None:
    try:
        key = keys.upload_key(SURVEY, name)
    except BadInput:
        return
    assert key.startswith(keys.upload_prefix(SURVEY))
    assert "/" not in key.removeprefix(keys.upload_prefix(SURVEY))
    assert keys.check_key(key) == key


def test_uploads_keep_their_names_without_their_paths() -> None:
    prefix = keys.upload_prefix(SURVEY)
    assert prefix == "uploads/00000000-0000-0000-0000-000000000007/"
    assert keys.upload_key(SURVEY, "/DCIM/100/DJI 1.JPG") == prefix + "DJI 1.JPG"
    assert keys.upload_key(SURVEY, "..\\x.jpg") == prefix + "x.jpg"
    decomposed, composed = "か\u3099.jpg", "が.jpg"
    assert keys.upload_key(SURVEY, decomposed) == keys.upload_key(SURVEY, composed)
    with pytest.raises(BadInput):
        keys.upload_key(SURVEY, "photos/")


def test_every_noun_has_its_own_key() -> None:
    named = {
        keys.photo_key(SHA, ".JPEG"): f"photos/ab/{SHA}.jpeg",
        keys.orthomosaic_key(SHA): f"orthomosaics/ab/{SHA}.tif",
        keys.sources_key(SHA): f"sources/ab/{SHA}.tif",
        keys.detections_key(SHA): f"detections/ab/{SHA}.npz",
        keys.registration_key(SHA): f"registrations/ab/{SHA}.npz",
        keys.picture_key(SURVEY, SHA): f"pictures/{SURVEY}/{SHA}.jpg",
        keys.report_key(SURVEY, SHA, ".html"): f"reports/{SURVEY}/{SHA}.html",
    }
    assert list(named) == list(named.values())
    assert all(keys.check_key(key) for key in named)


@pytest.mark.parametrize("sha256", ["", "ab", SHA.upper(), SHA + "0", "../" + SHA[3:]])
def test_what_is_no_digest_is_refused(sha256: str) -> None:
    with pytest.raises(BadInput, match="64 lower-case"):
        keys.orthomosaic_key(sha256)


@pytest.mark.parametrize("suffix", ["", "jpg", ".", ".jp/g", ".tar.gz", ".123456789"])
def test_what_is_no_suffix_is_refused(suffix: str) -> None:
    with pytest.raises(BadInput, match="suffix"):
        keys.photo_key(SHA, suffix)


def test_a_prefix_may_be_empty_but_not_lead_outside() -> None:
    assert keys.check_prefix("") == ""
    for prefix in ("/", "../", "a//", "a/../b/"):
        with pytest.raises(BadInput):
            keys.check_prefix(prefix)
