"""Libraries that compute scores, one module each; none of them may tell its maker about us.

OpenVINO's Python package reports its use to its maker over the network, from a forked copy of our
process: a copy that may hang for ever (a lock that another thread held is never released in it),
and a word about our users' work that nobody agreed to. It sends nothing when its reporting package
cannot be imported, so that is what we see to, before anything here imports OpenVINO.
"""

import sys
from typing import Any, cast

_loaded = cast("dict[str, Any]", sys.modules)
_loaded["openvino_telemetry"] = None  # makes importing it an ImportError, see ``sys.modules``
