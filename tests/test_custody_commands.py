"""The orders about personal data as they are typed, to a running gateway and without one."""

import json

import aiohttp
import pytest
from gateway_process import Gateway
from ledger import central, until_drained, until_recorded
from load import Sms, post

pytestmark = pytest.mark.usefixtures("on_both_engines")
PHONE = "+6281200000001"


async def ran(gateway: Gateway, *words: str, code: int = 0) -> str:
    """What a command says; it must end with this exit code."""
    finished = await gateway.command(*words)
    assert finished.returncode == code, finished.stdout + finished.stderr
    assert "Traceback" not in finished.stderr
    return finished.stdout + finished.stderr


async def test_a_case_is_held_released_revealed_and_told_of(gateway: Gateway) -> None:
    """A refusal says why and ends with 1; who looked at contacts is written down."""
    reason = ("--reason", "uji")
    async with gateway:
        async with aiohttp.ClientSession() as session:
            sms = Sms(id="s1", sender=PHONE, text="Lampu padam di Curug")
            await post(session, gateway.url, sms)
        await until_recorded(gateway, 1)
        await until_drained(gateway)
        ((code,),) = central(gateway, "select case_code from records")
        held = await ran(gateway, "hold", code, *reason)
        refused = await ran(gateway, "erase", "--case", code, *reason, code=1)
        listed = await ran(gateway, "holds")
        unknown = await ran(gateway, "release", "0000000AA", *reason, code=1)
        told = await ran(gateway, "breach-report", "--json", "--reveal", *reason)
    shown = await ran(gateway, "reveal", code, "--who", "sari", "--json", *reason)
    released = await ran(gateway, "release", code, *reason)
    (person,) = json.loads(told)

    assert "is held" in held
    assert "release it first" in refused
    assert (code in listed, "uji" in listed) == (True, True)
    assert "there is no case" in unknown
    assert (person["channel"], person["contacts"]) == ("sms", [PHONE])
    assert json.loads(shown)["sender"] == PHONE
    assert "is released" in released
