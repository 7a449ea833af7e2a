"""Open KMZ archives of strangers within bounds, and write our own.

Nothing is unpacked to disk; members are read by name, so that a path in the archive cannot leave
it. Sizes are counted while reading, because the sizes that an archive states may be lies.
"""

import io
import lzma
import struct
import zipfile
import zlib
from pathlib import PurePosixPath

from inspection.errors import BadInput

MAX_MEMBERS = 2_000
MAX_MEMBER_BYTES = 64 * 2**20
FIXED_TIME = (1980, 1, 1, 0, 0, 0)
"""So that the same mission gives the same file."""

DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    OSError,
    RuntimeError,
    EOFError,
    ValueError,
    IndexError,
)
"""What zipfile raises for archives that lie: OSError is bzip2's, struct.error a header's, and
IndexError that of a member without a name."""


def members(content: bytes, name: str) -> dict[str, zipfile.ZipInfo]:
    """List the files of an archive by their names in lower case.

    Raises:
        BadInput: when it is no archive or holds too many files.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            infos = [info for info in archive.infolist() if not info.is_dir()]
    except DAMAGE as error:
        raise BadInput(f"{name} is not a readable zip archive: {error!s:.120}") from None
    if len(infos) > MAX_MEMBERS:
        raise BadInput(f"{name} holds {len(infos)} files, at most {MAX_MEMBERS} are read")
    return {str(PurePosixPath(info.filename)).lower(): info for info in infos}


def member(content: bytes, info: zipfile.ZipInfo, name: str) -> bytes:
    """Read one file of an archive.

    Raises:
        BadInput: when it is damaged, encrypted or larger than 64 MB.
    """
    where = f"{name}/{info.filename:.60}"
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive, archive.open(info) as stream:
            found = stream.read(MAX_MEMBER_BYTES + 1)
    except DAMAGE as error:
        raise BadInput(f"{where} cannot be read: {error!s:.120}") from None
    if len(found) > MAX_MEMBER_BYTES:
        raise BadInput(f"{where} is larger than {MAX_MEMBER_BYTES // 2**20} MB unpacked; not read")
    return found


def pack(files: dict[str, bytes]) -> bytes:
    """Write an archive, byte for byte the same for the same files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for filename, content in files.items():
            archive.writestr(zipfile.ZipInfo(filename, FIXED_TIME), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
