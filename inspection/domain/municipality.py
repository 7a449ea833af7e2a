"""Check and complete the codes of Japanese local governments (全国地方公共団体コード).

Source: JIS X 0401 and X 0402; check digit: Ministry of Internal Affairs and Communications,
"全国地方公共団体コード仕様"; domain specification §7.2.
"""

from inspection.errors import BadInput

_WEIGHTS = (6, 5, 4, 3, 2)


def check_digit(five: str) -> str:
    """Give the sixth digit of a code.

    >>> check_digit("17000"), check_digit("17201")
    ('3', '4')
    """
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, five, strict=True))
    return str((11 - total % 11) % 10)


def full_code(code: str) -> str:
    """Give the six digits of a code of five or six.

    Raises:
        BadInput: when it has other characters, or its check digit is wrong.

    >>> full_code("17000"), full_code("172014"), full_code("")
    ('170003', '172014', '')
    """
    if not code:
        return ""
    if not (code.isascii() and code.isdecimal() and len(code) in (5, 6)):
        raise BadInput(f"municipality code {code!r} must have 5 or 6 digits")
    expected = code[:5] + check_digit(code[:5])
    if len(code) == 6 and code != expected:
        raise BadInput(f"municipality code {code!r} has a wrong check digit; {expected} would fit")
    return expected
