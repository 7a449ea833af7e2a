"""Run a registered network once in a process of its own, and say whether it keeps the contract.

A foreign graph may take all memory, never end, or crash the library that reads it. The parent
starts ``python -m models.probe FOLDER NAME`` with limits and believes only the answer.
"""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from inspection.errors import BadInput, TenkenError
from inspection.imaging.sandbox import bare_environment
from inspection.pipeline.detect import CHIP_PX

LIMIT_S = 300
LIMIT_GB = 12
SIDES_PX = (256, 320)
"""Sides of the chips that are tried twice, enlarged to what the network takes. One of the size in
which mosaics are read follows: what a worker will ask of the network, within the same limits."""

ROUNDING = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """Say what a network did with made-up chips.

    Attributes:
        fault: Why it is refused; None if it keeps the contract.
        mpx_per_s: Million pixels a second, on one core, for a rough idea.
        dead: Classes that never rose above 0.001: probably mapped wrongly.
    """

    fault: str | None
    mpx_per_s: float = 0.0
    dead: tuple[str, ...] = ()


def probe(folder: Path, name: str, *, limit_s: float = LIMIT_S) -> Probe:
    """Run a registered model in a process of its own.

    Args:
        folder: Folder of networks and their descriptions.
        name: Id of the model.
        limit_s: Seconds after which it is given up.

    Raises:
        BadInput: The process ran out of time or memory, crashed, or found a fault.
    """
    answer = ask("models.probe", [str(folder), name], name, limit_s=limit_s)
    found = Probe(fault=answer["fault"], mpx_per_s=answer["mpx_per_s"], dead=tuple(answer["dead"]))
    if found.fault is not None:
        raise BadInput(f"model {name}: {found.fault}")
    return found


def ask(module: str, arguments: Sequence[str], name: str, *, limit_s: float) -> dict[str, Any]:
    """Run a module in a process of its own and give the JSON of its last line.

    Of the environment it is told where programs and languages are, and no setting or secret of
    ours: it reads files of strangers.

    Args:
        module: which one.
        arguments: of its command line.
        name: Id of the model, for messages.
        limit_s: Seconds after which it is given up.

    Raises:
        BadInput: The process ran out of time or memory, or crashed.
    """
    command = [sys.executable, "-m", module, *arguments]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=limit_s,
            check=False,
            env=bare_environment(),
        )
    except subprocess.TimeoutExpired as error:
        raise BadInput(f"model {name} gave no answer within {limit_s:g} s") from error
    if done.returncode != 0:
        told = done.stderr.strip().splitlines()[-1:] or ["no message"]
        raise BadInput(
            f"model {name} ended its process with {done.returncode}: {told[0]} "
            f"(it may use {LIMIT_GB} GB)"
        )
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def run_here(folder: Path, name: str) -> Probe:
    """Score made-up chips in this process."""
    from inspection.imaging.enlarge import native  # noqa: PLC0415  # only in the child
    from models.detector import load_detector  # noqa: PLC0415
    from models.registry import load_entry  # noqa: PLC0415

    try:
        step = load_entry(name, weights_dir=folder).size_multiple_px
        twice_px = tuple(-(-side // step) * step for side in SIDES_PX)
        sides_px = (*twice_px, -(-CHIP_PX // step) * step)
        detector = load_detector(name, threads=1, weights_dir=folder)
        rng = np.random.default_rng(1)
        highest = np.zeros(len(detector.classes))
        seconds = 0.0
        for side in sides_px:
            chips = rng.integers(0, 256, (1, side, side, 3), dtype=np.uint8)
            began = time.monotonic()
            scores = native(detector.score(chips)[0])
            seconds += time.monotonic() - began
            again = native(detector.score(chips)[0]) if side in twice_px else scores
            fault = fault_of(scores, again, side)
            if fault is not None:
                return Probe(fault=fault)
            highest = np.maximum(highest, scores.max(axis=(1, 2)))
    except TenkenError as error:
        return Probe(fault=str(error))
    names = [kind.value for kind in detector.classes]
    return Probe(
        fault=None,
        mpx_per_s=round(sum(side**2 for side in sides_px) / 1e6 / seconds, 3),
        dead=tuple(n for n, top in zip(names, highest, strict=True) if top < ROUNDING),
    )


def fault_of(scores: np.ndarray, again: np.ndarray, side_px: int) -> str | None:
    """Return what is wrong with the probabilities (c, h, w) of a chip, or None."""
    if scores.shape[1:] != (side_px, side_px):
        return f"a chip of {side_px} px is answered with {scores.shape[1:]}"
    if not np.isfinite(scores).all():
        return "the answer holds numbers that are not finite"
    if scores.min() < -ROUNDING or scores.sum(axis=0).max() > 1 + ROUNDING:
        return (
            "the answer is not a probability (below 0, or more than 1 in sum); "
            "say --output logits if the network ends without softmax"
        )
    if not np.array_equal(scores, again):
        return "the same chip is answered differently the second time"
    return None


def main() -> None:
    """Limit this process, run, and print the answer as the last line."""
    limit = LIMIT_GB * 1024**3
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    print(json.dumps(asdict(run_here(Path(sys.argv[1]), sys.argv[2]))))


if __name__ == "__main__":
    main()
