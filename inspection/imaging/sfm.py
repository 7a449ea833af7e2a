"""Structure from motion with pycolmap: the only module that imports it.

OpenCV must be loaded before pycolmap: the other way round, its PNG writer crashes (pycolmap 4.2,
OpenCV 5.0). This module loads both in that order, for everyone.

Everything is seeded, and adjustment runs on one thread, because sums in another order give other
last digits: the same photos give the same poses, bit by bit.
"""

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pycolmap
from numpy.typing import NDArray

from inspection.errors import Broken, NotRegistered
from inspection.geo.camera import Camera, Pose
from inspection.imaging.alignment import Similarity
from inspection.imaging.features import Features
from inspection.imaging.matching import match, nearest_pairs

assert cv2.__version__, "OpenCV is loaded before pycolmap"

pycolmap.logging.minloglevel = pycolmap.logging.ERROR.value

SEED = 20_240_101

WORKING_SIDE_PX = 1600.0
"""Long side to which pixel thresholds refer; COLMAP's are made for pictures of about this size."""

MATCH_RATIO = 0.8
MATCH_FARTHEST = 0.7
"""Largest distance to the best ÷ to the second best, and largest distance of two descriptors of
length 1: COLMAP's defaults."""

NOTICED = 0.001
"""Growth of the mean reprojection error by which photos show that their lens distorts.

Rendered flights: 0.3 to 0.4 % for k1 = -0.01, 4 % for -0.03, below 0.05 % for none; Brighton
Beach: 0.03 %."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """Bring one photo to the reconstruction.

    Attributes:
        name: its name in the reconstruction, unique.
        camera: lens as the metadata say, pixels of the whole photo.
        features: distinctive points, pixels of the whole photo.
        position_enu_m: (3,) where the receiver saw the camera.
        std_m: (3,) standard deviation of that position.
    """

    name: str
    camera: Camera
    features: Features
    position_enu_m: NDArray[np.float64]
    std_m: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """Hold what a reconstruction found.

    Attributes:
        cameras: lens of each photo by name, pixels of the whole photo.
        poses: pose of each registered photo by name.
        points: (n, 3) sparse points.
        reprojection_px: mean reprojection error in pixels of the whole photo.
    """

    cameras: Mapping[str, Camera]
    poses: Mapping[str, Pose]
    points: NDArray[np.float64]
    reprojection_px: float


class Block:
    """Hold a block of photos that pycolmap has tied together."""

    def __init__(
        self, reconstruction: pycolmap.Reconstruction, shots: Sequence[Shot], ratio: float
    ) -> None:
        """Wrap a reconstruction whose pixels are ``ratio`` × those of the photos."""
        self._reconstruction = reconstruction
        self._shots = {shot.name: shot for shot in shots}
        self._ratio = ratio
        self._straight = False

    def move(self, similarity: Similarity) -> None:
        """Move the whole block."""
        self._reconstruction.transform(
            pycolmap.Sim3d(
                similarity.scale, pycolmap.Rotation3d(similarity.rotation), similarity.shift_m
            )
        )

    def straighten(self) -> bool:
        """Drop the lens distortion where the photos do not show any; tell whether it was dropped.

        Over level ground a little distortion and a little height explain almost the same, so a
        distortion that the photos hardly notice is better not believed: the block is adjusted
        without it, and stays so when reprojection errors grow by less than ``NOTICED``.
        """
        before = float(self._reconstruction.compute_mean_reprojection_error())
        trial = copy.deepcopy(self._reconstruction)
        for camera in trial.cameras.values():
            camera.params = [*camera.params[:3], 0.0]
        options = _adjustment_options()
        options.refine_extra_params = False
        config = pycolmap.BundleAdjustmentConfig()
        for image in _registered(trial):
            config.add_image(image.image_id)
        config.fix_gauge(pycolmap.BundleAdjustmentGauge.TWO_CAMS_FROM_WORLD)
        pycolmap.create_default_bundle_adjuster(options, config, trial).solve()
        trial.update_point_3d_errors()
        if float(trial.compute_mean_reprojection_error()) > before * (1.0 + NOTICED):
            return False
        self._reconstruction, self._straight = trial, True
        return True

    def settle(self) -> None:
        """Adjust poses and points once more, with the receiver's positions as weak priors.

        The block must lie in the frame of the positions already. Focal lengths stay.
        """
        options = _adjustment_options()
        options.refine_extra_params = not self._straight
        config = pycolmap.BundleAdjustmentConfig()
        priors = []
        for image in _registered(self._reconstruction):
            config.add_image(image.image_id)
            priors.append(_prior(self._shots[image.name], image.data_id))
        adjuster = pycolmap.create_pose_prior_bundle_adjuster(
            options,
            pycolmap.PosePriorBundleAdjustmentOptions(),
            config,
            priors,
            self._reconstruction,
        )
        adjuster.solve()
        self._reconstruction.update_point_3d_errors()

    def model(self) -> Model:
        """Read out cameras, poses and points."""
        images = _registered(self._reconstruction)
        points = [
            self._reconstruction.points3D[key].xyz for key in sorted(self._reconstruction.points3D)
        ]
        return Model(
            cameras={image.name: self._camera(image) for image in images},
            poses={image.name: _pose(image) for image in images},
            points=np.array(points, dtype=np.float64).reshape(-1, 3),
            reprojection_px=float(self._reconstruction.compute_mean_reprojection_error())
            / self._ratio,
        )

    def _camera(self, image: pycolmap.Image) -> Camera:
        focal, cx, cy, k1 = self._reconstruction.cameras[image.camera_id].params
        own = self._shots[image.name].camera
        return Camera(
            width_px=own.width_px,
            height_px=own.height_px,
            focal_px=float(focal) / self._ratio,
            cx_px=float(cx) / self._ratio,
            cy_px=float(cy) / self._ratio,
            k1=float(k1),
        )


def reconstruct(
    shots: Sequence[Shot],
    *,
    work_dir: Path,
    reach_m: float,
    neighbours: int = 16,
    refine_focal: bool = False,
    on_pair: Callable[[int, int], None] = lambda done, total: None,
    on_matched: Callable[[], None] = lambda: None,
) -> Block:
    """Match neighbours, verify them, and build the largest block that holds together.

    Args:
        shots: photos; equal cameras share one lens.
        work_dir: an empty folder for the database.
        reach_m: photos farther apart (horizontally) are not compared.
        neighbours: each photo is compared with at most so many nearest ones.
        refine_focal: let the focal length go free; only where no metadata tell it.
        on_pair: hears (pairs compared, pairs in all).
        on_matched: hears that all are compared and the block begins to grow.

    Raises:
        NotRegistered: when no two photos start a reconstruction.
        Broken: when pycolmap fails.
    """
    longest = max(max(shot.camera.width_px, shot.camera.height_px) for shot in shots)
    ratio = min(1.0, WORKING_SIDE_PX / longest)
    positions_m = np.array([shot.position_enu_m[:2] for shot in shots])
    pairs = nearest_pairs(positions_m, reach_m=reach_m, at_most=neighbours)
    database = work_dir / "sfm.db"
    try:
        with pycolmap.Database.open(database) as opened:
            numbers = _write_shots(opened, shots, ratio)
            _match(opened, shots, numbers, pairs, on_pair)
        on_matched()
        _verify(database, shots, pairs)
        models = pycolmap.incremental_mapping(
            database, work_dir, work_dir, _mapping_options(refine_focal)
        )
    except (RuntimeError, ValueError) as error:
        raise Broken(f"pycolmap {pycolmap.__version__} failed on these photos: {error}") from error
    if not models:
        raise NotRegistered(
            f"none of the {len(shots)} photos could be tied together; they need to overlap by 60 % "
            "or more, be sharp and show texture"
        )
    largest = max(sorted(models), key=lambda key: models[key].num_reg_images())
    return Block(models[largest], shots, ratio)


def _write_shots(
    database: pycolmap.Database, shots: Sequence[Shot], ratio: float
) -> tuple[int, ...]:
    """Write cameras, pictures, points and positions; give the number of each picture."""
    rigs: dict[Camera, tuple[int, int]] = {}
    numbers = []
    for shot in shots:
        if shot.camera not in rigs:
            rigs[shot.camera] = _write_camera(database, shot.camera, ratio)
        camera_id, rig_id = rigs[shot.camera]
        image = pycolmap.Image(name=shot.name, camera_id=camera_id)
        image.image_id = database.write_image(image)
        frame = pycolmap.Frame()
        frame.rig_id = rig_id
        frame.add_data_id(image.data_id)
        database.write_frame(frame)
        points = (shot.features.points_px * ratio).astype(np.float32)
        database.write_keypoints(image.image_id, points)
        database.write_pose_prior(_prior(shot, image.data_id))
        numbers.append(image.image_id)
    return tuple(numbers)


def _write_camera(database: pycolmap.Database, camera: Camera, ratio: float) -> tuple[int, int]:
    """Write a lens and its rig of one; give both numbers."""
    written = pycolmap.Camera(
        model="SIMPLE_RADIAL",
        width=round(camera.width_px * ratio),
        height=round(camera.height_px * ratio),
        params=[camera.focal_px * ratio, camera.cx_px * ratio, camera.cy_px * ratio, camera.k1],
    )
    written.has_prior_focal_length = True
    camera_id = database.write_camera(written)
    rig = pycolmap.Rig()
    rig.add_ref_sensor(pycolmap.sensor_t(pycolmap.SensorType.CAMERA, camera_id))
    return camera_id, database.write_rig(rig)


def _prior(shot: Shot, data_id: pycolmap.data_t) -> pycolmap.PosePrior:
    """Give the receiver's position of a photo as pycolmap takes it."""
    prior = pycolmap.PosePrior()
    prior.corr_data_id = data_id
    prior.position = shot.position_enu_m
    prior.position_covariance = np.diag(shot.std_m**2)
    prior.coordinate_system = pycolmap.PosePriorCoordinateSystem.CARTESIAN
    return prior


