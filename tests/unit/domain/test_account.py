"""Names that people type, names that people read, and who may be made an approver."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.domain.account import (
    APPROVING,
    WORDS_MAX,
    Account,
    Membership,
    Organisation,
    Role,
    check_name,
    check_words,
)
from inspection.errors import BadInput

SOMEBODY = uuid.UUID(int=1)


@pytest.mark.parametrize(
    "name", ["a", "hanako", "h.k-2_x", "hanako@pref.example.jp", "0", "a" * 100]
)
def test_what_any_keyboard_types_is_a_name(name: str) -> None:
    assert check_name("account", name) == name
    assert Account(account_id=SOMEBODY, name=name, display_name="花子").active


@pytest.mark.parametrize(
    "name", ["", " ", "Hanako", "花子", "a b", "-a", "a-", ".", "a\n", "a" * 101, "a/b", "a\0"]
)
def test_anything_else_is_refused_and_named(name: str) -> None:
    with pytest.raises(BadInput, match="use 1 to 100"):
        Account(account_id=SOMEBODY, name=name, display_name="花子")
    with pytest.raises(BadInput):
        Organisation(organisation_id=name, name="石川県")


@given(st.text(max_size=120))
def test_a_name_is_safe_wherever_it_is_shown(name: str) -> None:
    try:
        check_name("account", name)
    except BadInput:
        return
    assert name.isascii() and name == name.lower() == name.strip()
    assert not set(name) & set("/\\<>'\"&=:;,% ")


@pytest.mark.parametrize("words", ["花子", "Noto Taro", "a" * WORDS_MAX])
def test_displayed_names_are_one_line(words: str) -> None:
    assert check_words("name", words) == words


@pytest.mark.parametrize("words", ["", "   ", "a\nb", "a\0", "a\x1b[31m", "a" * (WORDS_MAX + 1)])
def test_displayed_names_are_nothing_else(words: str) -> None:
    with pytest.raises(BadInput, match="one line"):
        Account(account_id=SOMEBODY, name="hanako", display_name=words)


@pytest.mark.parametrize("role", list(Role))
def test_only_who_does_not_decide_approves(role: Role) -> None:
    def member(*, approver: bool) -> Membership:
        return Membership(account_id=SOMEBODY, organisation_id="home", role=role, approver=approver)

    assert member(approver=False).role is role
    if role in APPROVING:
        assert member(approver=True).approver
        return
    with pytest.raises(BadInput, match=f"a {role.value} cannot be an approver"):
        member(approver=True)


def test_an_organisation_is_not_part_of_itself() -> None:
    assert Organisation(organisation_id="a", name="A", parent_id="home").parent_id == "home"
    with pytest.raises(BadInput, match="cannot be part of itself"):
        Organisation(organisation_id="a", name="A", parent_id="a")
