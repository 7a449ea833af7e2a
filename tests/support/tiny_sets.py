"""Tiny published sets in their true layouts."""

import json
from pathlib import Path
from zlib import crc32

import cv2
import numpy as np
from scipy.io import savemat


def write_image(path: Path, pixels: np.ndarray) -> None:
    """Write pixels, in OpenCV's channel order, below folders that may not exist yet."""
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), pixels)


def photo(seed: int, height: int = 64, width: int = 96) -> np.ndarray:
    """Return a blurred random photo, so that each has its own perceptual hash."""
    noise = np.random.default_rng(seed).integers(0, 256, (8, 12, 3), dtype=np.uint8)
    return cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)


def write_pairs(root: Path, names: list[str], values: tuple[int, ...], *, colour: bool) -> None:
    """Write images/<name>.jpg and masks/<name>.png that hold the grey values in stripes."""
    for number, name in enumerate(names):
        write_image(
            root / "images" / f"{name}.jpg",
            photo(crc32(f"{root.parent.name}/{root.name}/{number}".encode())),
        )
        mask = np.zeros((64, 96), dtype=np.uint8)
        for stripe, value in enumerate(values):
            mask[4 + 6 * stripe : 7 + 6 * stripe] = value
        write_image(root / "masks" / f"{name}.png", np.dstack([mask] * 3) if colour else mask)


def write_yolo(root: Path, name: str, lines: list[str], seed: int, side: int = 64) -> None:
    """Write images/<name>.jpg and labels/<name>.txt."""
    write_image(root / "images" / f"{name}.jpg", photo(seed, side, side))
    label = root / "labels" / f"{name}.txt"
    label.parent.mkdir(parents=True, exist_ok=True)
    label.write_text("".join(line + "\n" for line in lines), encoding="utf-8")


VOC = """<annotation><size><width>96</width><height>64</height><depth>3</depth></size>
<object><name>D00</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>96</xmax><ymax>64</ymax></bndbox>
</object><object><name>Repair</name><bndbox><xmin>11</xmin><ymin>21</ymin><xmax>30</xmax>
<ymax>40</ymax></bndbox></object><object><name>D43</name><bndbox><xmin>1</xmin><ymin>1</ymin>
<xmax>2</xmax><ymax>2</ymax></bndbox></object></annotation>"""


def write_tiny_sets(root: Path) -> Path:
    """Write a data folder with a few images of every source that has a reader; return it."""
    for split in ("train", "val"):
        names = [f"{split}{index}" for index in range(2)]
        write_pairs(root / "cracks/uav_concrete" / split, names, (255,), colour=False)
        write_pairs(root / "cracks/uav75" / split, names, (204, 255), colour=True)
    ten = [f"{number:03d}" for number in range(10)]
    write_pairs(root / "cracks/cracksc", ten, (255,), colour=False)
    write_pairs(root / "roads/brazil", ten, (1, 2), colour=False)
    paveseg = (30, 60, 90, 120, 150, 180, 210)
    write_pairs(root / "roads/paveseg", ten, paveseg, colour=True)
    quaywall = root / "cracks/quaywall/h1"
    for number, height in ((6, "5m"), (7, "10m"), (8, "15m")):
        stem = f"MAX_{number:04d}_{height}"
        write_yolo(quaywall, f"{stem}_0_0", ["0 0.5 0.5 0.25 0.5"], number)
        write_yolo(quaywall, f"{stem}_0_1", [], 100 + number)
    write_yolo(root / "flights/quay_strip", "MAX_1", ["0 0.25 0.5 0.5 0.25"], 55)
    for name in ten:
        folder = root / "roads/rdd_motorbike"
        stem = f"China_MotorBike_{name}"
        write_image(folder / "images" / f"{stem}.jpg", photo(int(name) + 900))
        (folder / "annotations").mkdir(exist_ok=True)
        (folder / "annotations" / f"{stem}.xml").write_text(VOC, encoding="utf-8")
    write_public_sets(root)
    return root


