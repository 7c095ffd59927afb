"""The webhook and the MQTT broker of an alert, as they are kept: encrypted, in one text."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

from webapp.connectors.mqtt import Broker, read_broker
from webapp.connectors.network import Network
from webapp.errors import PermanentFailure
from webapp.models import Alert
from webapp.sealing import Sealer
from webapp.settings import Settings


@dataclass(frozen=True, slots=True)
class Channels:
    """Where machines are told; empty addresses: nowhere."""

    webhook_url: str = ""
    webhook_secret: str = field(default="", repr=False)
    mqtt_url: str = ""
    mqtt_topic: str = ""
    mqtt_user: str = ""
    mqtt_password: str = field(default="", repr=False)

    @property
    def broker(self) -> Broker:
        """The broker; ``PermanentFailure`` when it makes no sense."""
        try:
            return read_broker(self.mqtt_url, self.mqtt_topic, self.mqtt_user, self.mqtt_password)
        except ValueError:
            raise PermanentFailure("The address of the MQTT broker makes no sense.") from None


def open_channels(alert: Alert | None, sealer: Sealer) -> Channels:
    """What is kept; nothing for what was sealed under another secret."""
    if alert is None or not alert.channels:
        return Channels()
    try:
        return Channels(**sealer.unseal(alert.channels))
    except (PermanentFailure, TypeError):
        return Channels()


def seal_channels(channels: Channels, sealer: Sealer) -> str:
    """The text to keep."""
    return sealer.seal(asdict(channels))


def network_of(settings: Settings) -> Network:
    """The guarded network for both."""
    return Network(settings.notify_networks)
