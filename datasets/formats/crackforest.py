"""Read CrackForest's labels: MATLAB files with a segmentation, 1 for background and 2 for crack.

Source: Shi, Cui, Qi, Meng, Chen 2016, Automatic road crack detection using random structured
forests; cuilimeng/CrackForest-dataset.
"""

from collections.abc import Mapping
from pathlib import Path
from zlib import error as ZlibError  # noqa: N812  # a class, whatever its letters

import numpy as np
from numpy.typing import NDArray
from scipy.io import loadmat
from scipy.io.matlab import MatReadError

from inspection.errors import BadInput


def read_crackforest(path: Path, classes: Mapping[int, int]) -> NDArray[np.uint8]:
    """Return the class index of each pixel, (h, w) uint8.

    Raises:
        BadInput: The file is not CrackForest's, or holds a value without a class.
    """
    try:
        values = np.asarray(loadmat(path)["groundTruth"]["Segmentation"][0, 0])
    except (
        OSError,
        ZlibError,
        MatReadError,
        ValueError,
        KeyError,
        IndexError,
        TypeError,
        NotImplementedError,
    ) as error:
        raise BadInput(f"{path.name} is not a CrackForest label: {error}") from error
    unknown = sorted(set(np.unique(values).tolist()) - set(classes))
    if unknown or values.ndim != 2:
        raise BadInput(f"{path.name} holds values {unknown[:5]} without a class")
    mask = np.zeros(values.shape, dtype=np.uint8)
    for value, index in classes.items():
        mask[values == value] = index
    return mask
