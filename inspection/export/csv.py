"""Write a work list as CSV (RFC 4180) that spreadsheets open without a wizard."""

from pathlib import Path

from inspection.domain.workorder import WorkList
from inspection.export.encoding import CsvReport, Encoding, encode_rows
from inspection.export.table import COLUMNS
from inspection.export.writing import replacing


def write_csv(work_list: WorkList, path: Path, *, encoding: Encoding = "utf-8-sig") -> CsvReport:
    """Write a work list as CSV with CRLF; the first line has the keys of the columns.

    Args:
        work_list: the list.
        path: where; the file is complete or not there.
        encoding: UTF-8 with a byte-order mark unless said; ``cp932`` for old Japanese programs:
            characters that it lacks are replaced and reported.

    Raises:
        Unavailable: when the folder cannot be written.
    """
    content, report = encode_rows(
        [column.name for column in COLUMNS],
        [[column.value(row) for column in COLUMNS] for row in work_list.rows],
        encoding=encoding,
    )
    with replacing(path) as temporary:
        temporary.write_bytes(content)
    return report
