"""Time the reading of large pictures beside SAHI, with what each of the two finds.

    python -m tests.benchmarks.rival_sahi [--photos 4] [--mosaic-side 20000] [--chip-px 640]

Five readers see the same pixels in the same windows (640 px, which is usual for these networks;
a survey reads 1024) with the same threads, one after the other,
``--repeat`` times; the best time of each counts. SAHI reads with YOLO11n-seg on torch, as its own
adapter runs it, and with the shipped network on OpenVINO; Tenken reads with the same YOLO11n-seg
weights, registered as an engineer would, and with the shipped network at f32 and at bf16. The
pictures are whole quay photos (boxes hit, false alarms), a sheet of the concrete photos of
``uav_concrete``'s ``val`` part with their masks (pixel F1), and a drawn mosaic. SAHI lives in a
virtual environment of its own, made at the first run in ``--venv``; no package of it is a
dependency of Tenken. YOLO11n-seg has its published COCO weights, so its rows are times, not
accuracies. Seconds of the processor stand beside those on the wall, because other work on the
machine spares them.

The thresholds are those of the shipped network's card, chosen on the same ``val`` part, for all
readers alike; nothing was tuned on these pictures.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.classes import CRACK
from datasets.labels import read_boxes, read_rgb
from datasets.manifest import Split
from datasets.sources import find_source, read_source
from inspection.domain.detection import Detections
from inspection.domain.taxonomy import DamageClass
from inspection.imaging.chips import raster_shape
from inspection.pipeline.detect import MARGIN_PX, detect
from inspection.pipeline.gauge import Gauge
from models.detector import load_detector
from models.judging.card import table
from models.judging.evaluate import STRIP
from models.judging.judges import pieces
from models.judging.metrics import HitCounts, PixelCounts, count_hits, count_pixels
from models.registry import DEFAULT_MODEL, WEIGHTS_DIR, load_entry
from tests.benchmarks.detect_memory import write_cog

ROOT = Path(__file__).resolve().parents[2]
SHEET_COLUMNS = 8
COCO_CLASSES = 80
F32, BF16 = {"precision": "f32"}, {"precision": "bf16"}
TOLERANCE_PX = 2.0
PACKAGES = ("sahi==0.12.8", "torch", "torchvision", "ultralytics-opencv-headless", "openvino",
            "safetensors")  # fmt: skip
RIVAL = "SAHI, YOLO11n-seg, torch"
ASKED = {
    "Tenken, YOLO11n-seg": 1.7,
    "Tenken, shipped f32": 2.2,
    "Tenken, shipped bf16": 4.0,
}
"""Asked of the time of SAHI with YOLO11n-seg ÷ ours."""

PAGE = """# How fast it reads, beside SAHI

Written by `python -m tests.benchmarks.rival_sahi --page docs/how-fast-it-reads.md`; do not edit.
Five readers see the same pixels in the same windows with the same threads, in one run. YOLO11n-seg
has its published COCO weights in both programs, so its rows are times only; the shipped network is
`tenken-crack-n`, read by SAHI through an adapter of some sixty lines. SAHI takes what reaches the
threshold; Tenken also what continues it at a lower probability, which finds more on a site never
seen and draws more than the labels of the sheet. The sheet are the `val` photos of uav_concrete
side by side, the mosaic is drawn.

{told}

The share of each stage, and the ratio to the bare network on the same chips: `tenken models bench`.
"""


@dataclass(slots=True, kw_only=True)
class Reading:
    """Carry what one reader took and found.

    Attributes:
        seconds: best time of each picture on the wall, s, by the picture's stem.
        cpu_s: least time of all processors together, s, by the picture's stem.
        masks: crack pixels of each picture, (h, w) bool.
        peak_mb: greatest resident memory of its process, MB.
    """

    seconds: dict[str, float] = field(default_factory=dict)
    cpu_s: dict[str, float] = field(default_factory=dict)
    masks: dict[str, NDArray[np.bool_]] = field(default_factory=dict)
    peak_mb: float = 0.0

    def note(self, told: dict[str, Any]) -> None:
        """Keep the better times."""
        stem = Path(told["image"]).stem
        self.seconds[stem] = min(told["seconds"], self.seconds.get(stem, np.inf))
        self.cpu_s[stem] = min(told["cpu_s"], self.cpu_s.get(stem, np.inf))
        self.peak_mb = max(self.peak_mb, told["peak_mb"])
        self.masks[stem] = cv2.imread(told["mask"], cv2.IMREAD_GRAYSCALE) > 0

    def sums(self, pictures: Sequence[Path]) -> tuple[float, float]:
        """Add up seconds on the wall and of the processors over pictures."""
        stems = [picture.stem for picture in pictures]
        return sum(self.seconds[s] for s in stems), sum(self.cpu_s[s] for s in stems)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Carry the pictures and what is true of them."""

    photos: tuple[Path, ...]
    sheet: Path
    truth: NDArray[np.uint8]
    mosaic: Path | None

    @property
    def pictures(self) -> tuple[Path, ...]:
        """Name all pictures."""
        return (*self.photos, self.sheet, *([self.mosaic] if self.mosaic else []))


