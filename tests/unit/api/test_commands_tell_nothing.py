"""Every command that opens the database, with one that cannot be reached: words, no password."""

from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from inspection.cli import main
from tests.unit.test_help import ALL

WORD = "s3cret-word-of-the-database"
UNREACHED = f"postgresql://tenken:{WORD}@127.0.0.1:1/tenken"
GROUPS = {
    "assets", "audit", "db", "doctor", "emergency", "grades", "orgs", "programme", "publish",
    "record", "store", "users", "worklist",
}  # fmt: skip
"""Groups whose commands open the database and end by themselves."""

LEAVES = [
    path
    for path, command in ALL.items()
    if path[0] in GROUPS and not isinstance(command, click.Group)
]


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TENKEN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TENKEN_QUEUE_BROKER_URL", f"redis://:{WORD}@127.0.0.1:1/0")
    monkeypatch.setenv("TENKEN_OIDC_CLIENT_SECRET", WORD)


def words(command: click.Command, folder: Path) -> Iterator[str]:
    """Fill in what a command demands."""
    for parameter in command.params:
        if not parameter.required:
            continue
        if isinstance(parameter, click.Option):
            yield parameter.opts[0]
        yield value(parameter.type, folder)


def value(kind: click.ParamType, folder: Path) -> str:
    if isinstance(kind, click.Path):
        return str(folder if not kind.file_okay else folder / "a.csv")
    if isinstance(kind, click.Choice):
        return str(kind.choices[0])
    return "1" if isinstance(kind, click.types.IntParamType | click.types.FloatParamType) else "x1"


@pytest.mark.parametrize("url", [UNREACHED, UNREACHED.replace(":1/", ":no-port/")])
def test_no_command_tells_the_password(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    url: str,
) -> None:
    monkeypatch.setenv("TENKEN_DATABASE_URL", url)
    (tmp_path / "a.csv").write_text("施設番号,橋梁名\nB-1,大橋\n")
    codes: dict[str, int | str | None] = {}
    for path in LEAVES:
        name = " ".join(path)
        try:
            main([*path, *words(ALL[path], tmp_path)])
            codes[name] = 0
        except SystemExit as left:
            codes[name] = left.code
        said = capsys.readouterr()
        assert WORD not in said.out + said.err, name
        assert "Traceback" not in said.out + said.err, name
        assert codes[name] == 0 or said.err or said.out, name
    assert len(codes) == len(LEAVES) > 40
    reached = [name for name, code in codes.items() if code in (2, 4)]
    assert len(reached) > 0.8 * len(LEAVES), codes
    assert 5 not in codes.values() and 1 not in codes.values(), codes
