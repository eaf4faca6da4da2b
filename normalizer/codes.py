"""
The case code a citizen reads, types and dictates: eight symbols and a check symbol.

Crockford's base 32 has no I, L, O and U, so what people confuse (O and 0, I and 1) reads as one.
Its check symbol counts modulo 37; a value whose check would need one of the five extra symbols
(`*~$=U`) is never given out, so a code always consists of plain letters and digits.
Symbols: https://www.crockford.com/base32.html
"""

import re

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUES = {symbol: value for value, symbol in enumerate(ALPHABET)}
_ALIKE = str.maketrans({"O": "0", "I": "1", "L": "1", " ": None, "-": None})
_LENGTH = 9
_LARGEST = 1 << 40
_IN_A_SENTENCE = re.compile(r"(?<![\w-])[0-9A-Za-z](?:-?[0-9A-Za-z]){8}(?![\w-])")


def check_symbol(value: int) -> int:
    """The value of the check symbol; 32 and above means that no code is given out for `value`."""
    return value % 37


def spell(value: int) -> str:
    """The code of a number below 2^40; ValueError where there is none."""
    check = check_symbol(value)
    if not 0 <= value < _LARGEST or check >= len(ALPHABET):
        message = f"{value} has no case code"
        raise ValueError(message)
    symbols = [ALPHABET[value >> shift & 31] for shift in range(35, -1, -5)]
    return "".join(symbols) + ALPHABET[check]


def read_case_code(text: str) -> str:
    """The code in its canonical form, however it was typed; "" where the text is no code."""
    symbols = text.strip().upper().translate(_ALIKE)
    if len(symbols) != _LENGTH or any(symbol not in _VALUES for symbol in symbols):
        return ""
    value = 0
    for symbol in symbols[:-1]:
        value = value << 5 | _VALUES[symbol]
    return symbols if check_symbol(value) == _VALUES[symbols[-1]] else ""


def find_case_code(text: str) -> str:
    """
    The first code inside a sentence, in its canonical form; "" where there is none.

    One ordinary word or number in 37 would pass the check by chance: both letters and digits must
    stand there as typed.
    """
    for found in _IN_A_SENTENCE.finditer(text):
        typed = found.group()
        if any(sign.isdigit() for sign in typed) and any(sign.isalpha() for sign in typed):
            code = read_case_code(typed)
            if code:
                return code
    return ""
