"""Count how much of the cracks' centre lines is found, whatever their width.

A crack drawn one pixel too wide loses a third of its IoU and nothing of its course; these counts
tell the two apart.

Source: Shit et al., clDice – a novel topology-preserving loss function for tubular structure
segmentation, CVPR 2021 (topology precision and sensitivity).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from skimage.morphology import skeletonize

from models.judging.metrics import near

Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class CentrelineCounts:
    """Count centre-line pixels of one class.

    Attributes:
        predicted: Centre-line pixels of the prediction.
        predicted_inside: Of these, within the tolerance of the label.
        labelled: Centre-line pixels of the label.
        labelled_inside: Of these, within the tolerance of the prediction.
    """

    predicted: int = 0
    predicted_inside: int = 0
    labelled: int = 0
    labelled_inside: int = 0

    def __add__(self, other: "CentrelineCounts") -> "CentrelineCounts":
        """Return the counts of both sets together."""
        return CentrelineCounts(
            predicted=self.predicted + other.predicted,
            predicted_inside=self.predicted_inside + other.predicted_inside,
            labelled=self.labelled + other.labelled,
            labelled_inside=self.labelled_inside + other.labelled_inside,
        )

    @property
    def precision(self) -> float:
        """Return the share of predicted centre lines that are labelled."""
        return self.predicted_inside / self.predicted if self.predicted else 0.0

    @property
    def recall(self) -> float:
        """Return the share of labelled centre lines that are found."""
        return self.labelled_inside / self.labelled if self.labelled else 0.0

    @property
    def cl_dice(self) -> float:
        """Return the harmonic mean of both."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


def count_centrelines(
    predicted: Bools, labelled: Bools, decided: Bools, *, tolerance_px: float = 0.0
) -> CentrelineCounts:
    """Count the centre lines of one image.

    Args:
        predicted: (h, w) pixels predicted as the class.
        labelled: (h, w) pixels labelled as the class.
        decided: (h, w) pixels that count.
        tolerance_px: Distance from the other mask that still counts as inside; 0 is clDice.
    """
    found = predicted & decided
    lines_found, lines_true = skeletonize(found), skeletonize(labelled)
    return CentrelineCounts(
        predicted=int(lines_found.sum()),
        predicted_inside=int((lines_found & near(labelled, tolerance_px)).sum()),
        labelled=int(lines_true.sum()),
        labelled_inside=int((lines_true & near(found, tolerance_px)).sum()),
    )
