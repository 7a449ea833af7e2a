"""Asset files: what is right is read exactly, what is wrong is named."""

import json
from pathlib import Path

import pytest

from inspection.codelists.asset_file import load_asset
from inspection.domain.asset import AssetKind, Concrete
from inspection.errors import BadCodelist, BadInput, NotFound

FULL = """
asset_id: ISK-0123
name: 点検橋
kind: bridge
member: Ds0101
concrete: PC
attributes: {adt: 12000, emergency_route: first, special_structure: false}
"""


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "asset.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_field_is_read(tmp_path: Path) -> None:
    asset = load_asset(write(tmp_path, FULL))
    assert (asset.asset_id, asset.name, asset.member) == ("ISK-0123", "点検橋", "Ds0101")
    assert asset.kind is AssetKind.BRIDGE
    assert asset.concrete is Concrete.PC
    assert asset.attributes == {
        "adt": 12000,
        "emergency_route": "first",
        "special_structure": False,
    }


def test_two_fields_are_enough_and_json_is_yaml(tmp_path: Path) -> None:
    path = write(tmp_path, json.dumps({"asset_id": "a", "name": "b"}))
    asset = load_asset(path)
    assert asset.kind is AssetKind.OTHER
    assert asset.concrete is Concrete.RC
    assert asset.attributes == {}


def test_a_byte_order_mark_of_excel_is_no_trouble(tmp_path: Path) -> None:
    path = tmp_path / "asset.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + FULL.encode())
    assert load_asset(path).asset_id == "ISK-0123"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("- a\n- b", "mapping"),
        ("", "mapping"),
        ("name: x", "asset_id"),
        ("asset_id: 12\nname: x", "asset_id"),
        ("asset_id: a\nname: x\nkind: tunnel", "tunnel"),
        ("asset_id: a\nname: x\nconcrete: XX", "XX"),
        ("asset_id: a\nname: x\nlenght: 3", "lenght"),
        ("asset_id: a\nname: x\nattributes: [1]", "attributes"),
        ("asset_id: a\nname: x\nattributes: {adt: [1]}", "adt"),
        ("asset_id: [", "no YAML"),
        ("!!python/object/apply:os.system ['true']", "no YAML"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(BadCodelist, match=named):
        load_asset(write(tmp_path, text))


def test_a_file_in_another_encoding_is_said_to_be_so(tmp_path: Path) -> None:
    path = tmp_path / "asset.yaml"
    path.write_bytes("asset_id: a\nname: 点検橋".encode("cp932"))
    with pytest.raises(BadCodelist, match="UTF-8"):
        load_asset(path)


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"absent\.yaml"):
        load_asset(tmp_path / "absent.yaml")


def test_an_empty_identifier_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="asset_id"):
        load_asset(write(tmp_path, "asset_id: ' '\nname: x"))
