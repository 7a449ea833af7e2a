"""Ultralytics may not change how the rest of Tenken opens pictures."""

import io

import pytest
from PIL import Image, UnidentifiedImageError

import models.training.network
from inspection.domain.capture import RejectionReason
from inspection.imaging.decode import Flaw, decode


def test_a_file_that_is_no_picture_stays_no_picture_beside_ultralytics() -> None:
    assert models.training.network.build_network
    assert Image.open.__module__ == "PIL.Image"
    with pytest.raises(UnidentifiedImageError):
        Image.open(io.BytesIO(b"notes of the crew"))
    flaw = decode(b"notes of the crew")
    assert isinstance(flaw, Flaw)
    assert flaw.reason is RejectionReason.NOT_AN_IMAGE
