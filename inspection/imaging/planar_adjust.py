"""Adjust the cameras of photos of one plane together: the world is the plane z = 0, z up.

Every photo has six unknowns (place, height, heading, two small tilts) and all photos of one
picture size share one lens bending ``k1``. Without ground control the ties cannot tell the scale:
the mean height is what makes the mean ground sample distance the nominal one. Nor can they tell
focal length from tilt and bending: a wrong focal length leaves the mosaic as it is.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares
from scipy.sparse import csr_matrix, lil_matrix
from scipy.spatial.transform import Rotation

from inspection.domain.capture import Photo
from inspection.geo.camera import Camera, Pose
from inspection.imaging.planar_ties import Tie

TIE_SIGMA_PX = 2.0
"""Expected error of a tie at full size, including what the model cannot express."""

TILT_SIGMA_RAD = math.radians(2.0)
HEIGHT_SIGMA = 0.05
BENDING_SIGMA = 0.05
"""Priors: a gimbal looks down within 2°, a strip is flown level within 5 %, lenses bend little."""

POINTS_PER_TIE = 300
UNKNOWNS = 6

_DOWN = np.diag([1.0, -1.0, -1.0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjusted:
    """Hold cameras that agree on one plane.

    Attributes:
        cameras: camera by photo index.
        poses: pose by photo index, in a frame upright as the first photo, plane z = 0.
        ties: the ties without their outliers.
        residuals_px: for each tie, (n,) px: distance in the second photo.
    """

    cameras: Mapping[int, Camera]
    poses: Mapping[int, Pose]
    ties: tuple[Tie, ...]
    residuals_px: tuple[NDArray[np.float64], ...]


def to_plane(camera: Camera, pose: Pose, points_px: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the points (n, 2) m of the plane z = 0 that pixels (n, 2) show."""
    rays = pose.to_world_directions(camera.rays(points_px))
    reach = -pose.centre_world_m[2] / rays[:, 2:3]
    return np.asarray(pose.centre_world_m[:2] + reach * rays[:, :2], dtype=np.float64)