def _match(
    database: pycolmap.Database,
    shots: Sequence[Shot],
    numbers: Sequence[int],
    pairs: Sequence[tuple[int, int]],
    on_pair: Callable[[int, int], None],
) -> None:
    """Match each pair of photos and write down what was found, under the photos' numbers."""
    for done, (one, other) in enumerate(pairs, start=1):
        found = match(
            shots[one].features, shots[other].features, ratio=MATCH_RATIO, farthest=MATCH_FARTHEST
        )
        database.write_matches(numbers[one], numbers[other], found.astype(np.uint32))
        on_pair(done, len(pairs))


def _verify(database: Path, shots: Sequence[Shot], pairs: Sequence[tuple[int, int]]) -> None:
    """Keep of the matches what one geometry of two views explains."""
    names = database.with_suffix(".pairs.txt")
    names.write_text("".join(f"{shots[one].name} {shots[other].name}\n" for one, other in pairs))
    options = pycolmap.TwoViewGeometryOptions()
    options.ransac.random_seed = SEED
    pycolmap.set_random_seed(SEED)
    pycolmap.verify_matches(database, names, options)


def _mapping_options(refine_focal: bool) -> pycolmap.IncrementalPipelineOptions:
    """Choose how the block grows: seeded, one thread, focal lengths held unless told."""
    options = pycolmap.IncrementalPipelineOptions()
    options.random_seed = SEED
    options.num_threads = 1
    options.extract_colors = False
    options.min_model_size = 3
    options.ba_refine_focal_length = refine_focal
    options.mapper.abs_pose_refine_focal_length = refine_focal
    pycolmap.set_random_seed(SEED)
    return options


def _adjustment_options() -> pycolmap.BundleAdjustmentOptions:
    """Choose how a whole block is adjusted: focal lengths held, one thread."""
    options = pycolmap.BundleAdjustmentOptions()
    options.refine_focal_length = False
    options.print_summary = False
    options.ceres.solver_options.num_threads = 1
    return options


def _registered(reconstruction: pycolmap.Reconstruction) -> list[pycolmap.Image]:
    """List the registered images by number."""
    return [reconstruction.images[key] for key in sorted(reconstruction.reg_image_ids())]


def _pose(image: pycolmap.Image) -> Pose:
    """Read the pose of an image."""
    rotation = np.asarray(image.cam_from_world().rotation.matrix(), dtype=np.float64)
    return Pose(camera_from_world=rotation, centre_world_m=np.asarray(image.projection_center()))
