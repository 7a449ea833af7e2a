"""Read photos with SAHI (sliced inference); runs in SAHI's own environment, never in ours.

    python -m tests.benchmarks.rivals.sahi_reader REQUEST.json

The request names the network, the images and the windows; one line of JSON per image tells what it
took, and a PNG beside it holds the crack pixels of the merged predictions.

Source: documentation of SAHI 0.12, "Custom detection models" and ``get_sliced_prediction``.
"""

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import openvino as ov
import torch
from PIL import Image

from models.backends.torchvision_nms import ensure_torchvision

ensure_torchvision()
from sahi.models.base import DetectionModel  # noqa: E402  # imports torchvision
from sahi.models.ultralytics import UltralyticsDetectionModel  # noqa: E402
from sahi.predict import get_sliced_prediction  # noqa: E402
from sahi.prediction import ObjectPrediction  # noqa: E402
from sahi.utils.cv import get_coco_segmentation_from_bool_mask  # noqa: E402

Image.MAX_IMAGE_PIXELS = None
LEAST_AREA_PX = 24  # as in inspection.pipeline.detect, which this environment cannot import


class SemanticModel(DetectionModel):
    """Let SAHI read with our semantic network: every connected piece of a class is an object."""

    def load_model(self) -> None:
        """Read the network for windows of one size."""
        core = ov.Core()
        network = core.read_model(self.model_path)
        network.reshape([1, 3, self.image_size, self.image_size])
        options = {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}
        if self.config_path:
            options["INFERENCE_NUM_THREADS"] = self.config_path
        self.model = core.compile_model(network, "CPU", options)

    def perform_inference(self, image: np.ndarray) -> None:
        """Compute the probabilities of one window."""
        side = self.image_size
        padded = np.zeros((side, side, 3), dtype=np.uint8)
        padded[: image.shape[0], : image.shape[1]] = image[..., :3]
        chip = padded.transpose(2, 0, 1)[None].astype(np.float32) / 255
        answer = next(iter(self.model([chip]).values()))[0]
        if answer.shape[1] != side:  # the network answers coarsely
            fine = [cv2.resize(plane, (side, side)) for plane in answer]
            answer = np.stack(fine)
        self._original_predictions = answer[:, : image.shape[0], : image.shape[1]]

    def _create_object_prediction_list_from_original_predictions(
        self, shift_amount_list: Any = None, full_shape_list: Any = None
    ) -> None:
        """Make objects of the pixels that reach the threshold of their class."""
        scores = self._original_predictions
        place = {
            "shift_amount": (shift_amount_list or [[0, 0]])[0],
            "full_shape": full_shape_list[0] if full_shape_list else list(scores.shape[1:]),
        }
        label = scores.argmax(0)
        found = []
        for index, (name, threshold) in enumerate(self.category_mapping.items(), 1):
            mask = ((label == index) & (scores[index] >= threshold)).astype(np.uint8)
            count, pieces, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
            kind = {"category_id": index, "category_name": name}
            for piece in range(1, count):
                found += objects_of(pieces, stats[piece], piece, scores[index], **place, **kind)
        self._object_prediction_list_per_image = [found]


def objects_of(
    pieces: np.ndarray, stats: np.ndarray, piece: int, score: np.ndarray, **facts: Any
) -> list[ObjectPrediction]:
    """Give one piece of a window as an object of SAHI, or nothing when it is a speck."""
    x, y, width, height, area = (int(value) for value in stats)
    if area < LEAST_AREA_PX:
        return []
    inside = pieces[y : y + height, x : x + width] == piece
    outline = [
        [value + (x, y)[number % 2] for number, value in enumerate(part)]
        for part in get_coco_segmentation_from_bool_mask(inside)
    ]
    if not outline:
        return []
    mean = float(score[y : y + height, x : x + width][inside].mean())
    box = [x, y, x + width, y + height]
    return [ObjectPrediction(bbox=box, segmentation=outline, score=mean, **facts)]


def coco_network(weights: Path, folder: Path) -> Path:
    """Write the published YOLO11n-seg weights as the file that SAHI's own adapter opens."""
    from safetensors.torch import load_file
    from ultralytics import YOLO

    network = YOLO("yolo11n-seg.yaml", task="segment")
    state = {name: tensor.float() for name, tensor in load_file(weights).items()}
    missing = network.model.load_state_dict(state, strict=False).missing_keys
    lost = [name for name in missing if not name.endswith("num_batches_tracked")]
    if lost:
        raise SystemExit(f"{weights.name} lacks {len(lost)} tensors, first {lost[0]}")
    path = folder / "yolo11n-seg.pt"
    network.save(path)
    return path


def export(weights: Path, folder: Path) -> None:
    """Write the same weights as ONNX, for the reader that does not use torch."""
    from ultralytics import YOLO

    YOLO(coco_network(weights, folder)).export(format="onnx", dynamic=True, simplify=False)


def open_model(request: dict[str, Any], folder: Path) -> DetectionModel:
    """Open the asked network in SAHI."""
    if request["kind"] == "semantic":
        return SemanticModel(
            model_path=request["network"],
            config_path=str(request["threads"]),
            device="cpu",
            confidence_threshold=0.2,
            category_mapping=request["thresholds"],
            image_size=request["chip_px"],
        )
    return UltralyticsDetectionModel(
        model_path=str(coco_network(Path(request["network"]), folder)),
        device="cpu",
        confidence_threshold=0.25,
        image_size=request["chip_px"],
    )


def crack_pixels(found: list[ObjectPrediction], shape: tuple[int, int], name: str) -> np.ndarray:
    """Paint the merged objects of a class, (h, w) 0 or 255."""
    canvas = np.zeros(shape, dtype=np.uint8)
    for each in found:
        if each.category.name == name and each.mask:
            for part in each.mask.segmentation:
                outline = np.round(np.asarray(part).reshape(-1, 2)).astype(np.int32)
                cv2.fillPoly(canvas, [outline], 255)
    return canvas


def main(request_path: Path) -> None:
    """Read every image of the request."""
    request = json.loads(request_path.read_text(encoding="utf-8"))
    folder = Path(request["out"])
    if request["kind"] == "export":
        export(Path(request["network"]), folder)
        return
    torch.set_num_threads(request["threads"])
    cv2.setNumThreads(request["threads"])
    model = open_model(request, folder)
    overlap = request["overlap_px"] / request["chip_px"]
    model.perform_inference(np.zeros((request["chip_px"],) * 2 + (3,), dtype=np.uint8))  # warm
    torch.set_num_threads(request["threads"])  # Ultralytics sets it to one at its first prediction
    for image in request["images"]:
        began, busy = time.perf_counter(), time.process_time()
        answer = get_sliced_prediction(
            image, model, slice_height=request["chip_px"], slice_width=request["chip_px"],
            overlap_height_ratio=overlap, overlap_width_ratio=overlap,
            perform_standard_pred=False, verbose=0,
        )  # fmt: skip
        seconds, busy = time.perf_counter() - began, time.process_time() - busy
        with Image.open(image) as opened:
            shape = opened.size[::-1]
        mask = crack_pixels(answer.object_prediction_list, shape, request["class"])
        png = folder / f"{Path(image).stem}.png"
        cv2.imwrite(str(png), mask)
        print(json.dumps({
            "image": image, "seconds": seconds, "cpu_s": busy, "mask": str(png),
            "objects": len(answer.object_prediction_list),
            "stages": answer.durations_in_seconds,
            "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6,
        }), flush=True)  # fmt: skip


if __name__ == "__main__":
    main(Path(sys.argv[1]))
