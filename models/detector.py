"""Open the detector that a name and an engine stand for; imports no inference library by itself."""

from pathlib import Path
from typing import Literal

from inspection.errors import BadInput, Unavailable
from inspection.pipeline.ports import Detector
from models.registry import DEFAULT_MODEL, WEIGHTS_DIR, load_entry

Engine = Literal["openvino", "cuda"]
"""What computes scores: OpenVINO on the processor, ONNX Runtime on a CUDA device."""

ENGINES: tuple[Engine, ...] = ("openvino", "cuda")

BATCHES: dict[Engine, int] = {"openvino": 4, "cuda": 16}
"""Chips at once unless the settings say another number: a processor computes them one by one, a
device all together. Sixteen of 1024 px take about 6 GB with the networks that ship."""


def engine_for(device: str) -> Engine:
    """Name the engine of a device; ``auto`` takes a CUDA device where one can be seen.

    Raises:
        BadInput: when there is no such device.
    """
    if device not in ("cpu", "cuda", "auto"):
        raise BadInput(f"device {device!r} is unknown; choose cpu, cuda or auto")
    if device == "auto":
        return "cuda" if _cuda_is_there() else "openvino"
    return "cuda" if device == "cuda" else "openvino"


def _cuda_is_there() -> bool:
    try:
        from models.backends.onnxruntime import cuda_is_there  # noqa: PLC0415  # extra cuda
    except ImportError:
        return False
    return cuda_is_there()


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
        Unavailable: when the engine needs a device or a package that is not there.
    """
    if engine not in ENGINES:
        raise BadInput(f"engine {engine!r} is unknown; choose one of {', '.join(ENGINES)}")
    entry = load_entry(name, weights_dir=weights_dir)
    if engine == "cuda":
        try:
            from models.backends.onnxruntime import OnnxRuntimeDetector  # noqa: PLC0415  # extra
        except ImportError as error:
            raise Unavailable("a CUDA device needs: pip install 'tenken[cuda]'") from error
        return OnnxRuntimeDetector(entry, precision=precision, threads=threads)
    from models.backends.openvino import OpenVinoDetector  # noqa: PLC0415  # heavy, only on use

    return OpenVinoDetector(entry, precision=precision, threads=threads)
