"""Case codes: one for each journal row, and the same one for ever."""

from gateway.chain import journal_id
from gateway.codes import CaseCodes
from normalizer.codes import read_case_code

CODES = CaseCodes(b"k" * 32)


def test_codes_never_change() -> None:
    """A code a citizen has noted must lead to the same case after every update of the gateway."""
    assert CODES.of(journal_id(0, 1)) == "W67SHBSA5"


def test_codes_differ_read_well_and_look_like_no_word_or_number() -> None:
    """A permutation: no two rows of any chain share a code."""
    rows = [journal_id(chain, position) for chain in (0, 3) for position in range(1, 2_000)]
    codes = {CODES.of(row) for row in rows}

    assert len(codes) == len(rows)
    assert all(read_case_code(code) == code for code in codes)
    assert not any(code.isalpha() or code.isdigit() for code in codes)
