"""The app signs in with a provider that this project did not write (npm's oidc-provider)."""

from __future__ import annotations

from tests.signin.conftest import Site
from webapp.models import Member, Role, Session


async def test_the_first_sign_in_makes_the_member(site: Site) -> None:
    await site.knows("alice", name="みなと 花子", role="admin", locale="en-US")
    person = site.browser()
    answer = await person.get("/cameras/manage?order=name")
    report = await site.provider.report()
    assert answer.status_code == 200, (answer.text, report)
    assert str(answer.url) == f"{site.origin}/cameras/manage?order=name", "the page asked for"
    member = await Member.get().select_related("organisation")
    assert (member.name, member.mail, member.role) == (
        "みなと 花子",
        "alice@nigiwai.test",
        Role.ADMIN,
    )
    assert (member.issuer, member.subject) == (site.provider.issuer, "alice")
    assert (member.organisation.public_id, member.language) == (site.organisation.public_id, "en")
    session = await Session.get()
    assert session.sid
    assert session.checked_at is not None
    assert "alice" not in session.sealed_tokens
    assert not report["errors"]
