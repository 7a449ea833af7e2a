"""Open the detector that a name and an engine stand for; imports no inference library by itself."""

from pathlib import Path
from typing import Literal

from inspection.errors import BadInput
from inspection.pipeline.ports import Detector
from models.registry import DEFAULT_MODEL, WEIGHTS_DIR, load_entry

Engine = Literal["openvino"]
"""Libraries that can compute a detector's scores."""

ENGINES: tuple[Engine, ...] = ("openvino",)


def load_detector(
    name: str = DEFAULT_MODEL,
    *,
    engine: str = "openvino",
    precision: str = "f32",
    threads: int = 0,
    weights_dir: Path = WEIGHTS_DIR,
) -> Detector:
    """Open a registered model as a detector.

    Args:
        name: id of the model, see ``tenken models list``.
        engine: library that computes.
        precision: precision in which it computes; f32 unless said.
        threads: threads of the processor, 0 for all.
        weights_dir: folder of networks and their descriptions.

    Raises:
        NotFound: when no model has that name.
        BadInput: when engine, precision or threads are not usable.
        Broken: when the network is damaged.
    """
    if engine not in ENGINES:
        raise BadInput(f"engine {engine!r} is unknown; choose one of {', '.join(ENGINES)}")
    entry = load_entry(name, weights_dir=weights_dir)
    from models.backends.openvino import OpenVinoDetector  # noqa: PLC0415  # heavy, only on use

    return OpenVinoDetector(entry, precision=precision, threads=threads)
