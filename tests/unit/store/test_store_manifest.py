"""The description of a backup is read back as it was written, or refused."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.engine import make_url

from inspection.errors import BadInput, Broken, NotFound
from inspection.store.databasecopy import libpq_environment, wanted_entries
from inspection.store.manifest import (
    MANIFEST,
    SUMS,
    Manifest,
    file_sha256,
    read_manifest,
    read_sums,
    write_manifest,
    write_sums,
)

SAMPLE = Manifest(
    format=1,
    tenken_version="0.1.0",
    created_at=datetime(2026, 4, 1, 3, 0, 0, 5, tzinfo=UTC),
    engine="sqlite",
    revision="0001",
    database="database.sqlite",
    database_bytes=4096,
    blob_count=2,
    blob_bytes=10,
    sums_sha256="ab" * 32,
    row_counts={"assets": 3, "橋": 0},
    audit_head="0:" + "0" * 64,
    faults=("blob photos/橋.jpg is damaged",),
)


def test_a_description_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    write_manifest(tmp_path, SAMPLE)
    assert read_manifest(tmp_path) == SAMPLE
    assert SAMPLE.total_bytes == 4106


def test_every_changed_field_is_noticed(tmp_path: Path) -> None:
    write_manifest(tmp_path, SAMPLE)
    plain = json.loads((tmp_path / MANIFEST).read_text())
    for name in plain:
        changed = {**plain, name: "other" if isinstance(plain[name], str) else 99}
        (tmp_path / MANIFEST).write_text(json.dumps(changed))
        with pytest.raises(Broken, match="damaged"):
            read_manifest(tmp_path)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b'{"format": 1}', b"\xff\xfe"])
def test_what_is_no_description_is_damaged(tmp_path: Path, content: bytes) -> None:
    (tmp_path / MANIFEST).write_bytes(content)
    with pytest.raises(Broken, match="damaged"):
        read_manifest(tmp_path)


def test_a_newer_format_is_told_from_damage(tmp_path: Path) -> None:
    write_manifest(tmp_path, replace(SAMPLE, format=2, tenken_version="9.0"))
    with pytest.raises(BadInput, match=r"format 2, this program knows 1.*Tenken 9\.0"):
        read_manifest(tmp_path)
    with pytest.raises(NotFound, match="no finished backup"):
        read_manifest(tmp_path / "nowhere")


NAMES = st.lists(st.sampled_from(["database.sqlite", "blobs/a b/橋.jpg", "blobs/x"]), unique=True)


@given(names=NAMES)
def test_a_list_is_read_back_in_its_order(
    tmp_path_factory: pytest.TempPathFactory, names: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("sums")
    sums = [(name, f"{number:064x}") for number, name in enumerate(names)]
    said = write_sums(folder, sums)
    assert list(read_sums(folder)) == sums
    assert said == file_sha256(folder / SUMS)


@pytest.mark.parametrize(
    "line",
    ["", "abc  name", f"{'0' * 64} one-space", f"{'0' * 64}  ../../etc/passwd", f"{'0' * 64}  /a"],
)
def test_a_list_never_leads_out_of_the_backup(tmp_path: Path, line: str) -> None:
    (tmp_path / SUMS).write_text(line + "\n")
    with pytest.raises(Broken):
        list(read_sums(tmp_path))


def test_a_password_goes_by_the_environment_and_unknown_options_are_refused() -> None:
    url = make_url("postgresql+psycopg://me:p%40ss@db.example:5433/rows?sslmode=require")
    assert libpq_environment(url) == {
        "PGHOST": "db.example",
        "PGPORT": "5433",
        "PGUSER": "me",
        "PGPASSWORD": "p@ss",
        "PGDATABASE": "rows",
        "PGSSLMODE": "require",
    }
    with pytest.raises(BadInput, match="target_session_attrs"):
        libpq_environment(make_url("postgresql://db/rows?target_session_attrs=any"))


def test_of_a_dump_only_what_is_tenkens_is_restored() -> None:
    listed = [
        ";",
        "; Archive created at 2026-04-01",
        "6; 2615 2200 SCHEMA - public postgres",
        "2; 3079 16390 EXTENSION - postgis ",
        "4500; 0 0 COMMENT - EXTENSION postgis ",
        "217; 1259 17500 TABLE public assets tenken",
        "4400; 0 17500 TABLE DATA public assets tenken",
        "900; 1255 17800 FUNCTION public tenken_refuse() tenken",
        "4501; 0 0 ACL - SCHEMA public postgres",
    ]
    assert [line.split(" ", 3)[3] for line in wanted_entries(listed)] == [
        "TABLE public assets tenken",
        "TABLE DATA public assets tenken",
        "FUNCTION public tenken_refuse() tenken",
    ]
