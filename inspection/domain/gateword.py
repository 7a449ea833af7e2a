"""Say what the gate before open data did: a code, its numbers and names, words in both languages.

Pages and programs tell what happened by the code; the words are for people, and each code has them
in every language, or it cannot be said at all.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from inspection.errors import BadInput, GateStopped

Value = str | int


class GateCode(StrEnum):
    """Name one thing that the gate does, or why it lets nothing out."""

    POSITION_ROUNDED = "position_rounded"
    PLACE_IN_CELL = "place_in_cell"
    PLACE_HIDDEN = "place_hidden"
    ADDRESS_INSIDE = "address_inside"
    WORDS_AND_PHOTOS_INSIDE = "words_and_photos_inside"
    WORDS_INSIDE = "words_inside"
    DAMAGES_HIDDEN = "damages_hidden"
    DAMAGES_WAIT = "damages_wait"
    PICTURES = "pictures"
    PICTURES_SENSITIVE = "pictures_sensitive"
    PICTURE_NO_PHOTO = "picture_no_photo"
    PICTURE_NOT_SCREENED = "picture_not_screened"
    PICTURE_NOT_CLEARED = "picture_not_cleared"
    PICTURE_WITHHELD = "picture_withheld"
    PICTURE_UNREADABLE = "picture_unreadable"
    PICTURE_TAKEN_BACK = "picture_taken_back"
    STOPPED_BY_TEXT = "stopped_by_text"
    STOPPED_BY_MUNICIPALITY = "stopped_by_municipality"


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """Hold a sentence in both languages, with places for values in braces."""

    en: str
    ja: str


WORDS: Mapping[GateCode, Words] = MappingProxyType(
    {
        GateCode.POSITION_ROUNDED: Words(
            en="position rounded to {decimals} decimals",
            ja="位置を小数{decimals}桁に丸めます",
        ),
        GateCode.PLACE_IN_CELL: Words(
            en="the place is sensitive: the middle of cell {cell} stands for it",
            ja="位置はメッシュ{cell}の中心で示します",
        ),
        GateCode.PLACE_HIDDEN: Words(
            en="the place is sensitive and outside the grid: no position at all",
            ja="位置は公開しません（メッシュの範囲外）",
        ),
        GateCode.ADDRESS_INSIDE: Words(
            en="address and xROAD ID, which is a position, stay inside",
            ja="所在地と施設ID（位置を含む）は公開しません",
        ),
        GateCode.WORDS_AND_PHOTOS_INSIDE: Words(
            en="names of people, notes, findings and photos stay inside",
            ja="人の名前・メモ・所見・写真は公開しません",
        ),
        GateCode.WORDS_INSIDE: Words(
            en="names of people, notes and findings stay inside",
            ja="人の名前・メモ・所見は公開しません",
        ),
        GateCode.DAMAGES_HIDDEN: Words(
            en="{count} damages withheld: whoever published it said so",
            ja="損傷{count}件を伏せます（公開しない指定）",
        ),
        GateCode.DAMAGES_WAIT: Words(
            en="{count} damages withheld: soundness {soundness} and no measure is finished",
            ja="損傷{count}件を伏せます（健全性{soundness}、措置の完了前）",
        ),
        GateCode.PICTURES: Words(
            en="{count} pictures, encoded anew without metadata, private areas blurred",
            ja="写真{count}枚を公開します（撮影情報を除いて作り直し、人や車両などをぼかします）",
        ),
        GateCode.PICTURES_SENSITIVE: Words(
            en="no pictures: the place is sensitive, and pictures would show it",
            ja="写真は公開しません（位置を伏せる施設のため）",
        ),
        GateCode.PICTURE_NO_PHOTO: Words(
            en="{count} damages without a picture: no photo of it may be shown",
            ja="損傷{count}件は写真なし：公開できる写真がありません",
        ),
        GateCode.PICTURE_NOT_SCREENED: Words(
            en="{count} damages without a picture: no detector of faces and plates has looked at "
            "it",
            ja="損傷{count}件は写真なし：人・車両などの自動検出がまだです",
        ),
        GateCode.PICTURE_NOT_CLEARED: Words(
            en="{count} damages without a picture: nobody has looked at it since it was blurred",
            ja="損傷{count}件は写真なし：ぼかした後の目視確認がまだです",
        ),
        GateCode.PICTURE_WITHHELD: Words(
            en="{count} damages without a picture: somebody keeps it back",
            ja="損傷{count}件は写真なし：非公開の指定があります",
        ),
        GateCode.PICTURE_UNREADABLE: Words(
            en="{count} damages without a picture: {photo} cannot be read; see that its file is "
            "there and whole",
            ja="損傷{count}件は写真なし：{photo}を読み取れません。ファイルを確かめてください",
        ),
        GateCode.PICTURE_TAKEN_BACK: Words(
            en="{count} damages without a picture: this very picture was taken back once; blur "
            "more of it",
            ja="損傷{count}件は写真なし：同じ写真が以前に取り下げられています。ぼかしを追加して"
            "ください",
        ),
        GateCode.STOPPED_BY_TEXT: Words(
            en="{asset} cannot be published: its {column_en} has what looks like {kind_en}; mend "
            "the ledger, approve anew and publish again",
            ja="{asset}は公開できません。「{column_ja}」に{kind_ja}とみられる記載があります。台帳を"
            "直し、承認し直してから公開してください",
        ),
        GateCode.STOPPED_BY_MUNICIPALITY: Words(
            en="{asset} cannot be published: {why}",
            ja="{asset}は公開できません。市区町村コード「{code}」が正しくありません。台帳を直し、"
            "承認し直してから公開してください",
        ),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GateWord:
    """Say one thing that the gate did.

    Attributes:
        code: what.
        values: numbers and names that its words speak of.

    >>> said = GateWord(code=GateCode.POSITION_ROUNDED, values={"decimals": 5})
    >>> said.en, said.ja
    ('position rounded to 5 decimals', '位置を小数5桁に丸めます')
    """

    code: GateCode
    values: Mapping[str, Value] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check that there is a value for every place in the words."""
        try:
            self.said(WORDS[self.code].en)
            self.said(WORDS[self.code].ja)
        except KeyError as error:
            raise BadInput(f"to say {self.code.value!r} needs a value for {error}") from error

    @property
    def en(self) -> str:
        """Say it in English."""
        return self.said(WORDS[self.code].en)

    @property
    def ja(self) -> str:
        """Say it in Japanese."""
        return self.said(WORDS[self.code].ja)

    def said(self, words: str) -> str:
        """Put the values in their places."""
        return words.format_map(self.values)


def stop(word: GateWord) -> GateStopped:
    """Make the error of a gate that lets nothing out."""
    return GateStopped(word.en, code=word.code.value, values=word.values)


def word_of(stopped: GateStopped) -> GateWord:
    """Read off an error why the gate let nothing out.

    >>> told = GateWord(code=GateCode.STOPPED_BY_MUNICIPALITY,
    ...                 values={"asset": "A", "code": "17", "why": "x"})
    >>> word_of(stop(told)) == told
    True
    """
    return GateWord(code=GateCode(stopped.code), values=stopped.values)
