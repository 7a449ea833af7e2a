"""Keep secrets and the folders of this machine out of logs and answers.

Folders are replaced by what they are (``<home>``), so that a log still tells where something
happened; secrets by dots. Whoever makes a secret part of a message has made a mistake already; this
is the net below.
"""

import logging
import re
import sys
import tempfile
from pathlib import Path

SECRET_NAMES = "|".join(
    ["password", "client_secret", "code_verifier", "id_token", "access_token", "refresh_token"]
)

QUOTED = r"""(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
"""A quoted text, with quotes in it that a backslash guards."""

SECRETS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"tk_([0-9a-f]{12})_[A-Za-z0-9_-]{20,}"), r"tk_\1_…"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9+/=._~-]{8,}"), r"\1 …"),
    (re.compile(r"((?:__Host-)?tenken_(?:session|flow)=)[^;\s\"']+"), r"\1…"),
    (re.compile(r"(?i)(\bx-tenken-csrf\b[\"':=\s]+)[0-9a-f]{16,}"), r"\1…"),
    (re.compile(r"(https?://[^\s:/@]*:)[^\s@/]+@"), r"\1…@"),
    # of databases and brokers: redis://:word@host has no name, and a word may hold @ and /
    (re.compile(r"((?!https?:)\b\w+://[^\s:/@]*:)[^\s\"'<>]+@"), r"\1…@"),
    (re.compile(r"(?i)([?&](?:code|state|token)=)[^\s&#\"']+"), r"\1…"),
    (re.compile(rf"(?i)(\w*(?:{SECRET_NAMES}))=([^\s&,;)\"']+)"), r"\1=…"),
    (re.compile(rf"(?i)([\"']\w*(?:{SECRET_NAMES})[\"']\s*:\s*){QUOTED}"), r"\1…"),
    (re.compile(rf"(?i)(\w*(?:{SECRET_NAMES})\s*=\s*){QUOTED}"), r"\1…"),
    (re.compile(r"\$argon2id\$\S+"), "$argon2id$…"),
    (re.compile(r"\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*"), "<token>"),
)
"""What a secret looks like, and what stands in its place."""

_folders: dict[str, str] = {}


def name_folder(folder: Path, label: str) -> None:
    """Say what a folder of this machine is called in logs and answers."""
    _folders[str(folder.resolve())] = f"<{label}>"


def _name_known_folders() -> None:
    package = Path(__file__).resolve().parents[1]
    name_folder(Path.home(), "user")
    name_folder(Path(tempfile.gettempdir()), "temp")
    name_folder(Path(sys.prefix), "python")
    name_folder(Path(sys.base_prefix), "python")
    name_folder(Path(logging.__file__).parents[1], "python")
    name_folder(package, "tenken")


def scrubbed(text: str) -> str:
    """Give a text without secrets and without folders of this machine.

    >>> scrubbed("Authorization: Bearer abcdefghijkl")
    'Authorization: Bearer …'
    """
    for folder in sorted(_folders, key=len, reverse=True):  # the innermost name says the most
        if len(folder) > 1:
            text = re.sub(rf"{re.escape(folder)}(?![\w.-])", _folders[folder], text)
    for pattern, instead in SECRETS:
        text = pattern.sub(instead, text)
    return text


class ScrubbingFormatter(logging.Formatter):
    """Write log lines, tracebacks too, without secrets and folders."""

    def format(self, record: logging.LogRecord) -> str:
        """Give one line of the log."""
        return scrubbed(super().format(record))


_name_known_folders()
