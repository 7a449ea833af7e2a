"""Make the log and the photos of docs/flight-geotag.md.

Run ``python -m tests.support.geotag_example DIR``; then the commands of the page work in DIR.
"""

import sys
from datetime import timedelta
from pathlib import Path

from tests.support.flightlog import binary_parts, even_flight, line_flight, mrk_lines, track_parts
from tests.support.jpegs import jpeg

CLOCK = timedelta(hours=9, seconds=3.7)
LOST = (1, 2, 20, 33, 34)
BY_HAND_S = (40.4, 99.2, 117.6)


def make(folder: Path) -> None:
    """Write a flight of lines with lost photos and shots by hand, and one of an even rhythm."""
    log = line_flight()
    (folder / "00000012.BIN").write_bytes(b"".join(binary_parts(log) + track_parts(log)))
    first = log.triggers[0].at
    assert first is not None
    taken = [t.at + CLOCK for t in log.triggers if t.at is not None and t.sequence not in LOST]
    taken += [first + CLOCK + timedelta(seconds=second) for second in BY_HAND_S]
    (folder / "photos").mkdir()
    for number, moment in enumerate(sorted(taken), start=101):
        (folder / "photos" / f"DSC{number:05d}.JPG").write_bytes(jpeg(moment, shade=number))
    (folder / "photos" / "DSC00130.JPG").write_bytes(b"\xff\xd8 cut off")
    even = even_flight(12, 2.0)
    (folder / "DJI_Timestamp.MRK").write_text("\n".join(mrk_lines(even.triggers)), encoding="utf-8")
    (folder / "deck.BIN").write_bytes(b"".join(binary_parts(even)))
    (folder / "deck").mkdir()
    for trigger in even.triggers[1:]:
        assert trigger.at is not None
        name = f"DJI_20261123203047_{trigger.sequence:04d}_V.JPG"
        (folder / "deck" / name).write_bytes(jpeg(trigger.at + CLOCK))
    rows = ("DSC00101.JPG,36.5001,136.6002,84.1,0.011,0.012,0.024,1",)
    (folder / "positions.csv").write_text(
        "\n".join(("image,lat,lon,h,sd_n,sd_e,sd_u,q", *rows, "")), encoding="utf-8"
    )


if __name__ == "__main__":
    make(Path(sys.argv[1]))
