"""The error tree is complete, and every family has an exit code."""

import importlib
import inspect
import pkgutil

import pytest

import inspection
from inspection import errors
from inspection.errors import EXIT_CODES, FAMILIES, Broken, TenkenError, exit_code, family


def all_subclasses(cls: type[TenkenError]) -> set[type[TenkenError]]:
    below = set(cls.__subclasses__())
    return below | {leaf for child in below for leaf in all_subclasses(child)}


@pytest.fixture(scope="module")
def every_error() -> set[type[TenkenError]]:
    """Import the whole of ``inspection`` so that no error class stays unseen."""
    for module in pkgutil.walk_packages(inspection.__path__, "inspection."):
        if ".migrations" not in module.name:
            importlib.import_module(module.name)
    return all_subclasses(TenkenError)


def test_every_error_belongs_to_exactly_one_family(every_error: set[type[TenkenError]]) -> None:
    assert len(every_error) >= len(FAMILIES)
    for error in every_error:
        owners = [candidate for candidate in FAMILIES if issubclass(error, candidate)]
        assert len(owners) == 1, f"{error.__name__} belongs to {owners}"
        assert family(error) is owners[0]


def test_every_family_has_an_exit_code_of_the_contract() -> None:
    assert set(EXIT_CODES) == set(FAMILIES)
    assert set(EXIT_CODES.values()) == {2, 3, 4, 5}


def test_the_errors_of_the_house_live_in_one_module(every_error: set[type[TenkenError]]) -> None:
    strangers = {e.__name__ for e in every_error if e.__module__ == "inspection.errors"}
    assert strangers == {
        name for name, value in vars(errors).items()
        if inspect.isclass(value) and issubclass(value, TenkenError) and value is not TenkenError
    }  # fmt: skip


def test_docstring_of_the_tree_draws_every_class() -> None:
    drawing = errors.__doc__ or ""
    for error in all_subclasses(TenkenError):
        if error.__module__ == "inspection.errors":
            assert error.__name__ in drawing


def test_an_error_outside_the_families_is_our_fault() -> None:
    class Stray(TenkenError):
        """Belong nowhere."""

    with pytest.raises(Broken, match="Stray"):
        exit_code(Stray("x"))
    # The class must not outlive this test: the completeness test above walks all subclasses.
    del Stray
    import gc

    gc.collect()
