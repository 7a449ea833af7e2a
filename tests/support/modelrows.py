"""Rows of models for tests: what a worker offers, an upload that waits, one that was taken in."""

import uuid
from datetime import datetime
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from sqlalchemy import Engine

from inspection.domain.modelref import Offer, Origin
from inspection.domain.networkform import Described, Form
from inspection.store import offers, ownmodels
from inspection.store.engine import writing
from inspection.store.offers import Offered
from inspection.store.ownmodels import OwnModel
from inspection.store.scope import HOME

SHA = "c" * 64
CARD = {
    "classes": ["crack"],
    "thresholds": {"crack": 0.5},
    "gsd_range_mm_per_px": [0.5, 5.0],
    "licence": "AGPL-3.0-or-later",
    "is_calibrated": True,
    "is_default": True,
}


def offered(
    name: str = "tenken-crack-n",
    sha256: str = SHA,
    *,
    now: datetime,
    worker: str = "host:1",
    fault: str = "",
    origin: Origin = Origin.SHIPPED,
    is_default: bool = True,
    answers: str = "",
) -> Offered:
    """Say that a worker has a model."""
    offer = Offer(
        worker=worker,
        key=name,
        sha256=sha256,
        origin=origin,
        fault=fault,
        seen_at=now,
        answers=answers,
    )
    return Offered(offer=offer, card={} if fault else {**CARD, "is_default": is_default})


def publish(engine: Engine, now: datetime, *rows: Offered, worker: str = "host:1") -> None:
    """Let a worker say what it has."""
    with writing(engine) as connection:
        offers.publish(connection, worker, rows or (offered(now=now),), now)


def described(name: str = "own") -> Described:
    """Describe the network that ``write_dark_network`` writes."""
    return Described(
        name=name,
        form=Form(channels=("background", "crack"), full_scale=1.0),
        thresholds={"crack": 0.5},
        gsd_range_mm_per_px=(0.5, 5.0),
    )


def own_model(name: str = "own", organisation_id: str = HOME, *, now: datetime) -> OwnModel:
    """Describe an upload whose file has not come."""
    return OwnModel(
        own_model_id=uuid.uuid4(),
        organisation_id=organisation_id,
        described=described(name),
        uploaded_by="山田",
        uploaded_at=now,
        file_name="best.onnx",
    )


def taken_in(engine: Engine, now: datetime, *, name: str = "own", sha256: str = SHA) -> OwnModel:
    """Keep an upload that a worker has taken in, and offers."""
    model = own_model(name, now=now)
    with writing(engine) as connection:
        ownmodels.add(connection, model)
        ownmodels.take_in(
            connection,
            model.own_model_id,
            sha256=sha256,
            network_key=f"networks/{sha256}.onnx",
            mpx_per_s=1.5,
            dead=(),
        )
        return ownmodels.by_id(connection, model.own_model_id)


def write_dark_network(path: Path, *, middle: float = 0.35) -> Path:
    """Write a network of two channels: pixels darker than ``middle`` are cracks.

    It gives logits at a quarter of the size of its input, as many segmentation networks do.
    """
    weight = np.zeros((2, 3, 1, 1), dtype=np.float32)
    weight[1] = -10.0
    bias = np.array([0.0, 30.0 * middle], dtype=np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("AveragePool", ["x"], ["small"], kernel_shape=[2, 2], strides=[2, 2]),
            helper.make_node("Conv", ["small", "w", "b"], ["y"]),
        ],
        "dark",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, "h", "w"])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 2, "a", "b"])],
        [numpy_helper.from_array(weight, "w"), numpy_helper.from_array(bias, "b")],
    )
    ids = [helper.make_opsetid("", 17)]
    onnx.save(helper.make_model(graph, opset_imports=ids, ir_version=9), path)
    return path
