"""Open the detector that a name and an engine stand for; imports no inference library by itself."""

from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from inspection.errors import BadInput, Unavailable
from inspection.pipeline.ports import Detector
from models.registry import DEFAULT_MODEL, WEIGHTS_DIR, ModelEntry, load_entry

Engine = Literal["openvino", "onnxruntime", "cuda"]
"""What can compute a detector's scores: libraries on the processor, the preferred first; and ONNX
Runtime on a CUDA device, which is taken only by who asks for it."""

ENGINES: tuple[Engine, ...] = ("openvino", "onnxruntime", "cuda")
AUTO = "auto"

LIBRARIES: dict[Engine, str] = {
    "openvino": "openvino",
    "onnxruntime": "onnxruntime",
    "cuda": "onnxruntime",
}

BATCHES: dict[Engine, int] = {"openvino": 4, "onnxruntime": 4, "cuda": 16}
"""Chips at once unless the settings say another number: a processor computes them one by one, a
device all together."""


def arithmetic_of(asked: str, precision: str) -> str:
    """Name the arithmetic of an engine, as its detector's ``model_id`` does.

    >>> arithmetic_of("openvino", "bf16"), arithmetic_of("cuda", "tf32")
    ('bf16', 'tf32-cuda')
    """
    engine = choose_engine(asked)
    return precision if engine == "openvino" else f"{precision}-{engine}"


def choose_engine(asked: str = AUTO) -> Engine:
    """Give the engine that was asked for, or the preferred one of those that are installed.

    Raises:
        BadInput: when no engine has that name.
        Unavailable: when it, or every engine, is not installed.
    """
    if asked != AUTO and asked not in ENGINES:
        raise BadInput(f"engine {asked!r} is unknown; choose one of {AUTO}, {', '.join(ENGINES)}")
    for engine in ENGINES:
        if asked in (AUTO, engine) and find_spec(LIBRARIES[engine]) is not None:
            return engine
    missing = "openvino or onnxruntime" if asked == AUTO else asked
    raise Unavailable(
        f"{missing} is not installed here: pip install onnxruntime, or install Tenken again"
    )


def load_detector(
    name: str = DEFAULT_MODEL,
    *,
    engine: str = AUTO,
    precision: str = "f32",
    threads: int = 0,
    weights_dir: Path = WEIGHTS_DIR,
) -> Detector:
    """Open a registered model as a detector.

    Args:
        name: id of the model, see ``tenken models list``.
        engine: library that computes, or ``auto`` for the preferred one that is installed.
        precision: precision in which it computes; f32 unless said.
        threads: threads of the processor, 0 for all.
        weights_dir: folder of networks and their descriptions.

    Raises:
        NotFound: when no model has that name.
        BadInput: when engine, precision or threads are not usable.
        Unavailable: when the engine is not installed.
        Broken: when the network is damaged.
    """
    entry = load_entry(name, weights_dir=weights_dir)
    detector = _open(entry, choose_engine(engine), precision=precision, threads=threads)
    if entry.looks == 1 and entry.scales == (1.0,):
        return detector
    from models.many_looks import ManyLooks  # noqa: PLC0415  # only on use

    return ManyLooks(detector, entry)


def _open(entry: ModelEntry, chosen: Engine, *, precision: str, threads: int) -> Detector:
    """Open a network with an engine."""
    if chosen == "cuda":
        from models.backends.cuda import CudaDetector  # noqa: PLC0415  # heavy

        return CudaDetector(entry, precision=precision, threads=threads)
    if chosen == "onnxruntime":
        from models.backends.onnxruntime import OnnxRuntimeDetector  # noqa: PLC0415  # heavy

        return OnnxRuntimeDetector(entry, precision=precision, threads=threads)
    from models.backends.openvino import OpenVinoDetector  # noqa: PLC0415  # heavy, only on use

    return OpenVinoDetector(entry, precision=precision, threads=threads)
