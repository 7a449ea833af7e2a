"""Describe a backup: which files it has, with their digests, and what the rows were.

A backup is a folder::

    manifest.json      this description; carries its own digest
    SHA256SUMS         every other file, for `sha256sum -c SHA256SUMS`
    database.sqlite    or database.pgdump
    blobs/<key>        every blob
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from inspection.errors import BadInput, Broken, NotFound
from inspection.store.keys import check_key

FORMAT = 1
"""Version of the layout above; a program refuses what is newer than itself."""

MANIFEST = "manifest.json"
SUMS = "SHA256SUMS"
BLOBS = "blobs"
DIGEST_FIELD = "manifest_sha256"
BLOCK_BYTES = 1 << 20

_LINE = re.compile(r"([0-9a-f]{64})  (.+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """Say what a backup holds.

    Attributes:
        format: version of the layout.
        tenken_version: of the program that wrote it.
        created_at: when its rows were as they are, aware UTC.
        engine: kind of the database.
        revision: version of the tables.
        database: name of the file with the rows.
        database_bytes: its size.
        blob_count: how many blobs there are.
        blob_bytes: how large they are together.
        sums_sha256: digest of ``SHA256SUMS``.
        row_counts: rows of each table.
        audit_head: end of the audit log, as ``tenken audit head`` prints it.
        faults: what was wrong with the store when it was copied, in sentences.
    """

    format: int
    tenken_version: str
    created_at: datetime
    engine: str
    revision: str
    database: str
    database_bytes: int
    blob_count: int
    blob_bytes: int
    sums_sha256: str
    row_counts: Mapping[str, int]
    audit_head: str
    faults: tuple[str, ...] = ()

    @property
    def total_bytes(self) -> int:
        """Give the room that the backup needs when it is restored."""
        return self.database_bytes + self.blob_bytes


def file_sha256(path: Path) -> str:
    """Give the digest of a file, read in pieces.

    Raises:
        Broken: when it cannot be read to its end.
    """
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(BLOCK_BYTES):
                digest.update(block)
    except OSError as error:
        raise Broken(f"{path.name} cannot be read: {error.strerror}") from error
    return digest.hexdigest()


def write_sums(folder: Path, sums: Iterable[tuple[str, str]]) -> str:
    """Write ``SHA256SUMS`` from (name, digest) and give its own digest."""
    path = folder / SUMS
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{digest}  {name}\n" for name, digest in sums)
    return file_sha256(path)


def read_sums(folder: Path) -> Iterator[tuple[str, str]]:
    """Read (name, digest) of every file; a name never leads out of the folder.

    Raises:
        Broken: when a line is damaged.
    """
    try:
        with (folder / SUMS).open(encoding="utf-8", newline="\n") as file:
            for number, line in enumerate(file, 1):
                match = _LINE.fullmatch(line.rstrip("\n"))
                if match is None:
                    raise Broken(f"line {number} of {SUMS} is damaged; take another backup")
                yield _inside(match.group(2)), match.group(1)
    except (OSError, UnicodeDecodeError) as error:
        raise Broken(f"{SUMS} cannot be read; the backup is not complete: {error}") from error


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the description, with its own digest in it."""
    plain = {**asdict(manifest), "created_at": manifest.created_at.isoformat()}
    text = json.dumps(
        {**plain, DIGEST_FIELD: _digest(plain)}, ensure_ascii=False, indent=2, sort_keys=True
    )
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")


def read_manifest(folder: Path) -> Manifest:
    """Read the description of a backup and check its own digest.

    Raises:
        NotFound: when the folder is no finished backup.
        BadInput: when a newer version of Tenken wrote it.
        Broken: when it is damaged.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise NotFound(f"{folder} holds no {MANIFEST}; it is no finished backup of Tenken")
    try:
        plain: dict[str, Any] = json.loads(path.read_bytes())
        said = plain.pop(DIGEST_FIELD)
        whole = said == _digest(plain)
    except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
        raise Broken(f"{MANIFEST} is damaged: {error!r}; take another backup") from error
    if whole and plain.get("format", 0) > FORMAT:
        raise BadInput(
            f"the backup has format {plain['format']}, this program knows {FORMAT}; it was written "
            f"by Tenken {plain.get('tenken_version')}, restore it with that version or a newer one"
        )
    if not whole:
        raise Broken(f"{MANIFEST} was changed or is damaged; take another backup")
    return Manifest(
        **{
            **plain,
            "created_at": datetime.fromisoformat(plain["created_at"]),
            "faults": tuple(plain["faults"]),
        }
    )


def _digest(plain: Mapping[str, object]) -> str:
    canonical = json.dumps(plain, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _inside(name: str) -> str:
    try:
        return check_key(name)
    except BadInput as error:
        raise Broken(f"{SUMS} names {name!r}, which is no file of a backup: {error}") from error
