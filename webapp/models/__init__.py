"""The tables, one file an aggregate. Every row names its organisation (but heartbeats)."""

from webapp.models.alert import (
    Alert,
    AlertDelivery,
    AlertEvent,
    AlertState,
    Channel,
    DeliveryState,
    EventKind,
)
from webapp.models.api_token import ApiToken
from webapp.models.audit import AuditEntry
from webapp.models.background import Background
from webapp.models.background_build import BackgroundBuild, BackgroundBuildPart
from webapp.models.camera import Camera, Latest
from webapp.models.camera_cloud import CloudConsent, ConsentState
from webapp.models.embed import EmbedKey, EmbedVariant
from webapp.models.forecast import CameraForecast
from webapp.models.group import (
    CameraGroup,
    CameraGroupMember,
    GroupLatest,
    GroupObservation,
)
from webapp.models.job import Heartbeat, Outbox, Slot
from webapp.models.licence import CallCount, CallMonth, LicenceChange, MeteredKey
from webapp.models.manifest import KeptBackground, PictureKey, PictureManifest
from webapp.models.member import LoginLink, Member, Role, Session
from webapp.models.monitoring import MonitoringFrame, MonitoringView
from webapp.models.observation import Observation
from webapp.models.organisation import Organisation
from webapp.models.outage import Outage
from webapp.models.prepared_file import FileKind, FileState, PreparedFile, ReportWish
from webapp.models.quarter import CameraQuarter, GroupQuarter
from webapp.models.site import Site

__all__ = [
    "Alert",
    "AlertDelivery",
    "AlertEvent",
    "AlertState",
    "ApiToken",
    "AuditEntry",
    "Background",
    "BackgroundBuild",
    "BackgroundBuildPart",
    "CallCount",
    "CallMonth",
    "Camera",
    "CameraForecast",
    "CameraGroup",
    "CameraGroupMember",
    "CameraQuarter",
    "Channel",
    "CloudConsent",
    "ConsentState",
    "DeliveryState",
    "EmbedKey",
    "EmbedVariant",
    "EventKind",
    "FileKind",
    "FileState",
    "GroupLatest",
    "GroupObservation",
    "GroupQuarter",
    "Heartbeat",
    "KeptBackground",
    "Latest",
    "LicenceChange",
    "LoginLink",
    "Member",
    "MeteredKey",
    "MonitoringFrame",
    "MonitoringView",
    "Observation",
    "Organisation",
    "Outage",
    "Outbox",
    "PictureKey",
    "PictureManifest",
    "PreparedFile",
    "ReportWish",
    "Role",
    "Session",
    "Site",
    "Slot",
]
