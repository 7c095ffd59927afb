"""One camera in one slot: from asking the camera to the row that says what was seen."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

import structlog
from nigiwai_engine_api import EngineFailure

from jobs import ledger
from jobs.background_build import Capture, Turns, contribute
from jobs.background_cache import BackgroundCache, Registered
from jobs.ledger import Answer, Claim
from jobs.monitoring import keep_frame
from jobs.waiting_stills import WaitingStills
from webapp.analysis import Analysis, BlackPicture, analyse_still
from webapp.analysis_pool import AnalysisPool, AnalysisTimeout
from webapp.connectors import CameraUnreachable, Phase, Still
from webapp.domain import breaker
from webapp.domain.areas import AreaRefused, read_areas
from webapp.domain.health import CameraState
from webapp.domain.manifests import picture_name
from webapp.domain.pictures import PictureRefused, encode_jpeg
from webapp.domain.remarks import Remark
from webapp.domain.scene.verdicts import confirmed
from webapp.errors import PermanentFailure, StartRefused, TemporaryFailure
from webapp.figures import Step
from webapp.models import Camera, Latest
from webapp.services import Services
from webapp.verification.keys import CameraKeys
from webapp.verification.making import Published, manifest_of
from webapp.verification.signing import Signed

# A camera shows noise: the very same bytes for this long are a picture that stands still.
FROZEN_AFTER = timedelta(minutes=10)
# Files may repeat, and rightly so.
_MAY_REPEAT = frozenset({"file"})
# Loaded with the camera: nothing more is asked for one that builds no background.
_WITH = ("latest", "organisation", "background_build")
# How far a camera's own word on the time of its picture may lag behind.
LATE_AFTER = timedelta(minutes=2)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Workshop:
    """What observing needs; one for a worker. ``clock`` is read at the start of a step only."""

    services: Services
    analysis: AnalysisPool
    backgrounds: BackgroundCache
    clock: Callable[[], datetime]
    keys: CameraKeys
    stills: WaitingStills = field(default_factory=WaitingStills)
    turns: Turns = field(default_factory=Turns)

    @classmethod
    def open(cls, services: Services, clock: Callable[[], datetime]) -> Workshop:
        """Build the threads and the cache that go with these services."""
        settings = services.settings
        return cls(
            services=services,
            analysis=AnalysisPool(settings.analysis_threads),
            backgrounds=BackgroundCache(services.storage, settings.max_picture_pixels),
            clock=clock,
            keys=CameraKeys(settings),
        )


class _Failed(Exception):
    """The minute has no count: ``state`` and one word say why.

    ``size`` is the frame's, ``sketch`` what the next one is compared with, if they are known;
    ``analysis`` is of a frame that is not to be trusted.
    """

    def __init__(
        self,
        state: CameraState,
        detail: StrEnum,
        size: tuple[int, int] = (0, 0),
        sketch: str = "",
    ) -> None:
        super().__init__(detail.value)
        self.state = state
        self.size = size
        self.sketch = sketch
        self.analysis: Analysis | None = None


async def observe(shop: Workshop, held: Claim) -> bool:
    """Observe one claimed slot; tell whether its answer was written.

    1. Load the camera; one that is closed or gone has no turn, nor has one without licence or
       of a suspended organisation.
    2. Fetch the still from its connector.
    3. In one thread: decode, find the people, count, draw them on the background, encode.
    4. Store the masked picture under a new key, and sign how it was made (B1).
    5. In one transaction: slot done, observation, latest answer, manifest.
    6. While somebody looks at it by monitoring, keep this frame in place of the one before.
    7. While the camera builds a background by itself, add what is free of people to it.

    Whatever fails on the way becomes the state of this slot, with no count. The frame
    lives only in step 3, and in steps 6 and 7 by the opt-in of whoever looks or builds. A picture
    whose transaction is lost is swept later.
    """
    camera = await Camera.get_or_none(id=held.camera_id).select_related(*_WITH)
    if camera is None or not _has_a_turn(camera):
        await ledger.drop(held)
        return False
    at = shop.clock()
    figures = shop.services.figures
    figures.asked((at - held.due_at).total_seconds())
    still: Still | None = None
    analysis: Analysis | None = None
    try:
        with figures.step(Step.FETCH):
            still = await _fetch(shop, camera, at)
        digest = hashlib.sha256(still.data).hexdigest()
        with shop.stills.hold(len(still.data)):
            answer, analysis = await _answer(shop, camera, held, still, digest, at)
    except _Failed as failure:
        width, height = failure.size
        analysis = failure.analysis
        answer = Answer(
            failure.state,
            str(failure),
            engine=camera.engine,
            width=width,
            height=height,
            sketch=failure.sketch,
        )
    if still is not None:
        answer = replace(answer, captured_at=still.captured_at, frame_sha256=digest)
    with figures.step(Step.WRITE):
        written = await ledger.finish(shop.services.settings, held, answer, shop.clock())
    if written:
        figures.minute(answer.state, answer.detail)
    if written and still is not None and answer.state.is_known:
        await keep_frame(shop.services, camera, still, shop.clock())
    if written and still is not None and analysis is not None and camera.background_build:
        await _build_background(shop, camera, Capture(still, analysis, held.minute), digest)
    say = log.debug if answer.state.is_known else log.info
    say(
        "observed",
        camera=camera.public_id,
        minute=held.minute.isoformat(),
        state=answer.state.value,
        count=answer.count,
        written=written,
    )
    return written


async def _build_background(shop: Workshop, camera: Camera, capture: Capture, digest: str) -> None:
    """Do step 7, for one camera at a time; the others' captures are left out.

    A picture that came before tells nothing new of what stays.
    """
    came_before = camera.latest is not None and digest == camera.latest.frame_sha256
    if came_before and camera.connector not in _MAY_REPEAT:
        return
    with shop.turns.take(camera.id) as is_its_turn:
        if is_its_turn:
            with shop.stills.hold(len(capture.still.data)):
                await contribute(shop.services, shop.analysis, camera, capture, shop.clock())


def _has_a_turn(camera: Camera) -> bool:
    return camera.is_open and not camera.stopped and camera.organisation.suspended_at is None


async def _fetch(shop: Workshop, camera: Camera, at: datetime) -> Still:
    """Do step 2; a camera at which nothing has answered for a while is asked only briefly."""
    timeout = shop.services.settings.capture_timeout
    if camera.latest is not None:
        last = camera.latest
        timeout = breaker.patience(last.silences, camera.id, timeout, last.detail)
    connector = shop.services.connectors.get(camera.connector)
    if connector is None:
        raise _Failed(CameraState.UNREACHABLE, Remark.NO_CONNECTOR)
    try:
        source = shop.services.sealer.unseal(camera.source)
        async with asyncio.timeout(timeout + 1):  # for a connector that forgets its own
            return await connector.fetch(source, at, timeout)
    except CameraUnreachable as error:
        raise _Failed(CameraState.UNREACHABLE, error.phase) from error
    except PermanentFailure as error:
        raise _Failed(CameraState.UNREACHABLE, Remark.SEALED) from error
    except TimeoutError:
        raise _Failed(CameraState.UNREACHABLE, Phase.TIMEOUT) from None
    except Exception as error:
        log.exception("a connector failed", connector=camera.connector, camera=camera.public_id)
        raise _Failed(CameraState.UNREACHABLE, Phase.ANSWER) from error


async def _answer(
    shop: Workshop, camera: Camera, held: Claim, still: Still, digest: str, at: datetime
) -> tuple[Answer, Analysis]:
    """Do steps 3 and 4."""
    _check_freshness(camera, still, digest, at)
    background, remarks = await _background(shop, camera, at)
    with shop.services.figures.step(Step.ANALYSE):
        analysis, picture = await _analyse(shop, camera, still, background)
    _check_size(camera, analysis)
    remarks = (*remarks, *_check_scene(camera, analysis), *analysis.remarks)
    key, manifest = "", None
    if picture is not None and background is not None:
        name = picture_name(held.minute, secrets.token_hex(16))
        key = f"masked/{camera.public_id}/{name}.jpg"
        try:
            with shop.services.figures.step(Step.STORE):
                await shop.services.storage.put(key, picture)
        except TemporaryFailure as error:
            # The count is known and is kept; only the picture is not there.
            log.warning("no picture stored", camera=camera.public_id, error=str(error))
            key = ""
            remarks = (*remarks, Remark.PICTURE_NOT_STORED)
        else:
            published = Published(camera.public_id, name, picture, still.captured_at)
            manifest = await _sign(shop, camera, published, analysis, background, at)
    answer = Answer(
        state=CameraState.OK,
        detail=remarks[0].value if remarks else "",
        count=analysis.count,
        engine=camera.engine,
        picture=key,
        width=analysis.width,
        height=analysis.height,
        sketch=analysis.scene.sketch,
        manifest=manifest,
    )
    return answer, analysis


async def _sign(
    shop: Workshop,
    camera: Camera,
    picture: Published,
    analysis: Analysis,
    background: Registered,
    at: datetime,
) -> Signed:
    key = await shop.keys.of_camera(camera, at)
    engine = shop.services.engines.info(camera.engine)
    return manifest_of(picture, analysis, background.ground, engine, key)


async def _background(
    shop: Workshop, camera: Camera, at: datetime
) -> tuple[Registered | None, tuple[Remark, ...]]:
    try:
        return await shop.backgrounds.of_camera(camera, at), ()
    except (TemporaryFailure, PictureRefused) as error:
        log.warning("no background", camera=camera.public_id, error=str(error))
        return None, (Remark.BACKGROUND_UNREADABLE,)


async def _analyse(
    shop: Workshop, camera: Camera, still: Still, background: Registered | None
) -> tuple[Analysis, bytes | None]:
    """Do step 3: the only place where the frame is decoded, and it stays in the thread."""
    services = shop.services
    try:
        engine = services.engines.get(camera.engine)
        style = services.engines.info(camera.engine).style
    except (KeyError, PermanentFailure, StartRefused) as error:
        raise _Failed(CameraState.ENGINE_FAILED, Remark.ENGINE_MISSING) from error
    try:
        areas = read_areas(camera.areas)
    except AreaRefused as error:
        raise _Failed(CameraState.ENGINE_FAILED, Remark.AREAS_INVALID) from error

    def analyse() -> tuple[Analysis, bytes | None]:
        pixels = services.settings.max_picture_pixels
        backdrop = None if background is None else background.backdrop
        analysis = analyse_still(
            still.data, engine, camera.level, backdrop, pixels, style, areas, camera.rotation
        )
        return analysis, None if analysis.masked is None else encode_jpeg(analysis.masked)

    try:
        deadline = services.settings.analysis_timeout
        return await shop.analysis.run(analyse, deadline, owner=camera.engine)
    except PictureRefused as error:
        raise _Failed(CameraState.BAD_PICTURE, error.problem) from error
    except BlackPicture as error:
        raise _Failed(CameraState.BAD_PICTURE, Remark.BLACK) from error
    except AnalysisTimeout as error:
        raise _Failed(CameraState.ENGINE_FAILED, Remark.ENGINE_SLOW) from error
    except EngineFailure as error:
        log.warning(
            "engine failed", engine=camera.engine, camera=camera.public_id, error=str(error)
        )
        raise _Failed(CameraState.ENGINE_FAILED, Remark.ENGINE_ERROR) from error
    except Exception as error:
        log.exception("analysis failed", engine=camera.engine, camera=camera.public_id)
        raise _Failed(CameraState.ENGINE_FAILED, Remark.ENGINE_ERROR) from error


def _check_freshness(camera: Camera, still: Still, digest: str, at: datetime) -> None:
    if still.captured_at < at - LATE_AFTER:
        raise _Failed(CameraState.BAD_PICTURE, Remark.LATE)
    latest: Latest | None = camera.latest
    if latest is None or latest.frame_since is None or camera.connector in _MAY_REPEAT:
        return
    stands_still = still.captured_at - latest.frame_since >= FROZEN_AFTER
    if stands_still and digest == latest.frame_sha256:
        raise _Failed(CameraState.BAD_PICTURE, Remark.FROZEN)


def _check_size(camera: Camera, analysis: Analysis) -> None:
    """Let the first frame of a new size pass only when the one before had that size, too."""
    latest: Latest | None = camera.latest
    size = (analysis.width, analysis.height)
    if latest is None or latest.good_at is None or not latest.picture_width:
        return
    if size not in {
        (latest.picture_width, latest.picture_height),
        (latest.frame_width, latest.frame_height),
    }:
        raise _Failed(CameraState.BAD_PICTURE, Remark.SIZE_CHANGED, size)


def _check_scene(camera: Camera, analysis: Analysis) -> tuple[Remark, ...]:
    """Give no count to a camera that no longer sees what its background shows."""
    latest: Latest | None = camera.latest
    remark = confirmed(analysis.scene, "" if latest is None else latest.sketch)
    if remark is None or remark is Remark.DARK:
        return () if remark is None else (remark,)
    size = (analysis.width, analysis.height)
    failure = _Failed(CameraState.BAD_PICTURE, remark, size, analysis.scene.sketch)
    if remark is Remark.MOVED:  # what it sees now may become its next background
        failure.analysis = analysis
    raise failure
