"""Files of strangers are decoded elsewhere: bombs and broken ones cost a process, no more."""

import io
import os
import random
import struct
import sys
import zipfile
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inspection.domain.capture import RejectionReason
from inspection.errors import Unavailable
from inspection.imaging.sandbox import Sandbox
from inspection.imaging.sandboxed import examine

MB = 1 << 20


def picture(kind: str = "JPEG", size_px: int = 64, seed: int = 1) -> bytes:
    noise = np.random.default_rng(seed).integers(0, 255, (size_px, size_px, 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(noise).save(stream, kind)
    return stream.getvalue()


def png_chunk(kind: bytes, content: bytes) -> bytes:
    checked = kind + content
    return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))


def png_of(width: int, height: int, pixels: bytes) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", head)
        + png_chunk(b"IDAT", zlib.compress(pixels, 9))
        + png_chunk(b"IEND", b"")
    )


def png_bomb(side_px: int = 30_000) -> bytes:
    """Write 900 Mpx of nothing in under a megabyte."""
    return png_of(side_px, side_px, bytes(side_px // 100))


def tiff_that_promises(width: int, height: int) -> bytes:
    """Write the directory of a TIFF whose strips are not there."""
    entries = [
        (256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 8), (259, 3, 1, 1),
        (262, 3, 1, 1), (273, 4, 1, 8), (277, 3, 1, 1), (278, 4, 1, height),
        (279, 4, 1, width * height % (1 << 32)),
    ]  # fmt: skip
    directory = struct.pack("<H", len(entries)) + b"".join(
        struct.pack("<HHII", *entry) for entry in entries
    )
    return b"II*\0" + struct.pack("<I", 8) + directory + bytes(4)


def zip_bomb() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("doc.kml", bytes(50 * MB))
    return stream.getvalue()


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    return Sandbox(max_pixels=20_000_000, memory_bytes=1 << 30, time_s=30)


def flaws(sandbox: Sandbox, folder: Path, **files: bytes) -> dict[str, RejectionReason]:
    paths = []
    for name, content in files.items():
        path = folder / name
        path.write_bytes(content)
        paths.append(path)
    return {path.name: flaw.reason for path, flaw in sandbox.flaws(paths).items()}


def test_photos_pass_and_what_is_none_is_told_apart(sandbox: Sandbox, tmp_path: Path) -> None:
    jpeg = picture()
    found = flaws(
        sandbox, tmp_path,
        jpeg=jpeg, png=picture("PNG"), tiff=picture("TIFF"),
        empty=b"", text=b"notes", short=jpeg[: len(jpeg) // 2],
        archive=zip_bomb(), bomb=png_bomb(), huge=tiff_that_promises(60_000, 60_000),
        missing_strips=tiff_that_promises(3000, 3000),
    )  # fmt: skip
    assert found == {
        "empty": RejectionReason.EMPTY,
        "text": RejectionReason.NOT_AN_IMAGE,
        "short": RejectionReason.TRUNCATED,
        "archive": RejectionReason.NOT_AN_IMAGE,
        "bomb": RejectionReason.TOO_LARGE,
        "huge": RejectionReason.TOO_LARGE,
        "missing_strips": RejectionReason.TRUNCATED,
    }


def test_pixels_are_bounded_on_both_sides(sandbox: Sandbox, tmp_path: Path) -> None:
    rows = b"".join(b"\0" + bytes(1000) for _ in range(1000))
    path = tmp_path / "million.png"
    path.write_bytes(png_of(1000, 1000, rows))
    assert Sandbox(max_pixels=1_000_000).flaws([path]) == {}
    (flaw,) = Sandbox(max_pixels=999_999).flaws([path]).values()
    assert flaw.reason is RejectionReason.TOO_LARGE


def test_memory_is_bounded_and_the_next_file_is_served(tmp_path: Path) -> None:
    """Let a bitmap within the bound of pixels need more memory than it may."""
    big, good = tmp_path / "big.png", tmp_path / "good.jpg"
    big.write_bytes(png_of(14_000, 14_000, bytes(14_001 * 14_000)))
    good.write_bytes(picture())
    tight = Sandbox(memory_bytes=300 * MB)
    found = tight.flaws([big, good])
    assert set(found) == {big}
    assert found[big].reason in {RejectionReason.TOO_LARGE, RejectionReason.UNREADABLE}


def test_time_is_bounded_and_the_files_after_it_are_served(tmp_path: Path) -> None:
    """Let a named pipe that nobody writes to stand for a file that takes for ever."""
    first, slow, good = (tmp_path / name for name in ("first.jpg", "slow.jpg", "good.jpg"))
    os.mkfifo(slow)
    for path in (first, good):
        path.write_bytes(picture())
    hasty = Sandbox(time_s=0.5)  # of a process that has started: the first file waits for that
    found = hasty.flaws([first])
    assert found == {}
    found = hasty.flaws([slow, good])  # the good one by a new process, whose start is waited for
    assert set(found) == {slow}
    assert "longer than" in found[slow].detail


def test_a_process_that_dies_is_replaced(tmp_path: Path) -> None:
    paths = []
    for number in range(3):
        path = tmp_path / f"{number}.jpg"
        path.write_bytes(picture(seed=number))
        paths.append(path)
    dying = Sandbox()
    dying._command = [sys.executable, "-c", "import sys; sys.stdin.readline(); sys.exit(3)"]
    found = dying.flaws(paths)
    assert set(found) == set(paths)
    assert {flaw.reason for flaw in found.values()} == {RejectionReason.UNREADABLE}


def test_the_process_knows_no_secret_and_writes_nothing(tmp_path: Path) -> None:
    """Look around from inside: what is asked for in place of a file is answered by the process."""
    os.environ["TENKEN_DATABASE_URL"] = "postgresql://u:secret-word@h/d"
    try:
        spying = Sandbox()
        target = tmp_path / "written"
        code = (
            "import json, os, sys\n"
            "from inspection.imaging.sandboxed import confine\n"
            "sys.stdin.readline(); confine(1 << 32)\n"
            "told = [name for name in os.environ if name.startswith('TENKEN')]\n"
            "try:\n"
            f"    open({str(target)!r}, 'w').write('x' * 9000)\n"
            "    told.append('wrote')\n"
            "except OSError as error:\n"
            "    pass\n"
            "print(json.dumps({'reason': 'unreadable', 'detail': repr(told)}), flush=True)\n"
        )
        spying._command = [sys.executable, "-c", code]
        (flaw,) = spying.flaws([tmp_path / "any"]).values()
    finally:
        del os.environ["TENKEN_DATABASE_URL"]
    assert flaw.detail == "[]"
    assert not target.exists() or target.stat().st_size == 0


def test_mutated_photos_crash_nothing(tmp_path: Path) -> None:
    """Change, cut and repeat bytes of small photos of every kind; in this process, for speed."""
    order = random.Random(7)
    known = {reason.value for reason in RejectionReason}
    seeds = [picture(kind, 24) for kind in ("JPEG", "PNG", "TIFF")] + [zip_bomb()[:2000]]
    path = tmp_path / "mutated"
    for number in range(600):
        content = bytearray(seeds[number % len(seeds)])
        for _ in range(order.randrange(1, 8)):
            at = order.randrange(len(content))
            match order.randrange(3):
                case 0:
                    content[at] = order.randrange(256)
                case 1:
                    del content[at : at + order.randrange(1, 40)]
                case _:
                    content[at:at] = content[at : at + order.randrange(1, 40)]
            content = content or bytearray(b"x")
        path.write_bytes(content)
        answer = examine(path, 1_000_000)
        assert answer.get("reason") in {None, *known}, number


def test_what_is_cut_off_comes_back_with_what_can_be_seen(sandbox: Sandbox, tmp_path: Path) -> None:
    whole = picture(size_px=256)
    half, text = tmp_path / "half.jpg", tmp_path / "text.jpg"
    half.write_bytes(whole[: len(whole) // 2])
    text.write_bytes(b"notes")
    good = tmp_path / "good.jpg"
    good.write_bytes(whole)
    found = sandbox.look([half, text, good])
    assert found.flaws.keys() == {half, text}
    assert found.thumbnails.keys() == {half, good}
    for small in found.thumbnails.values():
        with Image.open(io.BytesIO(small)) as image:
            assert image.size == (240, 240)


def test_who_finds_too_many_waiting_is_turned_away(tmp_path: Path) -> None:
    """The only process hangs on a pipe that nobody writes to, as on a file that never ends."""
    endless, path = tmp_path / "endless", tmp_path / "a.jpg"
    os.mkfifo(endless)
    path.write_bytes(picture())
    busy = Sandbox(processes=1, waiting_most=0, time_s=30)
    with ThreadPoolExecutor(1) as pool:
        hanging = pool.submit(busy.look, [endless])
        turned_away = pytest.raises(Unavailable, match="others wait for it already")
        with endless.open("wb"), turned_away:  # opens once it is being read
            busy.look([path])
        assert hanging.result(60).flaws[endless].reason is RejectionReason.EMPTY
    assert busy.look([path]).flaws == {}


def test_a_process_is_kept_and_each_file_gets_a_copy_of_it(tmp_path: Path) -> None:
    """Let the second file kill whoever decodes it: the third is served by the same process."""
    path = tmp_path / "a.jpg"
    path.write_bytes(picture())
    kept = Sandbox()
    assert kept.flaws([path]) == {}
    (child,) = kept._idle
    first = child._process.pid
    fifo = tmp_path / "slow.jpg"
    os.mkfifo(fifo)
    kept._time_s = 0.4
    assert set(kept.flaws([fifo])) == {fifo}  # too slow: the process and its copy are ended
    assert kept._idle == []
    assert kept.flaws([path]) == {}
    (child,) = kept._idle
    assert child._process.pid != first


def test_a_copy_that_dies_costs_one_answer(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(picture())
    code = (
        "import os, sys\n"
        "import inspection.imaging.sandboxed as s\n"
        "real = s.examine\n"
        "s.examine = lambda p, m: os.abort() if p.name == 'bad.jpg' else real(p, m)\n"
        "s.serve(sys.stdin, sys.stdout, max_pixels=10**6, memory_bytes=1 << 32, cpu_s=9)\n"
    )
    dying = Sandbox()
    dying._command = [sys.executable, "-c", code]
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(picture())
    found = dying.flaws([path, bad, path])
    assert set(found) == {bad}
    assert found[bad].reason is RejectionReason.UNREADABLE
    assert "crashed" in found[bad].detail
    assert len(dying._idle) == 1


def test_waiting_processes_end_with_the_sandbox(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(picture())
    short_lived = Sandbox()
    short_lived.flaws([path])
    process = short_lived._idle[0]._process
    assert process.poll() is None
    del short_lived
    assert process.wait(60) != 0
