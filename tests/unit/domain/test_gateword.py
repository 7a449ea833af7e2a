"""What the gate says: every code in both languages, with the same values, and never half."""

import doctest
import re
import string

import pytest

from inspection.domain import gateword
from inspection.domain.gateword import WORDS, GateCode, GateWord, stop, word_of
from inspection.errors import BadInput, GateStopped, exit_code

FOR_ONE_LANGUAGE = {"column_en", "column_ja", "kind_en", "kind_ja", "why", "code"}
"""Values that are words themselves, or a cure that the other language says by itself."""


def places(words: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(words) if name}


def test_doctests_hold() -> None:
    assert doctest.testmod(gateword).failed == 0


@pytest.mark.parametrize("code", list(GateCode))
def test_every_code_has_words_in_both_languages(code: GateCode) -> None:
    words = WORDS[code]
    assert places(words.en) - FOR_ONE_LANGUAGE == places(words.ja) - FOR_ONE_LANGUAGE
    assert re.search("[ぁ-んァ-ヶ一-龥]", words.ja) and not re.search("[ぁ-んァ-ヶ一-龥]", words.en)
    assert not re.search("[A-Za-z]{4,}", re.sub(r"\{.*?\}", "", words.ja)), "no English left"
    values = dict.fromkeys(places(words.en) | places(words.ja), 3)
    said = GateWord(code=code, values=values)
    assert "{" not in said.en + said.ja


def test_nothing_else_has_words() -> None:
    assert set(WORDS) == set(GateCode)
    assert len({words.en for words in WORDS.values()}) == len(WORDS)
    assert len({words.ja for words in WORDS.values()}) == len(WORDS)


def test_what_lacks_a_value_cannot_be_said() -> None:
    with pytest.raises(BadInput, match="'decimals'"):
        GateWord(code=GateCode.POSITION_ROUNDED)
    with pytest.raises(BadInput, match="'column_ja'"):
        GateWord(
            code=GateCode.STOPPED_BY_TEXT,
            values={"asset": "A", "column_en": "address", "kind_en": "a link", "kind_ja": "リンク"},
        )


def test_a_gate_that_stops_is_a_refusal_that_keeps_its_code() -> None:
    told = GateWord(
        code=GateCode.STOPPED_BY_MUNICIPALITY, values={"asset": "A", "code": "17", "why": "no {x}"}
    )
    error = stop(told)
    assert isinstance(error, GateStopped) and exit_code(error) == 3
    assert (str(error), word_of(error)) == ("A cannot be published: no {x}", told)
    assert "「17」" in told.ja
