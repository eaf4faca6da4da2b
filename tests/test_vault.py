"""Encryption at rest: what is sealed opens with its key alone, and hashes need the key."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.vault import Vault


@given(plain=st.binary(max_size=3000))
def test_what_was_sealed_opens_again(plain: bytes) -> None:
    """Sealing loses nothing and shows nothing."""
    vault = Vault(bytes(range(32)))
    ciphertext, data_key = vault.seal(plain)

    assert vault.open(ciphertext, data_key) == plain
    assert len(plain) < 8 or plain not in ciphertext


def test_another_gateway_key_opens_nothing() -> None:
    """A copied database without its key is noise."""
    sealed = Vault(bytes(32)).seal(b"rahasia")

    with pytest.raises(ValueError, match="another gateway key"):
        Vault(bytes(range(32))).open(*sealed)


@pytest.mark.parametrize("spoiled", [b"", b"short", b"x" * 200])
def test_damaged_rows_are_refused_and_not_guessed(spoiled: bytes) -> None:
    """Changed bytes end in an error, never in other words."""
    vault = Vault(bytes(32))
    ciphertext, data_key = vault.seal(b"rahasia")

    with pytest.raises(ValueError, match="another gateway key"):
        vault.open(spoiled, data_key)
    with pytest.raises(ValueError, match="another gateway key"):
        vault.open(ciphertext, spoiled)


def test_pseudonyms_are_stable_keyed_and_apart_per_channel() -> None:
    """The same person on one channel is found again; without the key nobody can try numbers."""
    vault = Vault(bytes(32))

    assert vault.pseudonym("sms", "+628000000001") == vault.pseudonym("sms", "+628000000001")
    assert vault.pseudonym("sms", "+628000000001") != vault.pseudonym("wa", "+628000000001")
    assert vault.pseudonym("sms", "1") != Vault(bytes(range(32))).pseudonym("sms", "1")
    assert vault.pseudonym("a", "bc") != vault.pseudonym("ab", "c")


def test_a_short_gateway_key_is_refused() -> None:
    """There is no weak mode."""
    with pytest.raises(ValueError, match="32"):
        Vault(b"password")


def test_the_vault_never_shows_its_key() -> None:
    """A repr in a traceback tells nothing."""
    assert repr(Vault(b"k" * 32)) == "<vault>"
