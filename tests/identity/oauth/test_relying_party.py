"""A relying party of others signs somebody in: npm's openid-client, over real sockets."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import missing
from tests.identity.oauth.conftest import Proof, allow
from tests.identity.people import make_account
from tests.signin.servers import free_port, serving
from webapp.identity.app import build_identity
from webapp.identity.models import Account, Organisation, Session
from webapp.identity.oauth.clients import create_client
from webapp.identity.parts import Parts
from webapp.identity.passwords import Passwords
from webapp.identity.sessions import COOKIE, start_session
from webapp.sealing import Sealer
from webapp.settings import ROOT, Settings

SCRIPT = Path(__file__).with_name("relying_party.mjs")
CALLBACK = "http://localhost:9/callback"
GOODBYE = "http://localhost:9/goodbye"


@pytest.fixture
async def parts(database: Settings, passwords: Passwords) -> AsyncIterator[Parts]:
    """The provider, served on localhost."""
    port = free_port()
    settings = database.model_copy(update={"identity_origin": f"http://localhost:{port}"})
    parts = Parts(settings, Sealer(settings.secret()), passwords=passwords)
    async with serving(build_identity(parts), port):
        yield parts


@pytest.fixture
async def alice(parts: Parts) -> Account:
    organisation = await Organisation.create(name="みなと商店街")
    return await make_account(parts, organisation, password="")


async def run(wanted: dict[str, Any]) -> dict[str, Any]:
    """Let the script work; returns what it found."""
    node = shutil.which("node")
    if node is None or not (ROOT / "node_modules" / "openid-client").is_dir():
        missing("npm's openid-client")
    process = await asyncio.create_subprocess_exec(
        str(node),
        str(SCRIPT),
        json.dumps(wanted),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, err.decode()
    found: dict[str, Any] = json.loads(out)
    return found


@pytest.mark.parametrize("proof", ["basic", "post", "none"])
async def test_openid_client_signs_somebody_in(parts: Parts, alice: Account, proof: str) -> None:
    client, secret = await create_client(
        "掲示板", [CALLBACK], post_logout_redirect_uris=[GOODBYE], is_public=proof == "none"
    )
    await allow(alice, client)
    token = await start_session(alice, parts.settings, datetime.now(UTC))
    sid = (await Session.get()).sid
    issuer = parts.settings.identity_origin
    found = await run(
        {
            "issuer": issuer,
            "clientId": client.client_id,
            "secret": secret,
            "proof": proof,
            "cookie": f"{COOKIE}={token}",
            "redirectUri": CALLBACK,
            "goodbye": GOODBYE,
            "silent": {
                "redirect_uri": CALLBACK,
                "scope": "openid",
                "prompt": "none",
                "code_challenge": Proof().challenge,
                "code_challenge_method": "S256",
            },
        }
    )
    about = {
        "sub": alice.public_id,
        "name": "Alice",
        "locale": "ja",
        "email": "alice@nigiwai.test",
        "email_verified": True,
        "organisation": alice.organisation.public_id,
        "organisation_name": "みなと商店街",
        "role": "admin",
    }
    assert found["metadata"]["issuer"] == issuer
    assert found["userinfo"] == found["userinfoAfterRefresh"] == about
    for claims in (found["claims"], found["refreshedClaims"]):
        assert {**claims, **about} == claims
        assert (claims["iss"], claims["aud"], claims["sid"]) == (issuer, client.client_id, sid)
    assert found["refreshAfterRevocation"] == "invalid_grant"
    assert found["userinfoAfterRevocation"] == "OAUTH_WWW_AUTHENTICATE_CHALLENGE"
    assert found["codeTwice"] == "invalid_grant"
    assert found["wrongVerifier"] == "invalid_grant"
    assert found["wrongScope"] == "invalid_scope"
    assert found["forgedIssuer"] == "OAUTH_INVALID_RESPONSE"
    assert found["goodbye"] == {"status": 303, "location": f"{GOODBYE}?state=bye"}
    assert found["afterLogout"].startswith(f"{CALLBACK}?error=login_required")
    assert not await Session.exists()
