"""The tables, one file an aggregate. Every row names its organisation (but heartbeats)."""

from webapp.models.background import Background
from webapp.models.camera import Camera, Latest
from webapp.models.job import Heartbeat, Outbox, Slot
from webapp.models.member import LoginLink, Member, Role, Session
from webapp.models.observation import Observation
from webapp.models.organisation import Organisation
from webapp.models.public_page import PublicPage

__all__ = [
    "Background",
    "Camera",
    "Heartbeat",
    "Latest",
    "LoginLink",
    "Member",
    "Observation",
    "Organisation",
    "Outbox",
    "PublicPage",
    "Role",
    "Session",
    "Slot",
]
