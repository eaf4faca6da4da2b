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


ONE, TWO, THREE = bytes(32), bytes(range(32)), b"k" * 32


def test_a_rotated_key_opens_what_was_sealed_before_and_keeps_every_name() -> None:
    """The first key of the ring stays what names are derived from; the last one wraps."""
    old, ring = Vault(ONE), Vault(ONE + TWO)
    before, after = old.seal(b"lama"), ring.seal(b"baru")

    assert ring.open(*before) == b"lama"
    assert ring.pseudonym("sms", "1") == old.pseudonym("sms", "1")
    assert ring.derive("case codes") == old.derive("case codes")
    with pytest.raises(ValueError, match="another gateway key"):
        old.open(*after)


@pytest.mark.parametrize("who", [False, True])
def test_a_data_key_is_wrapped_again_once(*, who: bool) -> None:
    """The ciphertext stays as it is, and the key it was wrapped by is not needed any more."""
    old, ring = Vault(ONE + TWO), Vault(ONE + TWO + THREE)
    ciphertext, data_key = old.seal_identity(b"siapa") if who else old.seal(b"siapa")
    again = ring.rewrapped(data_key)

    assert again is not None
    assert Vault(ONE + THREE).open(ciphertext, again) == b"siapa"
    assert ring.rewrapped(again) is None
    with pytest.raises(ValueError, match="not here"):
        Vault(ONE + THREE).rewrapped(data_key)


def test_identities_have_a_key_of_their_own() -> None:
    """A data key of an identity is none of a text, though both come from one gateway key."""
    vault = Vault(ONE)
    ciphertext, data_key = vault.seal_identity(b"siapa")

    assert vault.open(ciphertext, data_key) == b"siapa"
    with pytest.raises(ValueError, match="another gateway key"):
        vault.open(ciphertext, data_key[:-1])


def test_a_running_vault_takes_the_new_ring() -> None:
    """Rotation needs no restart: whoever holds the vault seals by the new key from then on."""
    vault = Vault(ONE)
    before = vault.seal(b"lama")
    vault.renew(ONE + TWO)

    assert vault.open(*before) == b"lama"
    assert Vault(ONE + TWO).rewrapped(vault.seal(b"baru")[1]) is None
