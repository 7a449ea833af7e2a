"""``tenken users``, ``orgs``, ``audit``, and what ``serve`` refuses: by exit code and words."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from api import passwords
from api.cli import require_accounts
from api.door import Door
from inspection.cli import main
from inspection.errors import Refused
from inspection.store import sessions
from inspection.store.engine import create_engine, reading
from tests.support.people import PASSWORD
from tests.support.seed import Seeded, database_url
from tests.unit.api.conftest import NOW


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let no test write into the home folder of whoever runs it."""
    monkeypatch.setenv("TENKEN_HOME", str(tmp_path / "own-home"))
    monkeypatch.delenv("TENKEN_DATABASE_URL", raising=False)


class Command:
    """Run commands on one home folder; remember what they printed."""

    def __init__(self, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
        self.home, self._patch, self._capsys = home, monkeypatch, capsys
        self.out = self.err = ""

    def __call__(self, *argv: str, typed: str = "") -> int:
        import io

        self._patch.setattr("sys.stdin", io.StringIO(typed))
        code = 0
        try:
            main([*argv, "--home", str(self.home)])
        except SystemExit as left:
            code = int(str(left.code))
        said = self._capsys.readouterr()
        self.out, self.err = said.out, said.err
        assert "Traceback" not in self.err
        return code

    def add(self, name: str, role: str, *more: str) -> int:
        return self(
            "users", "add", name, "--role", role, "--password-stdin", *more, typed=PASSWORD + "\n"
        )


@pytest.fixture
def command(
    seeded: Seeded, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    return Command(seeded.home, monkeypatch, capsys)


def test_accounts_are_added_listed_and_disabled(command: Command) -> None:
    assert command("users", "list") == 0 and "single-user mode" in command.out
    assert command.add("hanako", "engineer", "--display", "金沢 花子") == 0
    assert command.out == "hanako is engineer of home\n"
    assert command("users", "list") == 0
    assert command.out == "hanako  金沢 花子  engineer of home\n"
    assert command("users", "disable", "hanako") == 0
    assert command("users", "list", "--json") == 0
    (row,) = json.loads(command.out)
    assert row["active"] is False and row["roles"][0]["role"] == "engineer"
    assert command("users", "enable", "hanako") == 0
    assert command("users", "list") == 0 and "disabled" not in command.out


def test_a_second_role_is_for_another_organisation(command: Command) -> None:
    assert command("orgs", "add", "city-a", "--name", "A市") == 0
    assert command.add("hanako", "engineer") == 0
    assert command("users", "add", "hanako", "--role", "viewer", "--org", "city-a") == 0
    assert command("users", "list") == 0
    assert "viewer of city-a, engineer of home" in command.out
    assert command("users", "add", "hanako", "--role", "planner", "--approver") == 0
    assert command("users", "list") == 0
    assert "planner of home (approver)" in command.out


@pytest.mark.parametrize(
    ("argv", "typed", "words"),
    [
        (["users", "add", "Ha nako", "--role", "viewer"], PASSWORD, "use 1 to 100"),
        (["users", "add", "a", "--role", "king"], PASSWORD, "king"),
        (["users", "add", "a", "--role", "viewer", "--org", "x"], PASSWORD, "no organisation 'x'"),
        (["users", "add", "a", "--role", "viewer", "--approver"], PASSWORD, "cannot be an appr"),
        (["users", "add", "a", "--role", "viewer"], "short", "15 to 1000"),
        (["users", "add", "a", "--role", "viewer", "--display", "a\nb"], PASSWORD, "one line"),
    ],
)
def test_what_cannot_be_is_named_and_nothing_is_kept(
    command: Command, argv: list[str], typed: str, words: str
) -> None:
    assert command(*argv, "--password-stdin", typed=typed + "\n") == 2
    assert words in command.err
    assert typed not in command.err + command.out
    assert command("users", "list") == 0 and "single-user" in command.out


@pytest.mark.parametrize(
    "argv",
    [
        ["users", "disable", "nobody"],
        ["users", "password", "nobody"],
        ["users", "token", "list", "nobody"],
        ["users", "token", "create", "nobody", "--scope", "look"],
        ["users", "link", "nobody", "--subject", "1", "--issuer", "https://i.example"],
    ],
)
def test_an_account_that_is_not_there_is_named(command: Command, argv: list[str]) -> None:
    assert command(*argv) == 2
    assert "no account 'nobody'" in command.err


def test_a_password_is_changed_and_kept_as_argon2id(command: Command) -> None:
    command.add("hanako", "engineer")
    new = "a quite different password"
    assert command("users", "password", "hanako", "--password-stdin", typed=new + "\n") == 0
    with sqlite3.connect(command.home / "tenken.sqlite") as database:
        (stored,) = database.execute("SELECT password_hash FROM accounts").fetchone()
    database.close()
    assert passwords.matches(stored, new) and not passwords.matches(stored, PASSWORD)


def test_tokens_are_shown_once_work_and_are_revoked(command: Command) -> None:
    command.add("hanako", "engineer")
    create = ["users", "token", "create", "hanako", "--label", "QGIS"]
    assert command(*create, "--scope", "look", "--days", "7") == 0
    token = command.out.strip()
    assert "shown once" in command.err
    engine = create_engine(database_url(command.home))
    with reading(engine) as connection:
        found = sessions.of_token(connection, token, NOW)
    assert found is not None and found.scopes == {"look"}
    assert command("users", "token", "list", "hanako") == 0
    assert "QGIS" in command.out and token not in command.out
    token_id = token[3:15]
    assert command("users", "token", "revoke", "hanako", token_id) == 0
    assert command("users", "token", "revoke", "hanako", token_id) == 2
    with reading(engine) as connection:
        assert sessions.of_token(connection, token, NOW) is None
    engine.dispose()
    assert command(*create, "--scope", "fly") == 2 and "no scope fly" in command.err
    assert command(*create, "--scope", "describe") == 2
    assert "has no right describe" in command.err
    assert command(*create, "--scope", "look", "--org", "other") == 2


def test_assets_are_given_to_a_city(command: Command) -> None:
    assert command("orgs", "add", "city-a", "--name", "A市") == 0
    assert command("orgs", "rename", "home", "--name", "石川県") == 0
    assert command("orgs", "give", "city-a", "bridge-12") == 0
    assert command("orgs", "list") == 0
    assert command.out == "city-a  A市  part of home  1 assets\nhome  石川県  1 assets\n"
    assert command("orgs", "list", "--json") == 0
    assert [row["assets"] for row in json.loads(command.out)] == [1, 1]
    assert command("orgs", "give", "city-a", "quay-3", "nowhere") == 2
    assert "no asset 'nowhere'" in command.err
    assert command("orgs", "add", "city-a", "--name", "again") == 2
    assert command("orgs", "add", "b", "--name", "B", "--parent", "c") == 2
    assert command("orgs", "list") == 0 and "city-a  A市  part of home  1 assets" in command.out


def test_what_commands_do_is_in_the_log_and_the_log_is_whole(command: Command) -> None:
    command.add("hanako", "engineer")
    command("users", "disable", "hanako")
    assert command("audit", "show") == 0
    lines = command.out.splitlines()
    assert [line.split("  ")[4] for line in lines] == ["users add", "users role", "users disable"]
    assert "hanako" not in command.out and "command" in command.out
    assert command("audit", "show", "--after", "2") == 0 and len(command.out.splitlines()) == 1
    assert command("audit", "verify") == 0
    assert command.out == "3 entries, all as they were written\n"
    assert command("audit", "head") == 0
    head = command.out.strip()
    assert command("audit", "verify", "--noted", head) == 0
    assert command("audit", "verify", "--noted", "9:" + "0" * 64) == 5


def test_a_log_that_was_changed_is_exit_code_5(command: Command) -> None:
    command.add("hanako", "engineer")
    with sqlite3.connect(command.home / "tenken.sqlite") as database:
        database.execute("DROP TRIGGER audit_log_refuse_update")
        database.execute("UPDATE audit_log SET subject = 'account of somebody' WHERE seq = 1")
    database.close()
    assert command("audit", "verify") == 5
    assert "entry 1: it was changed" in command.out
    assert "tampered with or damaged" in command.err
    assert command("audit", "verify", "--json") == 5
    assert json.loads(command.out)["faults"] == [{"entry": 1, "reason": "it was changed"}]
    assert command("audit", "verify", "--noted", "nonsense") == 2


PUBLIC = Door(public_url="https://tenken.example.jp")


def test_serving_to_others_needs_an_address_an_admin_and_https(command: Command) -> None:
    url = database_url(command.home)
    with pytest.raises(Refused, match="TENKEN_PUBLIC_URL"):
        require_accounts("0.0.0.0", Door(), url)
    with pytest.raises(Refused, match="nobody who can sign in"):
        require_accounts("0.0.0.0", PUBLIC, url)
    command.add("hanako", "engineer")
    with pytest.raises(Refused, match="users add NAME --role admin"):
        require_accounts("0.0.0.0", PUBLIC, url)
    command.add("root", "admin")
    require_accounts("0.0.0.0", PUBLIC, url)
    command("users", "disable", "root")
    with pytest.raises(Refused):
        require_accounts("0.0.0.0", PUBLIC, url)


def test_a_database_that_is_not_there_serves_nobody(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="can be reached by others"):
        require_accounts("0.0.0.0", PUBLIC, f"sqlite:///{tmp_path / 'none' / 'x.sqlite'}")
    assert not (tmp_path / "none").exists()


def test_a_public_address_in_the_clear_is_refused_by_the_command(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TENKEN_PUBLIC_URL", "http://tenken.example.jp")
    assert command("serve", "--no-worker", "--port", "0") == 3
    assert "not https" in command.err
