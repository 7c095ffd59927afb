"""Somebody in the Account Manager, whose settings nobody changed yet."""

import pytest

from tests.identity.people import *  # noqa: F403
from tests.identity.people import make_account
from webapp.identity.models import Account, Organisation, SecondFactor
from webapp.identity.parts import Parts


@pytest.fixture
async def account(parts: Parts, organisation: Organisation) -> Account:
    """Alice's account, as one begins."""
    return await make_account(parts, organisation, second_factor=SecondFactor.RISK)
