"""Passwords are the same on every keyboard, and the hashes of before still open."""

import time
import unicodedata

import pytest
from argon2 import PasswordHasher

from api import passwords
from inspection.errors import BadInput

FORMS = ["NFC", "NFD", "NFKC", "NFKD"]
WORDS = "犀川のほとりでガラスの Élan Ａ１"


def of_before(password: str) -> str:
    """Hash what was typed, as the first versions did."""
    return PasswordHasher(time_cost=1, memory_cost=47_104, parallelism=1).hash(password)


def test_every_way_of_typing_it_opens() -> None:
    written = {unicodedata.normalize(form, WORDS) for form in FORMS}
    assert len(written) == 4
    kept = passwords.hashed(unicodedata.normalize("NFD", WORDS))
    for typed in written:
        assert passwords.matches(kept, typed)
    assert not passwords.matches(kept, WORDS.lower())


@pytest.mark.parametrize("form", FORMS)
def test_a_hash_of_before_opens_to_what_was_typed_then(form: str) -> None:
    typed = unicodedata.normalize(form, WORDS)
    assert passwords.matches(of_before(typed), typed)


def test_a_hash_of_before_of_plain_letters_is_one_of_today() -> None:
    plain = "correct horse battery staple"
    assert passwords.matches(of_before(plain), plain)
    assert passwords.matches(passwords.hashed(plain), plain)
    assert not passwords.matches(of_before(plain), plain + " ")
    # wide letters are the same letters, also for a hash of before
    assert passwords.matches(of_before(plain), "ｃｏｒｒｅｃｔ horse battery staple")


def test_length_counts_characters_after_they_are_composed() -> None:
    letters = "abcdefghijklmn"
    assert passwords.checked(letters + "é", name="x")
    with pytest.raises(BadInput, match="this has 14"):
        passwords.checked(letters[:-1] + "e\u0301", name="x")
    longest = "abcd" * 250
    assert passwords.checked(longest, name="x") == longest
    with pytest.raises(BadInput, match="this has 1001"):
        passwords.checked(longest + "e", name="x")
    with pytest.raises(BadInput, match="15 to 1000 characters"):
        passwords.checked("\ufdfa" * 60, name="x")  # one character that stands for eighteen


def test_wide_letters_of_the_name_are_the_name() -> None:
    with pytest.raises(BadInput, match="is the name"):
        passwords.checked("ｙａｍａｄａｙａｍａｄａｙａｍａｄａ", name="yamada")


def test_what_cannot_be_is_no_password() -> None:
    kept = passwords.hashed(WORDS)
    for typed in ("\ud800" * 20, "x" * 1001, ""):
        assert not passwords.matches(kept, typed)
    assert not passwords.matches("no hash", WORDS)
    assert not passwords.matches(None, WORDS)
    with pytest.raises(BadInput, match="no characters"):
        passwords.checked("\udcff" * 20, name="x")


@pytest.mark.parametrize("typed", [WORDS, "correct horse battery staple"])
def test_nobody_takes_as_long_as_somebody(typed: str) -> None:
    kept = passwords.hashed("another password of somebody")
    passwords.matches(None, typed)  # makes the hash that stands for nobody

    def cpu_s(password_hash: str | None) -> float:
        began = time.process_time()
        assert not passwords.matches(password_hash, typed)
        return time.process_time() - began

    each = [(cpu_s(kept), cpu_s(None)) for _ in range(3)]  # by turns: a busy moment is of both
    somebody_s, nobody_s = (min(seconds) for seconds in zip(*each, strict=True))
    assert 0.2 < somebody_s / nobody_s < 5.0  # a name that is known at once is 1 : 10 000
