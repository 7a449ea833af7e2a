"""Send 300 photos from a browser through kills, half a minute without network, and the rest.

Run it on an idle machine: ``python -m tests.benchmarks.upload_survives``.
"""

import sys
import tempfile
from pathlib import Path

from tests.support.upload_story import send_through_trouble

PHOTOS = 300
CUT_S = 30.0


def main() -> int:
    """Print what is at the service in the end; 1 when it is not what was sent."""
    with tempfile.TemporaryDirectory() as work:
        end = send_through_trouble(Path(work), photos=PHOTOS, cut_s=CUT_S)
    same = sum(end.photos.get(name) == sha256 for name, sha256 in end.source.items())
    twice = sum(times > 1 for times in end.begun.values())
    print(
        f"{len(end.source)} photos, service killed 2 times, network cut for {CUT_S:.0f} s, page "
        f"reloaded, 2 tabs, 1 file changed: {same} equal to the source, {len(end.kept)} kept, "
        f"{twice} sent twice, {len(end.unfinished)} left half, in {end.seconds:.0f} s"
    )
    right = same == len(end.source) == len(end.kept) == len(end.photos)
    return 0 if right and not twice and not end.unfinished else 1


if __name__ == "__main__":
    sys.exit(main())
