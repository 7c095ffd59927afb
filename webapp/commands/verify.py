"""``nigiwai verify``: whether a picture was drawn from its background alone; without any server.

Everything that is needed can be downloaded from the picture's page. Whoever keeps the public key
of a camera needs to believe nobody but that key.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from webapp.domain.manifests import MOST_BYTES, Manifest, ManifestRefused, read_signed
from webapp.domain.verification import (
    PASSED,
    Outcome,
    Result,
    Step,
    Verdict,
    Why,
    redraw,
    verdict_of,
)
from webapp.settings import MOST_PIXELS
from webapp.verification.signing import is_signed, signature_of

# The exit status; a script that asks for 0 gets all of it.
STATUS = {Verdict.VERIFIED: 0, Verdict.FAILED: 1, Verdict.OPEN: 3}
SENTENCES = {
    Verdict.VERIFIED: "Verified: it was drawn from this background and these figures alone.",
    Verdict.FAILED: "Not verified: what is marked as failed does not fit.",
    Verdict.OPEN: "Not wholly checked: what is marked as open could not be told.",
}
WORDS: dict[tuple[Step, Outcome], str] = {
    (Step.SIGNATURE, Outcome.PASSED): "signed with this key of the camera",
    (Step.SIGNATURE, Outcome.FAILED): "the signature does not fit the manifest",
    (Step.BACKGROUND, Outcome.PASSED): "this is the background that the manifest names",
    (Step.BACKGROUND, Outcome.FAILED): "this is not the background that the manifest names",
    (Step.RASTER, Outcome.PASSED): "drawn anew, every pixel is the same",
    (Step.RASTER, Outcome.FAILED): "drawn anew, the pixels differ",
    (Step.RASTER, Outcome.OPEN): "nothing to draw on",
    (Step.PICTURE, Outcome.PASSED): "the published file, byte by byte",
    (Step.PICTURE, Outcome.FAILED): "this is not the published file",
    (Step.PICTURE, Outcome.OPEN): "no file was given to compare",
}
REASONS = {
    Why.NO_KEY: "give the camera's public keys with --key",
    Why.OTHER_KEY: "signed with a key that is not among those given",
    Why.OTHER_STYLE: "drawn in a way that this version of Nigiwai does not draw any more",
    Why.OTHER_LIBRARY: "the pixels differ, but it was drawn with another version of the library",
    Why.TOO_LARGE: "larger than Nigiwai draws or decodes: not looked at",
    Why.BAD_BACKGROUND: "the background that the manifest names is none for this picture",
    Why.OTHER_PIXELS: "the published file shows something else than was drawn",
}


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--background",
    "background_file",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE.png",
    help="The background, as it was downloaded.",
)
@click.option(
    "--key",
    "key_file",
    type=click.Path(path_type=Path),
    metavar="FILE.json",
    help="The public keys of the camera: a JSON Web Key, or a set of them.",
)
def verify(files: tuple[Path, ...], background_file: Path, key_file: Path | None) -> None:
    """Check the manifest in FILES, and the picture beside it if there is one.

    Nothing is drawn anew when the signature does not fit.

    The exit status is 0 when all of it fits, 1 when something does not, and 3 when something
    could not be checked, as the signature without --key.
    """
    manifest, jws, picture = _sort(files)
    background = _read(background_file)
    results = {Step.SIGNATURE: _signature(manifest, jws, key_file)}
    if results[Step.SIGNATURE].outcome is not Outcome.FAILED:
        # Whatever the server was set to; nothing is drawn for somebody else's signature.
        results |= redraw(manifest, background, picture, MOST_PIXELS).results
    verdict = verdict_of(results)
    click.echo(_described(manifest))
    for step, result in results.items():
        click.echo(f"{result.outcome.value:<7} {step.value:<11} {_in_words(step, result)}")
    click.echo(SENTENCES[verdict])
    sys.exit(STATUS[verdict])


def _sort(files: tuple[Path, ...]) -> tuple[Manifest, str, bytes | None]:
    """Tell manifest and picture by what is in them."""
    contents = [(file, _read(file)) for file in files]
    pictures = [data for _, data in contents if data[:1] != b"{"]
    manifests = [(file, data) for file, data in contents if data[:1] == b"{"]
    if len(manifests) != 1 or len(pictures) > 1:
        raise click.UsageError(
            "Give one manifest (the .json of the picture's page), and its picture if you have it."
        )
    [(file, data)] = manifests
    try:
        manifest, jws = read_signed(data)
    except ManifestRefused as error:
        click.echo(f"{file}: {error}", err=True)
        sys.exit(STATUS[Verdict.FAILED])
    return manifest, jws, pictures[0] if pictures else None


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise click.UsageError(f"{file} cannot be read: {error.strerror}.") from error


def _signature(manifest: Manifest, jws: str, key_file: Path | None) -> Result:
    if key_file is None:
        return Result(Outcome.OPEN, Why.NO_KEY)
    public = _keys(key_file).get(manifest.key)
    if public is None:
        return Result(Outcome.FAILED, Why.OTHER_KEY)
    signature = signature_of(manifest, jws)
    good = signature is not None and is_signed(manifest, signature, public)
    return PASSED if good else Result(Outcome.FAILED)


def _keys(file: Path) -> dict[str, str]:
    """The public halves by their ids."""
    try:
        read: Any = json.loads(_read(file)[:MOST_BYTES])
        keys = read.get("keys", [read])
        return {str(key["kid"]): str(key["x"]) for key in keys}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise click.UsageError(f"{file} holds no JSON Web Key.") from None


def _described(manifest: Manifest) -> str:
    return (
        f"Camera {manifest.camera}, picture {manifest.picture}, taken at "
        f"{manifest.taken_at.isoformat()}: {len(manifest.figures)} figures, "
        f"{manifest.width}x{manifest.height}, engine {manifest.engine} {manifest.engine_version}, "
        f"style {manifest.style} {manifest.style_version} ({manifest.library})."
    )


def _in_words(step: Step, result: Result) -> str:
    reason = REASONS.get(result.why) if result.why is not None else None
    return reason or WORDS[step, result.outcome]
