"""Match the photos of a rendered deck as Tenken does and as COLMAP's own matcher does.

``python -m tests.benchmarks.matching`` prints seconds a pair of 6000 points, the matches that both
find, and how many of so many repetitions found others than the first; exit code 1 when Tenken's
own repetitions differ.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.synth.capture import Flight
from datasets.synth.deck import Deck
from datasets.synth.render import render_deck
from inspection.geo.camera import Camera
from inspection.imaging import sfm
from inspection.imaging.features import Features, find_features
from inspection.imaging.matching import match
from inspection.imaging.sfm import Shot

pycolmap = sfm.pycolmap  # loaded there in the one order that is safe

Found = list[NDArray[np.intp]]


def photographed(folder: Path, points: int) -> list[Shot]:
    """Render five photos of a deck and find their points."""
    flight = Flight(width_px=1600, height_px=1200).at_gsd(3.3)
    deck = render_deck(folder, deck=Deck(length_m=5.0, width_m=4.0, approach_m=1.0), flight=flight)
    camera = Camera(width_px=1600, height_px=1200, focal_px=1600, cx_px=800, cy_px=600)
    shots = []
    for place, path in enumerate(sorted(deck.photos_dir.iterdir())):
        grey = np.asarray(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE), dtype=np.uint8)
        shots.append(
            Shot(
                name=path.name,
                camera=camera,
                features=find_features(grey, scale=1.0, at_most=points),
                position_enu_m=np.array([float(place), 0.0, 5.0]),
                std_m=np.ones(3),
            )
        )
    return shots


def ours(shots: Sequence[Shot]) -> Found:
    """Match every pair as Tenken does."""
    return [
        match(one.features, other.features, ratio=sfm.MATCH_RATIO, farthest=sfm.MATCH_FARTHEST)
        for place, one in enumerate(shots)
        for other in shots[place + 1 :]
    ]


def theirs(shots: Sequence[Shot], folder: Path) -> Found:
    """Match every pair as COLMAP does on a processor."""
    path = folder / "theirs.db"
    path.unlink(missing_ok=True)
    with pycolmap.Database.open(path) as database:
        numbers = sfm._write_shots(database, shots, 1.0)
        for number, shot in zip(numbers, shots, strict=True):
            database.write_descriptors(number, _stored(shot.features))
    options = pycolmap.FeatureMatchingOptions()
    options.skip_geometric_verification = True
    pycolmap.set_random_seed(sfm.SEED)
    pycolmap.match_exhaustive(path, matching_options=options, device=pycolmap.Device.cpu)
    with pycolmap.Database.open(path) as database:
        return [
            np.asarray(database.read_matches(one, other), dtype=np.intp)
            for place, one in enumerate(numbers)
            for other in numbers[place + 1 :]
        ]


def _stored(features: Features) -> object:
    """Give RootSIFT as COLMAP stores it."""
    values = features.descriptors.astype(np.float32)
    root = np.sqrt(values / np.maximum(values.sum(axis=1, keepdims=True), 1.0))
    whole = np.clip(np.rint(root * 512.0), 0, 255).astype(np.uint8)
    return pycolmap.FeatureDescriptors(pycolmap.FeatureExtractorType.SIFT, whole)


def alike(one: Found, other: Found) -> bool:
    """Tell whether two runs found the same matches."""
    return all(np.array_equal(*both) for both in zip(one, other, strict=True))


def shared(one: Found, other: Found) -> int:
    """Count the matches that both found."""
    both = zip(one, other, strict=True)
    return sum(len(set(map(tuple, a)) & set(map(tuple, b))) for a, b in both)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run and print; give the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=20)
    parser.add_argument("--points", type=int, default=6000)
    asked = parser.parse_args(arguments)
    differing, seconds = {"tenken": 0, "colmap": 0}, {"tenken": 0.0, "colmap": 0.0}
    first: dict[str, Found] = {}
    with tempfile.TemporaryDirectory() as folder:
        shots = photographed(Path(folder) / "deck", asked.points)
        ways = {"tenken": lambda: ours(shots), "colmap": lambda: theirs(shots, Path(folder))}
        for _ in range(asked.repeat):
            for name, way in ways.items():
                began_s = time.perf_counter()
                found = way()
                seconds[name] += time.perf_counter() - began_s
                differing[name] += not alike(found, first.setdefault(name, found))
    pairs = len(first["tenken"]) * asked.repeat
    for name in ways:
        print(
            f"{name}: {seconds[name] / pairs:.3f} s a pair, {sum(map(len, first[name]))} matches, "
            f"{differing[name]} of {asked.repeat} runs differ from the first"
        )
    print(
        f"both: {shared(first['tenken'], first['colmap'])} matches; tenken takes "
        f"{seconds['tenken'] / seconds['colmap']:.2f} of colmap's time"
    )
    return 1 if differing["tenken"] else 0


if __name__ == "__main__":
    sys.exit(main())
