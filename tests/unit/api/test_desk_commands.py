"""Commands at the desk of a prefecture: what they change is told, counted and logged once.

What they cannot find is never an empty list.
"""

import json
import re
import shutil
import uuid
from pathlib import Path

import pytest
import yaml

from api.permission import PUBLIC, Permissions, parse, permissions
from api.permission_page import as_markdown
from inspection.domain.account import Membership, Role
from inspection.errors import BadCodelist, BadInput
from tests.support.people import PASSWORD
from tests.support.released import main as settled
from tests.support.spoken import Said, run_tenken

NOWHERE = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a home folder whose bridge-12 people have reviewed and diagnosed."""
    home = tmp_path_factory.mktemp("settled") / "home"
    settled(home)
    return home


@pytest.fixture
def home(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TENKEN_HOME", str(tmp_path / "own-home"))
    monkeypatch.delenv("TENKEN_DATABASE_URL", raising=False)
    return Path(shutil.copytree(template, tmp_path / "home"))


def ask(home: Path, *words: str, typed: str = "") -> Said:
    """Run a command that must work."""
    said = run_tenken(*words, "--home", home, typed=typed)
    assert said.code == 0, said.err
    return said


class TestNothingIsNotFoundInSilence:
    """A mistyped identifier is told, with exit code 2."""

    @pytest.mark.parametrize(
        ("words", "told"),
        [
            (("grades", "list", NOWHERE), f"there is no survey {NOWHERE}"),
            (("record", "history", "bridge-21"), "there is no asset 'bridge-21'"),
            (("record", "status", "bridge-21"), "there is no asset 'bridge-21'"),
            (("assets", "show", "bridge-21"), "there is no asset 'bridge-21'"),
            (("publish", "preview", "bridge-21"), "there is no asset 'bridge-21'"),
            (("publish", "verify", "--month", "2020-01"), "month 2020-01 is not frozen"),
            (("orgs", "rename", "kaga", "--name", "x"), "there is no organisation 'kaga'"),
            (("orgs", "give", "home", "bridge-21"), "there is no asset 'bridge-21'"),
            (("users", "token", "list", "taro"), "there is no account 'taro'"),
            (("users", "disable", "taro"), "there is no account 'taro'"),
        ],
    )
    def test_it_is_named(self, home: Path, words: tuple[str, ...], told: str) -> None:
        said = run_tenken(*words, "--home", home)
        assert (said.code, said.out) == (2, "")
        assert told in said.err

    def test_a_survey_without_grades_is_known_and_empty(self, home: Path) -> None:
        listed = ask(home, "assets", "list", "--json").data
        assert listed["number_matched"] == 2
        assert ask(home, "record", "history", "quay-3").out == "0 decisions\n"


class TestOrganisations:
    """Assets are given once, however often they are named."""

    def test_what_is_given_is_counted_and_logged_once(self, home: Path) -> None:
        ask(home, "orgs", "add", "kanazawa", "--name", "金沢市")
        said = ask(home, "orgs", "give", "kanazawa", "bridge-12", "bridge-12")
        assert said.out == "kanazawa has 1 more assets\n"
        assert ask(home, "orgs", "give", "kanazawa", "bridge-12").out == (
            "kanazawa has 0 more assets\n"
        )
        assert ask(home, "orgs", "give", "home", "bridge-12", "quay-3").out == (
            "home has 1 more assets\n"
        )
        events = [line.split("  ")[4:] for line in ask(home, "audit", "show").out.splitlines()]
        assert [event for event in events if event[0] == "orgs give"] == [
            ["orgs give", "assets bridge-12"],
            ["orgs give", "assets bridge-12"],
            ["orgs give", "assets bridge-12"],
            ["orgs give", "assets quay-3"],
        ]

    def test_of_a_list_with_an_unknown_asset_nothing_is_given(self, home: Path) -> None:
        ask(home, "orgs", "add", "kanazawa", "--name", "金沢市")
        said = run_tenken("orgs", "give", "kanazawa", "bridge-12", "bridge-21", "--home", home)
        assert said.code == 2
        rows = {row["organisation_id"]: row["assets"] for row in
                ask(home, "orgs", "list", "--json").data}  # fmt: skip
        assert rows == {"home": 2, "kanazawa": 0}
        assert "orgs give" not in ask(home, "audit", "show").out

    @pytest.mark.parametrize(
        "name", ["", "a b", "金沢", "-a", "a-", "A", "a" * 101, "a/b", "a\n", "ａ"]
    )
    def test_an_identifier_that_no_address_carries(self, home: Path, name: str) -> None:
        said = run_tenken("orgs", "add", "--name", "x", "--home", home, "--", name)
        assert said.code == 2
        assert "use 1 to 100 of a–z" in said.err

    @pytest.mark.parametrize("name", ["", " ", "a\nb", "x" * 201])
    def test_a_name_is_one_line(self, home: Path, name: str) -> None:
        said = run_tenken("orgs", "rename", "home", "--name", name, "--home", home)
        assert said.code == 2
        assert "write one line of 1 to 200 characters" in said.err


class TestAccounts:
    """Who may sign in, as what."""

    def test_a_token_does_no_more_than_its_person(self, home: Path) -> None:
        ask(home, "users", "add", "taro", "--role", "viewer", "--no-password")
        said = run_tenken(
            *("users", "token", "create", "taro", "--scope", "decide", "--home", home)
        )
        assert said.code == 2
        assert "a viewer has no right decide to hand on" in said.err
        made = ask(home, "users", "token", "create", "taro", "--scope", "look", "--label", "QGIS")
        assert re.fullmatch(r"tk_[0-9a-f]{12}_[\w-]{20,}\n", made.out)
        listed = ask(home, "users", "token", "list", "taro").out
        assert made.out[3:15] in listed and "QGIS" in listed
        assert made.out.strip()[16:] not in listed

    @pytest.mark.parametrize("days", ["0", "367", "-1", "x"])
    def test_the_life_of_a_token_has_bounds(self, home: Path, days: str) -> None:
        ask(home, "users", "add", "taro", "--role", "viewer", "--no-password")
        said = run_tenken(
            *("users", "token", "create", "taro", "--scope", "look", "--days", days),
            *("--home", home),
        )
        assert said.code == 2

    @pytest.mark.parametrize("role", [role.value for role in Role])
    def test_only_who_does_not_decide_may_approve(self, home: Path, role: str) -> None:
        said = run_tenken(
            *("users", "add", "taro", "--role", role, "--approver", "--no-password"),
            *("--home", home),
        )
        assert said.code == (0 if role in {"planner", "admin"} else 2)

    @pytest.mark.parametrize("typed", ["", "\n", "short\n", "a" * 1001 + "\n", "taro" * 9 + "\n"])
    def test_of_a_refused_password_nothing_is_kept_or_said(self, home: Path, typed: str) -> None:
        said = run_tenken(
            *("users", "add", "taro", "--role", "viewer", "--password-stdin", "--home", home),
            typed=typed,
        )
        assert said.code == 2
        assert typed.strip() == "" or typed.strip() not in said.err
        assert "nobody has an account" in ask(home, "users", "list").out

    def test_people_and_programs_read_the_same(self, home: Path) -> None:
        ask(
            *(home, "users", "add", "hanako", "--role", "planner", "--approver"),
            *("--display", "金沢 花子", "--password-stdin"),
            typed=PASSWORD + "\n",
        )
        assert ask(home, "users", "list").out == ("hanako  金沢 花子  planner of home (approver)\n")
        (row,) = ask(home, "users", "list", "--json").data
        assert (row["display_name"], row["active"]) == ("金沢 花子", True)
        assert PASSWORD not in json.dumps(row)
        ask(home, "users", "disable", "hanako")
        assert ask(home, "users", "list").out.endswith("disabled\n")


class TestApproval:
    """From a diagnosis to open data, one decision after the other and never two at once."""

    STEPS = (
        ("record", "approve"),
        ("publish", "release"),
        ("publish", "withdraw"),
        ("record", "revoke"),
    )

    def decide(self, home: Path, step: tuple[str, str]) -> Said:
        who = ("--by", "課長", "--why", "照査済")
        return run_tenken(*step, "bridge-12", *who, "--home", home)

    def test_each_step_goes_once_and_in_its_order(self, home: Path) -> None:
        approve, release, withdraw, revoke = self.STEPS
        forbidden = {
            approve: (release, withdraw, revoke),
            release: (approve, withdraw),
            withdraw: (approve, release, revoke),
            revoke: (approve, withdraw),
        }
        for step, others in forbidden.items():
            for other in others:
                assert self.decide(home, other).code == 2, (step, other)
            assert self.decide(home, step).code == 0, step
        history = ask(home, "record", "history", "bridge-12").out.splitlines()
        assert history[-1] == "4 decisions"
        assert [line.split("  ")[1] for line in history[:-1]] == [step[1].replace("release",
                "publish") for step in self.STEPS]  # fmt: skip
        assert all(line.endswith("課長: 照査済") for line in history[:-1])

    @pytest.mark.parametrize(("by", "why"), [("", "x"), (" ", "x"), ("x", ""), ("x", "\n")])
    def test_a_decision_has_a_person_and_a_reason(self, home: Path, by: str, why: str) -> None:
        said = run_tenken(
            *("record", "approve", "bridge-12", "--by", by, "--why", why, "--home", home)
        )
        assert said.code == 2
        assert "needs" in said.err
        assert ask(home, "record", "history", "bridge-12").out == "0 decisions\n"

    @pytest.mark.parametrize("year", ["1949", "2201", "令和8年", "2025.5"])
    def test_a_fiscal_year_is_one_of_the_christian_era(self, home: Path, year: str) -> None:
        said = run_tenken(*("record", "status", "bridge-12", "--fiscal-year", year, "--home", home))
        assert said.code == 2
        assert "--fiscal-year" in said.err

    def test_another_year_is_another_inspection(self, home: Path) -> None:
        told = ask(home, "record", "status", "bridge-12", "--fiscal-year", "2025", "--json").data
        assert (told["state"], told["fiscal_year"]) == ("planned", 2025)
        assert any("2025" in words for words in told["missing"])


def matrix(**changes: object) -> str:
    """Give a small permissions file."""
    content = {
        "rights": {"look": {"means": {"en": "see", "ja": "見る"}, "roles": ["viewer"]}},
        "routes": {"GET /": PUBLIC, "GET /api/assets": "look"},
    }
    return yaml.safe_dump(content | changes, allow_unicode=True)


class TestMatrix:
    """``permissions.yaml`` is the rule; a slip in it closes the service, never opens it."""

    def test_a_small_one_is_read(self) -> None:
        found = parse(matrix())
        assert isinstance(found, Permissions)
        assert found.rights["look"].means_ja == "見る"
        text = as_markdown(found)
        assert "| `GET /` | public | yes |" in text and "| `look` | see<br>見る |" in text

    @pytest.mark.parametrize("right", ["lok", "", "PUBLIC", "admin"])
    def test_a_right_that_nobody_described_is_told_with_its_route(self, right: str) -> None:
        with pytest.raises(BadCodelist, match=r"GET /x needs a right .* permissions\.yaml lacks"):
            parse(matrix(routes={"GET /x": right}))

    @pytest.mark.parametrize("scopes", [("look", "lok"), ("",), ("public",), ("Look",)])
    def test_a_scope_is_a_right(self, scopes: tuple[str, ...]) -> None:
        with pytest.raises(
            BadInput, match=r"there is no scope .*choose from look, originals, capture"
        ):
            permissions().checked_scopes(scopes)
        assert permissions().checked_scopes(("look", "look")) == {"look"}

    @pytest.mark.parametrize("role", Role)
    @pytest.mark.parametrize("approver", [False, True])
    def test_rights_of_every_member(self, role: Role, approver: bool) -> None:
        """Engineers decide and never approve; approvers are made; viewers only look."""
        if approver and role not in {Role.PLANNER, Role.ADMIN}:
            return
        member = Membership(
            account_id=uuid.UUID(int=1),
            organisation_id="home",
            role=role,
            approver=approver,
        )
        rights = permissions().of(member)
        assert {"look", "self"} <= rights
        assert ("decide" in rights) is (role is Role.ENGINEER)
        assert ("approve" in rights) is approver
        assert not {"decide", "approve"} <= rights
        assert (rights == {"look", "self"}) is (role is Role.VIEWER)
