"""Roles are sets of rights, and an agency's people never reach past their records."""

import pytest

from gateway.access.person import Person, Right, Role

RIGHTS = {
    Role.VIEWER: {Right.READ},
    Role.OFFICER: {Right.READ, Right.HANDLE, Right.REVEAL},
    Role.VERIFIER: {Right.READ, Right.HANDLE, Right.REVEAL, Right.APPROVE},
    Role.ADMIN: set(Right),
    Role.AUDITOR: {Right.READ, Right.TRAIL},
}


def person(role: Role, agency: str = "") -> Person:
    return Person(id=1, login="sari", name="Sari", role=role, agency=agency)


@pytest.mark.parametrize("role", list(Role))
def test_a_role_is_a_set_of_rights(role: Role) -> None:
    """Each role may do what it is for, and nothing else."""
    assert {right for right in Right if person(role).may(right)} == RIGHTS[role]


@pytest.mark.parametrize("role", list(Role))
def test_an_agency_never_reaches_past_its_records(role: Role) -> None:
    """No identity, no users, no trail and no parked items, whatever the role."""
    held = {right for right in Right if person(role, "dinas-pu").may(right)}

    assert held == RIGHTS[role] & {Right.READ, Right.HANDLE, Right.APPROVE}
