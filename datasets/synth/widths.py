"""Know how the renderer draws cracks, so that widths on its photos can be measured.

``python -m tests.benchmarks.deck_widths --fit --write`` measures it on a deck of another seed than
the demo's.
"""

from pathlib import Path

from inspection.codelists.widthcalibrations import load_width_calibration
from inspection.domain.widthcalibration import WidthCalibration

CALIBRATION_PATH = Path(__file__).with_name("rendered.widths.json")


def rendered_calibration() -> WidthCalibration:
    """Give the calibration of rendered photos."""
    return load_width_calibration(CALIBRATION_PATH)
