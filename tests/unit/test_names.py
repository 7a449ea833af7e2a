"""The six generic top-level names must belong to nobody else in this environment."""

from importlib.metadata import packages_distributions

import pytest

OURS = ("inspection", "models", "flight", "datasets", "api", "workers")


@pytest.mark.parametrize("name", OURS)
def test_no_other_distribution_owns_a_name_of_ours(name: str) -> None:
    owners = set(packages_distributions().get(name, [])) - {"tenken"}
    assert not owners, (
        f"{owners} also install a top-level package {name!r}; Tenken is an application and needs "
        "its own virtual environment (make install)"
    )


@pytest.mark.parametrize("module", ["yolo", "common", "experimental"])
def test_no_module_has_a_name_that_old_yolo_checkpoints_pickle(module: str) -> None:
    import importlib.util

    assert importlib.util.find_spec(f"models.{module}") is None
