"""Join the pieces of 100 000 cracks that chips have cut, and time it.

    python -m tests.benchmarks.join_many [--cracks 100000]

Cracks are slanted bands of 3 px on a square mosaic, cut at the borders of the chips as detection
cuts them. Checked: as many detections come out as there are cracks, with every pixel, whatever the
order of the chips. Asked: less than 5 s.
"""

import argparse
import sys
import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from inspection.domain.fragment import Fragments, join
from inspection.domain.taxonomy import DamageClass
from inspection.pipeline.detect import CHIP_PX, MARGIN_PX

CORE_PX = CHIP_PX - 2 * MARGIN_PX
CELL_PX = 120
"""Every crack has a square of its own, so that no two touch."""

MOST_S = 5.0


def cracks(count: int, rng: np.random.Generator) -> NDArray[np.int32]:
    """Give the runs (m, 3) of so many separate cracks: row, first column, column after the last."""
    a_side = int(np.ceil(np.sqrt(count)))
    number = np.arange(count)
    top = number // a_side * CELL_PX + rng.integers(2, 20, count)
    left = number % a_side * CELL_PX + rng.integers(50, 66, count)
    height = rng.integers(30, 90, count)
    slant = rng.choice([-1, 0, 1], count)
    which = np.repeat(number, height)
    step = np.arange(len(which)) - np.repeat(np.cumsum(height) - height, height)
    column = left[which] + slant[which] * (step // 2)
    return np.column_stack([top[which] + step, column, column + 3]).astype(np.int32)


def cut(runs: NDArray[np.int32]) -> list[Fragments]:
    """Cut runs at the borders of the chips' cores; the pieces of each chip."""
    for border in range(CORE_PX, int(runs[:, 2].max()) + 1, CORE_PX):
        over = (runs[:, 1] < border) & (runs[:, 2] > border)
        right = runs[over].copy()
        right[:, 1] = border
        runs = runs.copy()
        runs[over, 2] = border
        runs = np.concatenate([runs, right])
    chip = runs[:, 0] // CORE_PX * 100_000 + runs[:, 1] // CORE_PX
    order = np.lexsort((runs[:, 1], runs[:, 0], chip))
    runs, chip = runs[order], chip[order]
    parts = np.split(runs, np.flatnonzero(np.diff(chip)) + 1)
    return [
        Fragments(
            runs=part,
            class_index=np.zeros(len(part), dtype=np.int32),
            score_sum=(part[:, 2] - part[:, 1]).astype(np.int64) * 40_000,
            seeds=np.ones(len(part), dtype=np.int64),
            beside=np.zeros(len(part), dtype=np.int64),
        )
        for part in parts
    ]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark; 0 when it is right and fast enough."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cracks", type=int, default=100_000)
    count = parser.parse_args(argv).cracks
    rng = np.random.default_rng(20261126)
    whole = cracks(count, rng)
    parts = cut(whole)
    pieces = sum(len(part) for part in parts)
    shuffled = [parts[number] for number in rng.permutation(len(parts))]
    answers = []
    seconds, busy = [], []
    for order in (parts, shuffled):
        began, before = time.perf_counter(), time.process_time()
        answers.append(join(order, classes=(DamageClass.CRACK,), min_area_px=24))
        seconds.append(time.perf_counter() - began)
        busy.append(time.process_time() - before)
    same = np.array_equal(answers[0].runs, answers[1].runs) and np.array_equal(
        answers[0].run_offsets, answers[1].run_offsets
    )
    pixels = int((answers[0].runs[:, 2] - answers[0].runs[:, 1]).sum())
    right = len(answers[0]) == count and pixels == 3 * len(whole) and same
    print(
        f"{count} cracks in {len(parts)} chips, {pieces} runs: joined in {min(seconds):.2f} s, "
        f"{min(busy):.2f} s of a processor (asked: < {MOST_S:g} s), {len(answers[0])} detections, "
        f"{'every pixel, in any order of chips' if right else 'NOT the cracks that went in'}"
    )
    return 0 if right and min(seconds) < MOST_S else 1


if __name__ == "__main__":
    sys.exit(main())
