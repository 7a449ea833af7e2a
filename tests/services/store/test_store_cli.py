"""``tenken db upgrade`` makes the tables that the environment names."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy.engine import make_url

from inspection.cli import main, tenken
from inspection.store import schema
from inspection.store.engine import create_engine


def test_upgrade_makes_the_tables(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TENKEN_HOME", str(tmp_path))
    monkeypatch.setenv("TENKEN_DATABASE_URL", empty_database_url)
    runner = CliRunner()
    for _ in range(2):
        outcome = runner.invoke(tenken, ["db", "upgrade"], catch_exceptions=False)
        assert outcome.exit_code == 0
        assert f"is at version {schema.head()}" in outcome.output
    engine = create_engine(empty_database_url)
    schema.check(engine)
    engine.dispose()


def test_without_a_url_the_file_lies_in_the_home_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("TENKEN_DATABASE_URL", raising=False)
    monkeypatch.setenv("TENKEN_HOME", str(tmp_path / "home"))
    outcome = CliRunner().invoke(tenken, ["db", "upgrade"], catch_exceptions=False)
    assert (tmp_path / "home" / "tenken.sqlite").is_file()
    assert str(tmp_path / "home" / "tenken.sqlite") in outcome.output


def test_a_server_that_is_away_is_exit_code_4_and_the_password_stays_secret(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    url = "postgresql://u:secret-word@127.0.0.1:9/d"
    assert make_url(url).password == "secret-word"
    monkeypatch.setenv("TENKEN_DATABASE_URL", url)
    with pytest.raises(SystemExit) as left:
        main(["db", "upgrade"])
    said = capsys.readouterr()
    assert left.value.code == 4
    assert "cannot be reached" in said.err
    assert "secret-word" not in said.err + said.out
