"""Opening a model tells nobody, and never forks this process."""

import subprocess
import sys

QUIET = """
import os, sys
forks = []
os.register_at_fork(before=lambda: forks.append(1))
from models.backends import openvino
from openvino.tools.ovc import telemetry_utils
assert telemetry_utils.tm.__name__.endswith("telemetry_stub"), telemetry_utils.tm
assert sys.modules["openvino_telemetry"] is None
import openvino as ov
ov.Core().available_devices
assert not [name for name in sys.modules if name.startswith("openvino_telemetry.")]
assert forks == []
print("quiet")
"""


def test_openvino_cannot_report_its_use() -> None:
    done = subprocess.run(
        [sys.executable, "-c", QUIET], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.stdout.strip() == "quiet", done.stderr
