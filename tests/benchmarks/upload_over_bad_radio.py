"""Upload a hundred times over a bad radio: all verified; with a flipped bit: all refused.

20 % of the messages lost, 20 % doubled, 300–450 ms late, each way (record 13).
"""

import time
from collections.abc import Sequence

from flight.upload import upload
from flight.wireitem import Kind
from inspection.errors import Refused, TenkenError
from tests.support.flown import joined, rough
from tests.support.missions import BRIDGE

TIMES = 100


def main(argv: Sequence[str]) -> int:
    """Print how many were verified and refused; 1 when one was not."""
    del argv
    start = time.perf_counter()
    seconds = []
    for seed in range(TIMES):
        try:
            seconds.append(upload(joined(rough(seed))[0], BRIDGE).seconds)
        except TenkenError as error:
            print(f"seed {seed}: {error}")
    refused = 0
    for seed in range(TIMES):
        try:
            upload(joined(rough(seed, flip=Kind(seed % 3)))[0], BRIDGE)
        except Refused:
            refused += 1
    took = time.perf_counter() - start
    longest = max(seconds, default=0.0)
    print(
        f"verified {len(seconds)} of {TIMES}, the longest in {longest:.0f} s of the radio's clock"
    )
    print(f"refused with a flipped bit {refused} of {TIMES}; {took:.1f} s of this machine in all")
    return 0 if len(seconds) == refused == TIMES else 1
