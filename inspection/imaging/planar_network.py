"""The least-squares network behind ``planar_adjust``: unknowns, misfits and their pattern.

Six unknowns a photo: x, y, logarithm of height ÷ nominal height, heading, two small tilts. Then
one lens bending ``k1`` for each picture size. All points are computed at once.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares
from scipy.sparse import csr_matrix
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
"""More points of one overlap say nothing new: their errors are alike."""

UNKNOWNS = 6

_DOWN = np.diag([1.0, -1.0, -1.0])
_STRAIGHTENING_STEPS = 10


class Network:
    """Tie points and priors of one group of photos, as a least-squares problem."""

    def __init__(
        self,
        photos: Sequence[Photo],
        members: Sequence[int],
        ties: Sequence[Tie],
        gsd_m_per_px: float,
    ) -> None:
        """Lay out the unknowns of the members and gather the points of the ties.

        Args:
            photos: all photos; members and ties count in them.
            members: the photos of the group, ascending.
            ties: the ties of the group.
            gsd_m_per_px: nominal ground sample distance.
        """
        self._members = tuple(members)
        self._gsd = gsd_m_per_px
        self._size = np.array([(photos[i].width_px, photos[i].height_px) for i in members], float)
        told = [photos[i].focal_px for i in members]
        self._focal = np.array(
            [focal or size.max() for focal, size in zip(told, self._size, strict=True)]
        )
        self._lens = np.unique(self._size, axis=0, return_inverse=True)[1].reshape(-1)
        self._lenses = UNKNOWNS * len(members)
        thinned = [_thinned(tie) for tie in ties]
        row = {member: row for row, member in enumerate(members)}
        lengths = [len(tie.first_px) for tie in thinned]
        self._first = np.repeat([row[tie.first] for tie in thinned], lengths).astype(np.intp)
        self._second = np.repeat([row[tie.second] for tie in thinned], lengths).astype(np.intp)
        self._first_px = np.concatenate([np.empty((0, 2)), *(tie.first_px for tie in thinned)])
        self._second_px = np.concatenate([np.empty((0, 2)), *(tie.second_px for tie in thinned)])

    def first_guess(
        self, similarities: Mapping[int, tuple[complex, complex]]
    ) -> NDArray[np.float64]:
        """Give the unknowns of level photos, placed by (a, b) of ``plane = a·pixel + b``."""
        unknowns = np.zeros(self._lenses + int(self._lens.max()) + 1)
        for row, member in enumerate(self._members):
            a, b = similarities[member]
            centre = a * complex(*self._size[row] / 2) + b
            heading = -math.atan2(a.imag, a.real)
            at = UNKNOWNS * row
            unknowns[at : at + 2] = centre.real, -centre.imag
            unknowns[at + 2 : at + 4] = math.log(abs(a) / self._gsd), heading
        return unknowns

    def cameras(self, unknowns: NDArray[np.float64]) -> dict[int, Camera]:
        """Give the camera of each photo by its index."""
        bending = unknowns[self._lenses :][self._lens]
        return {
            member: Camera(
                width_px=int(self._size[row, 0]),
                height_px=int(self._size[row, 1]),
                focal_px=float(self._focal[row]),
                cx_px=float(self._size[row, 0] / 2),
                cy_px=float(self._size[row, 1] / 2),
                k1=float(bending[row]),
            )
            for row, member in enumerate(self._members)
        }

    def poses(self, unknowns: NDArray[np.float64]) -> dict[int, Pose]:
        """Give the pose of each photo by its index."""
        rotations, centres = self._attitudes(unknowns)
        return {
            member: Pose(camera_from_world=rotations[row], centre_world_m=centres[row])
            for row, member in enumerate(self._members)
        }

    def solve(self, start: NDArray[np.float64]) -> NDArray[np.float64]:
        """Minimise tie misfits and priors robustly (soft L1)."""
        solution = least_squares(
            self.misfits,
            start,
            jac_sparsity=self._sparsity(),
            x_scale="jac",
            loss="soft_l1",
            ftol=1e-7,
            xtol=1e-9,
            max_nfev=100,
        )
        return np.asarray(solution.x, dtype=np.float64)

    def rescaled(self, unknowns: NDArray[np.float64]) -> NDArray[np.float64]:
        """Make the mean ground sample distance exactly the nominal one."""
        free = unknowns.copy()
        table = free[: self._lenses].reshape(-1, UNKNOWNS)
        excess = table[:, 2].mean()
        table[:, 2] -= excess
        table[:, :2] *= math.exp(-excess)
        return free

    def misfits(self, unknowns: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give everything that should be small, in standard deviations."""
        table = unknowns[: self._lenses].reshape(-1, UNKNOWNS)
        priors = table[:, [2, 4, 5]] / (HEIGHT_SIGMA, TILT_SIGMA_RAD, TILT_SIGMA_RAD)
        anchor = (*self._size[0] / 2 * (self._gsd, -self._gsd), 0.0)
        first = (table[0, [0, 1, 3]] - anchor) / (self._gsd, self._gsd, 1e-4)
        return np.concatenate(
            [
                self._offsets(unknowns).ravel() / TIE_SIGMA_PX,
                priors.ravel(),
                first,
                unknowns[self._lenses :] / BENDING_SIGMA,
            ]
        )

    def _attitudes(
        self, unknowns: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Give rotations (m, 3, 3) camera from world, and centres (m, 3) m."""
        table = unknowns[: self._lenses].reshape(-1, UNKNOWNS)
        nothing = np.zeros(len(table))
        tilt = Rotation.from_rotvec(np.column_stack([table[:, 4], table[:, 5], nothing]))
        turn = Rotation.from_rotvec(np.column_stack([nothing, nothing, table[:, 3]]))
        height_m = self._focal * self._gsd * np.exp(table[:, 2])
        return (tilt * turn).as_matrix() @ _DOWN, np.column_stack([table[:, :2], height_m])

    def _offsets(self, unknowns: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give how far (n, 2) px the points land from their partners in the second photos."""
        rotations, centres = self._attitudes(unknowns)
        bending = unknowns[self._lenses :][self._lens][:, None]
        one, two, focal = self._first, self._second, self._focal[:, None]
        bent = (self._first_px - self._size[one] / 2) / focal[one]
        straight = bent
        for _ in range(_STRAIGHTENING_STEPS):
            square = (straight**2).sum(axis=1, keepdims=True)
            straight = bent / (1 + bending[one] * square)
        rays = np.column_stack([straight, np.ones(len(straight))])
        down = np.einsum("nji,nj->ni", rotations[one], rays)
        ground = centres[one] - down * (centres[one, 2] / down[:, 2])[:, None]
        seen = np.einsum("nij,nj->ni", rotations[two], ground - centres[two])
        flat = seen[:, :2] / seen[:, 2:]
        stretch = 1 + bending[two] * (flat**2).sum(axis=1, keepdims=True)
        landed = focal[two] * stretch * flat + self._size[two] / 2
        return np.asarray(landed - self._second_px, dtype=np.float64)

    def _sparsity(self) -> csr_matrix:
        """Say which unknown each misfit depends on."""
        count = self._lenses + int(self._lens.max()) + 1
        points = np.repeat(np.arange(2 * len(self._first)), 2 * UNKNOWNS + 2)
        of_photo = np.arange(UNKNOWNS)
        touched = np.column_stack(
            [
                UNKNOWNS * self._first[:, None] + of_photo,
                UNKNOWNS * self._second[:, None] + of_photo,
                self._lenses + self._lens[self._first],
                self._lenses + self._lens[self._second],
            ]
        )
        priors = (UNKNOWNS * np.arange(len(self._members))[:, None] + (2, 4, 5)).ravel()
        single = np.concatenate([priors, [0, 1, 3], np.arange(self._lenses, count)])
        rows = np.concatenate([points, 2 * len(self._first) + np.arange(len(single))])
        columns = np.concatenate([np.repeat(touched, 2, axis=0).ravel(), single])
        shape = (2 * len(self._first) + len(single), count)
        return csr_matrix((np.ones(len(rows), dtype=bool), (rows, columns)), shape=shape)


def _thinned(tie: Tie) -> Tie:
    """Keep at most ``POINTS_PER_TIE`` points, evenly from the list."""
    step = max(1, math.ceil(len(tie.first_px) / POINTS_PER_TIE))
    return tie.only(slice(None, None, step))