def sheet_of(data_dir: Path, path: Path) -> NDArray[np.uint8]:
    """Lay the labelled concrete photos side by side, write them, and give their classes, (h, w)."""
    concrete = find_source("uav_concrete")
    tiles = [
        next(pieces(concrete, sample))
        for sample in read_source(concrete.name, data_dir)
        if sample.split is Split.VAL
    ]
    side = tiles[0].rgb.shape[0]
    rows = -(-len(tiles) // SHEET_COLUMNS)
    rgb = np.full((rows * side, SHEET_COLUMNS * side, 3), 128, dtype=np.uint8)
    truth = np.zeros(rgb.shape[:2], dtype=np.uint8)
    for number, tile in enumerate(tiles):
        y, x = (side * place for place in divmod(number, SHEET_COLUMNS))
        rgb[y : y + side, x : x + side] = tile.rgb
        truth[y : y + side, x : x + side] = tile.classes
    cv2.imwrite(str(path), rgb[..., ::-1])
    return truth


def ours(request_path: Path) -> None:
    """Be the process that reads with Tenken: read, time, write the crack pixels."""
    request = json.loads(request_path.read_text(encoding="utf-8"))
    folder = Path(request["models"]) if request["models"] else WEIGHTS_DIR
    detector = load_detector(
        request["model"],
        weights_dir=folder,
        threads=request["threads"],
        precision=request["precision"],
    )
    side = request["chip_px"]
    detector.score(np.zeros((1, side, side, 3), dtype=np.uint8))  # compiles the network
    for image in map(Path, request["images"]):
        busy = time.process_time()
        with Gauge() as gauge:
            run = detect(image, detector=detector, chip_px=request["chip_px"])
        busy = time.process_time() - busy
        shape = raster_shape(image)
        mask = crack_mask(run.detections, (shape.height_px, shape.width_px))
        png = Path(request["out"]) / f"{image.stem}.png"
        cv2.imwrite(str(png), mask.astype(np.uint8) * 255)
        told = {"image": str(image), "seconds": gauge.seconds, "cpu_s": busy, "mask": str(png)}
        print(json.dumps(told | {"peak_mb": gauge.peak_rss_mb}), flush=True)


def crack_mask(found: Detections, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Paint our cracks, (h, w)."""
    canvas = np.zeros(shape, dtype=np.bool_)
    for number in range(len(found)):
        if found.damage_class(number) is DamageClass.CRACK:
            for row, start, stop in found.runs_of(number):
                canvas[row, start:stop] = True
    return canvas


def read(command: Sequence[str], request: dict[str, Any], reading: Reading | None = None) -> None:
    """Run a reader in a process of its own and keep what it says."""
    quiet = os.environ | {"YOLO_VERBOSE": "false", "YOLO_AUTOINSTALL": "false"}
    with tempfile.TemporaryDirectory() as folder:
        asked = Path(folder) / "request.json"
        asked.write_text(json.dumps({"out": folder} | request), encoding="utf-8")
        done = subprocess.run(
            [*command, str(asked)], cwd=ROOT, env=quiet, check=False, capture_output=True, text=True
        )
        if done.returncode:
            raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
        for line in done.stdout.splitlines():
            if reading is not None and line.startswith("{"):
                reading.note(json.loads(line))


def rival_python(folder: Path) -> Path:
    """Give the Python of SAHI's environment, made on first use."""
    python = folder / "bin" / "python"
    if not python.exists():
        print(f"making SAHI's environment in {folder}", flush=True)
        venv.create(folder, with_pip=True)
        limits = [part for name in ("base", "cpu") for part in ("-c", f"constraints/{name}.txt")]
        install = [str(python), "-m", "pip", "install", "-q", *limits, *PACKAGES]
        subprocess.run(install, cwd=ROOT, check=True)
    return python


def quay_hits(scene: Scene, data_dir: Path, reading: Reading) -> HitCounts:
    """Count boxes hit and false alarms on the quay photos."""
    source, total = find_source(STRIP), HitCounts()
    assert source.gsd_mm_per_px is not None
    samples = {sample.image_path: sample for sample in read_source(STRIP, data_dir)}
    for photo in scene.photos:
        rgb = read_rgb(photo)
        boxes = read_boxes(source, samples[photo], (rgb.shape[1], rgb.shape[0]))
        gsd_m_per_px = source.gsd_mm_per_px[0] / 1000
        total += count_hits(reading.masks[photo.stem], boxes, gsd_m_per_px=gsd_m_per_px)
    return total


def sheet_score(scene: Scene, reading: Reading) -> PixelCounts:
    """Count the crack pixels of the sheet."""
    predicted = np.where(reading.masks[scene.sheet.stem], CRACK, 0).astype(np.uint8)
    return count_pixels(predicted, scene.truth, CRACK, tolerance_px=TOLERANCE_PX)


def rows(scene: Scene, data_dir: Path, readings: dict[str, Reading]) -> Iterator[list[str]]:
    """Give a row of the table for each reader."""
    parts = [scene.photos, (scene.sheet,), (scene.mosaic,) if scene.mosaic else ()]
    for name, reading in readings.items():
        times = ["{:.2f} ({:.1f})".format(*reading.sums(part)) if part else "" for part in parts]
        found = ["", "", ""]
        if "YOLO11n" not in name:  # its weights are COCO's: times only
            hits, sheet = quay_hits(scene, data_dir, reading), sheet_score(scene, reading)
            found = [
                f"{hits.hit} of {hits.boxes}",
                f"{hits.false_alarms_per_100_m2:.1f}",
                f"{sheet.f1:.3f} / {sheet.tolerant_f1:.3f}",
            ]
        yield [name, *times, *found, f"{reading.peak_mb:.0f}"]


def ratios(scene: Scene, readings: dict[str, Reading]) -> Iterator[tuple[str, float, float]]:
    """Give for each of our readers the time of SAHI ÷ ours, the smaller of photos and mosaic.

    Yields:
        name, ratio on the wall, ratio of the processors' seconds.
    """
    parts = [scene.photos, *([(scene.mosaic,)] if scene.mosaic else [])]
    for name in ASKED:
        each = [
            [theirs / mine for theirs, mine in zip(*pair, strict=True)]
            for part in parts
            for pair in [(readings[RIVAL].sums(part), readings[name].sums(part))]
        ]
        wall, busy = (min(values) for values in zip(*each, strict=True))
        yield name, wall, busy


def draw_scene(data_dir: Path, folder: Path, photos: int, mosaic_side: int) -> Scene:
    """Gather the pictures."""
    mosaic = folder / "mosaic.tif" if mosaic_side else None
    if mosaic:
        write_cog(mosaic, mosaic_side)
    sheet = folder / "sheet.png"
    truth = sheet_of(data_dir, sheet)
    chosen = tuple(sample.image_path for sample in read_source(STRIP, data_dir))[:photos]
    return Scene(photos=chosen, sheet=sheet, truth=truth, mosaic=mosaic)


def register_rival_network(python: Path, weights: Path, folder: Path) -> Path:
    """Register YOLO11n-seg as an engineer would; return the folder of models."""
    read(
        [str(python), "-m", "tests.benchmarks.rivals.sahi_reader"],
        {"kind": "export", "network": str(weights), "out": str(folder)},
    )
    own = folder / "models"
    words = ["models", "register", str(folder / "yolo11n-seg.onnx"), "--name", "yolo11n-seg"]
    words += ["--output", "instances", "--channels", ",".join(["crack"] * COCO_CLASSES)]
    words += ["--gsd-mm-per-px", "0.5", "3.5", "--threshold", "crack=0.25"]
    tool = Path(sys.executable).with_name("tenken")
    environment = os.environ | {"TENKEN_DETECT_MODELS_DIR": str(own)}
    subprocess.run([str(tool), *words], cwd=ROOT, env=environment, check=True)
    return own


def read_all(
    scene: Scene, data_dir: Path, python: Path, chosen: argparse.Namespace, folder: Path
) -> dict[str, Reading]:
    """Let every reader read, one after the other, so that a busy minute hits all alike."""
    instance = data_dir / "weights" / "yolo11n-seg_coco.safetensors"
    own = register_rival_network(python, instance, folder)
    entry = load_entry(DEFAULT_MODEL)
    pictures = {"images": [str(path) for path in scene.pictures], "threads": chosen.threads}
    pictures |= {"chip_px": chosen.chip_px}
    windows = {"overlap_px": 2 * MARGIN_PX, "class": "crack"}
    limits = {"thresholds": {name: entry.thresholds[name] for name in entry.classes[1:]}}
    rival = [str(python), "-m", "tests.benchmarks.rivals.sahi_reader"]
    house = [sys.executable, "-m", "tests.benchmarks.rival_sahi", "--ours"]
    shipped = {"kind": "semantic", "network": str(entry.onnx_path)}
    readers: dict[str, tuple[list[str], dict[str, Any]]] = {
        RIVAL: (rival, {"kind": "instance", "network": str(instance)} | windows | limits),
        "SAHI, shipped, OpenVINO": (rival, shipped | windows | limits),
        "Tenken, YOLO11n-seg": (house, {"models": str(own), "model": "yolo11n-seg", **F32}),
        "Tenken, shipped f32": (house, {"models": "", "model": DEFAULT_MODEL, **F32}),
        "Tenken, shipped bf16": (house, {"models": "", "model": DEFAULT_MODEL, **BF16}),
    }
    readings = {name: Reading() for name in readers}
    for number in range(chosen.repeat):
        began = time.monotonic()
        for name, (command, request) in readers.items():
            read(command, request | pictures, readings[name])
        print(f"round {number + 1}: {time.monotonic() - began:.0f} s", flush=True)
    return readings


def main(argv: Sequence[str] | None = None) -> int:
    """Run the comparison; 0 when every ratio that is asked for holds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=4, help="quay photos to read")
    parser.add_argument("--mosaic-side", type=int, default=0, help="side of a drawn mosaic, px")
    parser.add_argument("--chip-px", type=int, default=640, help="side of a window, px")
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--page", type=Path, help="file to write the tables to, Markdown")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--venv", type=Path, default=ROOT.parent / "rivals" / "sahi")
    parser.add_argument("--ours", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args(argv)
    if chosen.ours:
        ours(chosen.ours)
        return 0
    data_dir = Path(os.environ.get("TENKEN_DATA_DIR", ROOT.parent / "shared" / "data"))
    if not data_dir.is_dir():
        print("no real photos here: set TENKEN_DATA_DIR; nothing was compared")
        return 0
    python = rival_python(chosen.venv)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        scene = draw_scene(data_dir, folder, chosen.photos, chosen.mosaic_side)
        readings = read_all(scene, data_dir, python, chosen, folder)
        shown = list(rows(scene, data_dir, readings))
        found = list(ratios(scene, readings))
    text = told(chosen, shown, found)
    print(text)
    if chosen.page:
        chosen.page.write_text(PAGE.format(told=text), encoding="utf-8")
    return 0 if all(wall >= ASKED[name] for name, wall, _ in found) else 1


def told(
    chosen: argparse.Namespace, shown: list[list[str]], found: list[tuple[str, float, float]]
) -> str:
    """Say what was read, in which time, and the ratios, as Markdown."""
    mosaic = f"{chosen.mosaic_side}² px, s" if chosen.mosaic_side else "no mosaic"
    header = ["reader", f"{chosen.photos} quay photos, s", "sheet, s", mosaic, "boxes hit",
              "false / 100 m²", "sheet F1 / within 2 px", "peak MB"]  # fmt: skip
    compared = [
        [
            name,
            f"{wall:.2f}",
            f"{busy:.2f}",
            f"{ASKED[name]}",
            "yes" if wall >= ASKED[name] else "no",
        ]
        for name, wall, busy in found
    ]
    return (
        f"Windows of {chosen.chip_px} px that overlap by {2 * MARGIN_PX} px, {chosen.threads} "
        f"threads, best of {chosen.repeat}, load of the machine {os.getloadavg()[0]:.1f}. In "
        f"brackets the seconds of all processors together.\n\n{table(header, shown)}\n\n"
        f"{RIVAL} ÷ each, the smaller of photos and mosaic:\n\n"
        + table(["reader", "on the wall", "of the processors", "asked", "reached"], compared)
    )


if __name__ == "__main__":
    sys.exit(main())
