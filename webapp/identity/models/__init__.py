"""The provider's tables, one file an aggregate. Secrets are kept as hashes or sealed."""

from webapp.identity.models.account import (
    Account,
    Organisation,
    Role,
    SecondFactor,
    SecondFactorMethod,
)
from webapp.identity.models.client import Client, Consent
from webapp.identity.models.grant import AccessToken, AuthorizationCode, RefreshToken, TokenFamily
from webapp.identity.models.guard import Guard
from webapp.identity.models.key import SigningKey
from webapp.identity.models.link import LinkPurpose, OneTimeLink
from webapp.identity.models.outbox import Outbox
from webapp.identity.models.second_factor import (
    Device,
    MailChange,
    Passkey,
    RecoveryCode,
    SecondStep,
)
from webapp.identity.models.session import Event, Session

__all__ = [
    "AccessToken",
    "Account",
    "AuthorizationCode",
    "Client",
    "Consent",
    "Device",
    "Event",
    "Guard",
    "LinkPurpose",
    "MailChange",
    "OneTimeLink",
    "Organisation",
    "Outbox",
    "Passkey",
    "RecoveryCode",
    "RefreshToken",
    "Role",
    "SecondFactor",
    "SecondFactorMethod",
    "SecondStep",
    "Session",
    "SigningKey",
    "TokenFamily",
]
