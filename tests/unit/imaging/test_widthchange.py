"""Registration around a crack and the change of its width."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspection.errors import BadInput
from inspection.imaging.widthchange import (
    DeficitPair,
    Shift,
    aligned,
    deficits,
    local_shift,
    width_change_px,
)

ROWS, COLUMNS = 96, 256


def face(dx: float = 0.0, dy: float = 0.0, width_px: float = 0.0) -> np.ndarray[
    tuple[int, ...], np.dtype[np.float32]
]:  # fmt: skip
    """Give a face of random texture, displaced, with a level crack along row 48."""
    noise = np.fft.fft2(np.random.default_rng(5).normal(0, 1, (ROWS, COLUMNS)))
    ky, kx = np.meshgrid(np.fft.fftfreq(ROWS), np.fft.fftfreq(COLUMNS), indexing="ij")
    blur = np.exp(-2 * np.pi**2 * 1.5**2 * (kx**2 + ky**2))
    grain = np.fft.ifft2(noise * blur * np.exp(-2j * np.pi * (kx * dx + ky * dy))).real
    light = 0.4 + 0.02 * grain / grain.std()
    y = np.arange(ROWS)[:, None] + 0.5
    cover = np.clip(width_px / 2 - np.abs(y - dy - 48) + 0.5, 0, min(width_px, 1))
    return (light * (1 - 0.9 * cover)).astype(np.float32)


@settings(max_examples=15, deadline=None)
@given(dx=st.floats(-6, 6), dy=st.floats(-6, 6))
def test_a_shift_is_found_and_taken_back(dx: float, dy: float) -> None:
    shift = local_shift(face(), face(dx, dy))
    # half a pixel is enough: the crack is integrated over a pixel more than it needs
    assert (shift.dx_px, shift.dy_px) == pytest.approx((dx, dy), abs=0.5)
    back = aligned(face(dx, dy), Shift(dx_px=dx, dy_px=dy, response=1.0))
    inner = np.s_[12:-12, 12:-12]
    assert np.abs(back[inner] - face()[inner]).max() < 0.012


@pytest.mark.parametrize(("first", "second"), [(4.0, 4.5), (4.0, 4.0), (6.0, 4.0)])
def test_a_change_is_measured(first: float, second: float) -> None:
    line = np.array([[20.0, 48.0], [236.0, 48.0]])
    pair = deficits(face(width_px=first), face(width_px=second), line, reach_px=7)
    found = width_change_px([pair], core=pair.core)
    assert found is not None
    assert found[0] == pytest.approx(second - first, abs=0.1)
    assert pair.core == pytest.approx(0.9, abs=0.03)


def test_too_little_is_no_answer() -> None:
    short = deficits(face(), face(), np.array([[20.0, 48.0], [30.0, 48.0]]), reach_px=7)
    assert len(short.first_px) == 0
    assert width_change_px([short], core=1.0) is None and width_change_px([], core=1.0) is None


def test_nonsense_is_refused() -> None:
    with pytest.raises(BadInput, match="one shape"):
        local_shift(face(), face()[:40])
    pair = DeficitPair(first_px=np.zeros(8), second_px=np.zeros(8), core=0.0)
    with pytest.raises(BadInput, match="got 0"):
        width_change_px([pair], core=0.0)
