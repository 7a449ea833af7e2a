"""Writing a PDF may not change how photos are read in the same process."""

import io

import numpy as np
import pytest
from PIL import Image

from inspection.domain.capture import RejectionReason
from inspection.export.pdf import load_engine
from inspection.imaging.decode import Decoded, Flaw, decode


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_a_photo_that_broke_off_is_still_set_aside_after_a_pdf(kind: str) -> None:
    assert load_engine().HTML  # turns Pillow's tolerance of cut files on
    noise = np.random.default_rng(1).integers(0, 256, (64, 96, 3), dtype=np.uint8)
    written = io.BytesIO()
    Image.fromarray(noise).save(written, kind)
    assert isinstance(decode(written.getvalue()), Decoded)
    flaw = decode(written.getvalue()[: len(written.getvalue()) // 2])
    assert isinstance(flaw, Flaw)
    assert flaw.reason in (RejectionReason.TRUNCATED, RejectionReason.UNREADABLE)
