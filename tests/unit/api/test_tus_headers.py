"""The headers of tus are read as the protocol writes them, and whatever else is refused."""

import base64
import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from api import tus
from api.errors import ChecksumMismatch, WrongVersion
from inspection.errors import BadInput
from inspection.pipeline.gather import check_promise

KEYS = st.text(
    st.characters(min_codepoint=33, max_codepoint=126, exclude_characters=","), min_size=1
)


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@given(said=st.dictionaries(KEYS, st.text(max_size=20), max_size=5))
def test_metadata_is_read_back_as_it_was_written(said: dict[str, str]) -> None:
    written = ",".join(f"{key} {b64(value)}" for key, value in said.items())
    headers = Headers({"upload-metadata": written.strip()})
    assert tus.metadata_of(headers) == said


@given(sent=st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=60))
def test_any_metadata_is_read_or_refused(sent: str) -> None:
    try:
        found = tus.metadata_of(Headers({"upload-metadata": sent}))
    except BadInput as error:
        assert "Upload-Metadata" in str(error)
    else:
        assert all(re.fullmatch(r"[!-+\--~]+", key) for key in found)


@given(number=st.integers(0, 10**15 - 1))
def test_numbers_are_read(number: int) -> None:
    headers = Headers({"upload-length": str(number), "upload-offset": str(number)})
    assert tus.length_of(headers) == tus.offset_of(headers) == number


@pytest.mark.parametrize("sent", ["", "-1", "+1", " 1", "1.0", "0x10", "²", "1" * 16, "1,1"])
def test_what_is_no_number_is_refused_by_the_name_of_its_header(sent: str) -> None:
    with pytest.raises(BadInput, match="Upload-Length"):
        tus.length_of(Headers({"upload-length": sent}))
    with pytest.raises(BadInput, match="Upload-Offset"):
        tus.offset_of(Headers({}))


@given(content=st.binary(max_size=50), cut=st.integers(0, 50))
def test_a_checksum_is_of_all_bytes_in_any_pieces(content: bytes, cut: int) -> None:
    for name in ("sha1", "sha256", "md5"):
        digest = hashlib.new(name, content, usedforsecurity=False).digest()
        sent = f"{name} {base64.b64encode(digest).decode()}"
        checksum = tus.checksum_of(Headers({"upload-checksum": sent}))
        assert checksum is not None
        checksum.digest.update(content[:cut])
        checksum.digest.update(content[cut:])
        checksum.check()
        checksum.digest.update(b"more")
        with pytest.raises(ChecksumMismatch):
            checksum.check()
    assert tus.checksum_of(Headers({})) is None


@pytest.mark.parametrize("version", ["1.0.0"])
def test_our_version_passes_and_others_do_not(version: str) -> None:
    tus.check_version(Headers({"tus-resumable": version}))
    for other in ("", "1.0", "1.0.0 ", "2.0.0"):
        with pytest.raises(WrongVersion, match=r"1\.0\.0"):
            tus.check_version(Headers({"tus-resumable": other}))


def test_a_promise_is_a_digest() -> None:
    assert check_promise(" " + "AB" * 32) == "ab" * 32
    for wrong in ("", "ab" * 31, "gg" * 32, "ab" * 33):
        with pytest.raises(BadInput, match="64 hexadecimal"):
            check_promise(wrong)


@pytest.mark.parametrize("sent", ["a \x80", "a ????", "a gIA=", "a YQ", "\xff YQ=="])
def test_values_that_are_no_base64_of_text_are_refused(sent: str) -> None:
    with pytest.raises(BadInput, match="Upload-Metadata"):
        tus.metadata_of(Headers({"upload-metadata": sent}))
    with pytest.raises(BadInput, match="Upload-Checksum"):
        tus.checksum_of(Headers({"upload-checksum": f"sha256 {sent}"}))