def to_photo(camera: Camera, pose: Pose, points_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the pixels (n, 2) of points (n, 2) m of the plane z = 0."""
    world = np.column_stack([points_m, np.zeros(len(points_m))])
    return camera.project(pose.to_camera(world))


def adjust(
    photos: Sequence[Photo], members: Sequence[int], ties: Sequence[Tie], *, gsd_m_per_px: float
) -> Adjusted:
    """Adjust the photos of one connected group together.

    Args:
        photos: all photos; members and ties count in them.
        members: the photos of the group, ascending.
        ties: the ties of the group; together they must connect it.
        gsd_m_per_px: nominal ground sample distance, kept as the mean over the photos.
    """
    start = _Problem(photos, members, ties, gsd_m_per_px)
    rough = start.solve(start.first_guess())
    kept = tuple(_without_outliers(tie, start.residuals_px(rough, tie)) for tie in ties)
    problem = _Problem(photos, members, kept, gsd_m_per_px)
    unknowns = problem.normalised(problem.solve(rough))
    return Adjusted(
        cameras={i: problem.camera(unknowns, i) for i in problem.members},
        poses={i: problem.pose(unknowns, i) for i in problem.members},
        ties=kept,
        residuals_px=tuple(problem.residuals_px(unknowns, tie) for tie in kept),
    )


def chain_similarities(
    members: Sequence[int], ties: Sequence[Tie], scale: float
) -> dict[int, tuple[complex, complex]]:
    """Chain pairwise similarities from the first member: photo → plane (x right, y down).

    Ties with the most points are followed first.

    Returns:
        (a, b) by photo index with ``plane = a·pixel + b``; the geometric mean of |a| is ``scale``.
    """
    placed: dict[int, tuple[complex, complex]] = {members[0]: (1 + 0j, 0j)}
    ranked = sorted(ties, key=lambda tie: (-len(tie.first_px), tie.first, tie.second))
    while len(placed) < len(members):
        tie = next(t for t in ranked if (t.first in placed) != (t.second in placed))
        a, b = tie.second_from_first
        if tie.first in placed:
            of_first = placed[tie.first]
            placed[tie.second] = of_first[0] / a, of_first[1] - of_first[0] / a * b
        else:
            of_second = placed[tie.second]
            placed[tie.first] = of_second[0] * a, of_second[0] * b + of_second[1]
    mean = math.exp(sum(math.log(abs(a)) for a, _ in placed.values()) / len(placed))
    return {i: (a * scale / mean, b * scale / mean) for i, (a, b) in placed.items()}


class _Problem:
    """Tie points, priors and the layout of the unknowns: 6 a photo, then one k1 a picture size."""

    def __init__(
        self,
        photos: Sequence[Photo],
        members: Sequence[int],
        ties: Sequence[Tie],
        gsd_m_per_px: float,
    ) -> None:
        self.photos = photos
        self.ties = [_thinned(tie) for tie in ties]
        self.gsd_m_per_px = gsd_m_per_px
        self.members = members
        self.row = {member: row for row, member in enumerate(self.members)}
        sizes = [(photos[i].width_px, photos[i].height_px) for i in self.members]
        distinct = sorted(set(sizes))
        self.lens = {i: distinct.index(s) for i, s in zip(self.members, sizes, strict=True)}
        self.count = UNKNOWNS * len(self.members) + len(distinct)

    def first_guess(self) -> NDArray[np.float64]:
        """Give the unknowns of level photos placed by their similarities."""
        unknowns = np.zeros(self.count)
        chained = chain_similarities(self.members, self.ties, self.gsd_m_per_px)
        for member, (a, b) in chained.items():
            photo = self.photos[member]
            centre = a * complex(photo.width_px / 2, photo.height_px / 2) + b
            at = UNKNOWNS * self.row[member]
            log_height = math.log(abs(a) / self.gsd_m_per_px)
            heading = -math.atan2(a.imag, a.real)
            unknowns[at : at + 4] = centre.real, -centre.imag, log_height, heading
        return unknowns

    def camera(self, unknowns: NDArray[np.float64], member: int) -> Camera:
        """Give the camera of a photo."""
        photo = self.photos[member]
        bending = unknowns[UNKNOWNS * len(self.members) + self.lens[member]]
        return Camera(
            width_px=photo.width_px,
            height_px=photo.height_px,
            focal_px=photo.focal_px or float(max(photo.width_px, photo.height_px)),
            cx_px=photo.width_px / 2,
            cy_px=photo.height_px / 2,
            k1=float(bending),
        )

    def pose(self, unknowns: NDArray[np.float64], member: int) -> Pose:
        """Give the pose of a photo."""
        at = UNKNOWNS * self.row[member]
        x, y, log_height, heading, tilt_x, tilt_y = unknowns[at : at + UNKNOWNS]
        tilt = Rotation.from_rotvec([tilt_x, tilt_y, 0.0])
        turn = Rotation.from_rotvec([0.0, 0.0, heading])
        height_m = self.camera(unknowns, member).focal_px * self.gsd_m_per_px * math.exp(log_height)
        return Pose(
            camera_from_world=(tilt * turn).as_matrix() @ _DOWN,
            centre_world_m=np.array([x, y, height_m]),
        )

    def residuals_px(self, unknowns: NDArray[np.float64], tie: Tie) -> NDArray[np.float64]:
        """Give how far (n,) px each point of a tie lands from its partner in the second photo."""
        return np.asarray(np.hypot(*self._offsets(unknowns, tie).T), dtype=np.float64)

    def solve(self, start: NDArray[np.float64]) -> NDArray[np.float64]:
        """Minimise tie residuals and priors robustly (soft L1)."""
        solution = least_squares(
            self._misfits,
            start,
            jac_sparsity=self._sparsity(),
            x_scale="jac",
            loss="soft_l1",
            max_nfev=100,
        )
        return np.asarray(solution.x, dtype=np.float64)

    def normalised(self, unknowns: NDArray[np.float64]) -> NDArray[np.float64]:
        """Make the mean ground sample distance exactly the nominal one."""
        free = unknowns.copy()
        table = free[: UNKNOWNS * len(self.members)].reshape(-1, UNKNOWNS)
        excess = table[:, 2].mean()
        table[:, 2] -= excess
        table[:, :2] *= math.exp(-excess)
        return free

    def _offsets(self, unknowns: NDArray[np.float64], tie: Tie) -> NDArray[np.float64]:
        camera, pose = self.camera(unknowns, tie.first), self.pose(unknowns, tie.first)
        plane = to_plane(camera, pose, tie.first_px)
        other = self.camera(unknowns, tie.second), self.pose(unknowns, tie.second)
        return to_photo(*other, plane) - tie.second_px

    def _misfits(self, unknowns: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give everything that should be small, in standard deviations."""
        offsets = [self._offsets(unknowns, tie).ravel() / TIE_SIGMA_PX for tie in self.ties]
        split = UNKNOWNS * len(self.members)
        table = unknowns[:split].reshape(-1, UNKNOWNS)
        priors = table[:, 2:] / (HEIGHT_SIGMA, np.inf, TILT_SIGMA_RAD, TILT_SIGMA_RAD)
        first = (table[0, [0, 1, 3]] - self._anchor()) / (
            self.gsd_m_per_px,
            self.gsd_m_per_px,
            1e-4,
        )
        return np.concatenate([*offsets, priors.ravel(), first, unknowns[split:] / BENDING_SIGMA])

    def _anchor(self) -> NDArray[np.float64]:
        """Give place and heading of the first photo, which nothing else fixes."""
        photo = self.photos[self.members[0]]
        gsd = self.gsd_m_per_px
        return np.array([photo.width_px / 2 * gsd, -photo.height_px / 2 * gsd, 0.0])

    def _sparsity(self) -> csr_matrix:
        """Say which unknown each misfit depends on."""
        lenses = UNKNOWNS * len(self.members)
        lengths = [2 * len(tie.first_px) for tie in self.ties]
        rows = sum(lengths) + 4 * len(self.members) + 3 + (self.count - lenses)
        pattern = lil_matrix((rows, self.count), dtype=np.int8)
        row = 0
        for tie, length in zip(self.ties, lengths, strict=True):
            for member in (tie.first, tie.second):
                at = UNKNOWNS * self.row[member]
                pattern[row : row + length, at : at + UNKNOWNS] = 1
                pattern[row : row + length, lenses + self.lens[member]] = 1
            row += length
        for index in range(4 * len(self.members)):
            pattern[row + index, UNKNOWNS * (index // 4) + 2 + index % 4] = 1
        row += 4 * len(self.members)
        for index, unknown in enumerate((0, 1, 3, *range(lenses, self.count))):
            pattern[row + index, unknown] = 1
        return pattern.tocsr()


def _thinned(tie: Tie) -> Tie:
    """Keep at most ``POINTS_PER_TIE`` points, evenly from the list."""
    step = max(1, math.ceil(len(tie.first_px) / POINTS_PER_TIE))
    return _points_of(tie, slice(None, None, step))


def _without_outliers(tie: Tie, residuals_px: NDArray[np.float64]) -> Tie:
    """Drop points beyond four robust standard deviations, at least ``2·TIE_SIGMA_PX``."""
    limit = max(2 * TIE_SIGMA_PX, 4 * 1.4826 * float(np.median(residuals_px)))
    return _points_of(tie, residuals_px <= limit)


def _points_of(tie: Tie, chosen: slice | NDArray[np.bool_]) -> Tie:
    """Keep some points of a tie."""
    return Tie(
        first=tie.first,
        second=tie.second,
        first_px=tie.first_px[chosen],
        second_px=tie.second_px[chosen],
        second_from_first=tie.second_from_first,
    )
