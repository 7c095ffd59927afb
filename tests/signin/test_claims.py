"""What providers say, and what the app takes from it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import SECRET
from webapp.settings import Settings
from webapp.signin.claims import Person, read_person
from webapp.signin.refusals import SignInRefused

KEYCLOAK = {
    "oidc_issuer": "https://sso.test/realms/street",
    "oidc_claim_role": "realm_access.roles",
    "oidc_role_admin": "nigiwai-admin",
    "oidc_role_operator": "nigiwai-operator",
}


def read(claims: dict[str, Any], **settings: Any) -> Person:
    whole = {"iss": "https://sso.test", "sub": "s", "email": "a@b.test", **claims}
    return read_person(whole, Settings(secret_key=SECRET, **settings))


def test_the_claims_of_our_own_provider() -> None:
    person = read(
        {
            "name": "みなと 花子",
            "email": "Hanako@Minato.test",
            "email_verified": True,
            "locale": "ja",
            "organisation": "minato",
            "role": "admin",
        }
    )
    assert person == Person(
        "https://sso.test",
        "s",
        "みなと 花子",
        "hanako@minato.test",
        True,
        "ja",
        "minato",
        is_admin=True,
        is_operator=False,
    )


@pytest.mark.parametrize(
    ("claims", "admin", "operator"),
    [
        ({"realm_access": {"roles": ["offline_access", "nigiwai-admin"]}}, True, False),
        ({"realm_access": {"roles": ["nigiwai-operator", "nigiwai-admin"]}}, True, True),
        ({"realm_access": {"roles": "nigiwai-admin"}}, True, False),
        ({"realm_access": {"roles": ["nigiwai-administrator", "admin"]}}, False, False),
        ({"realm_access": {"roles": [{"nigiwai-admin": 1}, None, 3]}}, False, False),
        ({"realm_access": ["nigiwai-admin"]}, False, False),
        ({"realm_access": None}, False, False),
        ({"realm_access.roles": ["nigiwai-admin"]}, True, False),
        ({}, False, False),
        ({"role": "nigiwai-admin"}, False, False),
    ],
)
def test_roles_deep_in_a_claim(claims: dict[str, Any], admin: bool, operator: bool) -> None:
    person = read(claims, **KEYCLOAK)
    assert (person.is_admin, person.is_operator) == (admin, operator)


def test_a_name_with_dots_may_be_the_name_of_a_claim() -> None:
    name = "https://nigiwai.test/claims/role"
    assert read({name: "admin"}, oidc_claim_role=name).is_admin


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"name": " 花子 "}, "花子"),
        ({"name": "", "preferred_username": "hanako"}, "hanako"),
        ({"name": None}, "a@b.test"),
        ({"name": ["x"]}, "a@b.test"),
        ({"name": "Ha\x00na\u202eko\n"}, "Hanako"),
        ({"name": "花" * 300}, "花" * 100),
    ],
)
def test_a_name_is_one_line_and_always_there(claims: dict[str, Any], name: str) -> None:
    assert read(claims).name == name


@pytest.mark.parametrize(
    ("locale", "language"),
    [("ja-JP", "ja"), ("en_GB", "en"), ("EN", "en"), ("fr", ""), ("", ""), (None, "")],
)
def test_a_language_of_ours(locale: Any, language: str) -> None:
    assert read({"locale": locale}).language == language


@pytest.mark.parametrize(
    ("claim", "organisation"),
    [
        ("minato", "minato"),
        (["minato"], "minato"),
        (["minato", "yamate"], ""),
        ({"minato": {}}, "default"),
        ("Minato", ""),
        ("mi\x00nato", ""),
        ("m" * 17, ""),
        ("", "default"),
        (None, "default"),
    ],
)
def test_the_one_organisation(claim: Any, organisation: str) -> None:
    foreign = {"oidc_issuer": "https://sso.test", "oidc_organisation": "default"}
    assert read({"organisation": claim}, **foreign).organisation == organisation


def test_our_own_provider_names_the_organisation_itself() -> None:
    assert read({}, oidc_organisation="default").organisation == ""


@pytest.mark.parametrize("mail", ["a" * 250 + "@b.test", "İ" * 200 + "@b.test", 5, ["a@b.test"]])
def test_a_mail_that_has_no_room_is_none(mail: Any) -> None:
    assert read({"email": mail}).mail == ""


@pytest.mark.parametrize("verified", [True, "true"])
def test_a_verified_mail(verified: Any) -> None:
    assert read({"email_verified": verified}).mail_verified


@pytest.mark.parametrize("verified", [False, "false", None, 1.5, "yes", []])
def test_an_unverified_mail(verified: Any) -> None:
    assert not read({"email_verified": verified}).mail_verified


@pytest.mark.parametrize("subject", [None, "", 7, "s" * 256, ["s"], "a\x00b", "\ud800"])
def test_nobody_is_signed_in_without_a_subject(subject: Any) -> None:
    with pytest.raises(SignInRefused):
        read({"sub": subject})