def write_text(path: Path, text: str) -> None:
    """Write text below folders that may not exist yet."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


DEFECTS = """<annotation><size><width>96</width><height>64</height></size>
<object><name>defect</name><Defect><Background>0</Background><Crack>1</Crack><Spallation>1</Spallation>
<Efflorescence>0</Efflorescence><ExposedBars>0</ExposedBars><CorrosionStain>0</CorrosionStain></Defect>
<bndbox><xmin>11</xmin><ymin>21</ymin><xmax>30</xmax><ymax>40</ymax></bndbox></object></annotation>"""

DACL = {
    "imageName": "x.jpg",
    "imageWidth": 96,
    "imageHeight": 64,
    "shapes": [
        {"label": "Spalling", "points": [[8, 8], [40, 8], [40, 40], [8, 40]]},
        {"label": "Crack", "points": [[10, 20], [38, 20], [38, 22], [10, 22]]},
        {"label": "Drainage", "points": [[60, 8], [80, 8], [80, 20]]},
    ],
}


def write_public_sets(root: Path) -> None:
    """Write a few images of each set that its makers publish elsewhere, in their layouts."""
    stripe = np.zeros((64, 96), dtype=np.uint8)
    stripe[10:13] = 255
    for part in ("train", "test"):
        for name in ("7Q3A9060-1", "7Q3A9060-2", "11125-1"):
            folder = root / "cracks/deepcrack"
            write_image(
                folder / f"{part}_img" / f"{name}.jpg", photo(crc32(f"{part}{name}".encode()))
            )
            write_image(folder / f"{part}_lab" / f"{name}.png", stripe)
    for number in range(10):
        folder = root / "cracks/crackforest"
        write_image(folder / "image" / f"{number:03d}.jpg", photo(300 + number))
        (folder / "groundTruth").mkdir(exist_ok=True)
        values = np.where(stripe > 0, 2, 1).astype(np.uint8)
        values[0, 0] = 3
        savemat(
            folder / "groundTruth" / f"{number:03d}.mat",
            {"groundTruth": {"Segmentation": values, "Boundaries": stripe}},
        )
        country = root / "roads/RDD2022" / ("Japan" if number % 2 else "Norway") / "train"
        write_image(country / "images" / f"R_{number:06d}.jpg", photo(400 + number))
        write_text(country / "annotations" / "xmls" / f"R_{number:06d}.xml", VOC)
        brim = root / "structures/codebrim/original_dataset"
        write_image(brim / "images" / f"image_{number:07d}.jpg", photo(500 + number))
        write_text(brim / "annotations" / f"image_{number:07d}.xml", DEFECTS)
    for part in ("train", "val", "test"):
        folder = root / "cracks/crack500"
        stem = f"2016022{len(part)}_081011_1_361"
        write_image(folder / f"{part}crop" / f"{stem}.jpg", photo(crc32(part.encode())))
        write_image(folder / f"{part}crop" / f"{stem}.png", stripe)
        write_text(folder / f"{part}.txt", f"{part}crop/{stem}.jpg {part}crop/{stem}.png\n\n")
        colours = np.zeros((64, 96, 3), dtype=np.uint8)
        colours[10:13], colours[20:23] = (255, 255, 255), (0, 0, 255)  # crack; spall, as BGR
        write_image(
            root / "structures/s2ds" / part / f"{part}_1.png", photo(crc32(b"s" + part.encode()))
        )
        write_image(root / "structures/s2ds" / part / f"{part}_1_lab.png", colours)
    for part in ("train", "validation"):
        folder = root / "structures/dacl10k"
        write_image(folder / "images" / part / "dacl10k_1.jpg", photo(crc32(b"d" + part.encode())))
        write_text(folder / "annotations" / part / "dacl10k_1.json", json.dumps(DACL))
