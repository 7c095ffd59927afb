"""QR codes, read back by another reader from page, file and paper; posters for any name (E6)."""

from __future__ import annotations

import re

import cv2
import numpy as np
import numpy.typing as npt
import pypdfium2 as pdfium
import pytest
import resvg_py

from tests.builders import make_camera, make_embed
from tests.html import one, parsed
from tests.mail.names import NAMES
from tests.people import ORIGIN, Person
from tests.sites.conftest import make_site
from webapp.models import CameraGroup, Organisation, Site
from webapp.organisations.saving import store_logo
from webapp.services import Services
from webapp.sites.codes import code_file, code_svg
from webapp.sites.poster import Paper, Poster, make_poster

LINK = "https://a.jp/coupon?shop=%E9%A7%85%E5%89%8D&day=2026-11-27#top"
Pixels = npt.NDArray[np.uint8]


def read(pixels: Pixels | None) -> str:
    """What OpenCV's readers find in a picture; now and then one of them misses a good code."""
    assert pixels is not None
    for reader in (cv2.QRCodeDetectorAruco(), cv2.QRCodeDetector()):
        text, _, _ = reader.detectAndDecode(pixels)
        if text:
            return str(text)
    return ""


def drawn(svg: str, size: int = 600) -> Pixels | None:
    """An SVG as pixels."""
    png = resvg_py.svg_to_bytes(svg_string=svg, width=size, height=size)
    return cv2.imdecode(np.frombuffer(bytes(png), np.uint8), cv2.IMREAD_COLOR)  # type: ignore[return-value]


def pages(pdf: bytes, scale: float = 2.0) -> list[Pixels]:
    """The pages of a PDF as pixels, 72 dots an inch times ``scale``."""
    document = pdfium.PdfDocument(pdf)
    try:
        return [np.array(page.render(scale=scale).to_numpy()) for page in document]
    finally:
        document.close()


def text_in(pdf: bytes) -> str:
    """What the first page says, without its line breaks."""
    document = pdfium.PdfDocument(pdf)
    try:
        return "".join(document[0].get_textpage().get_text_range().split("\r\n"))
    finally:
        document.close()


@pytest.mark.parametrize(
    "link", [LINK, "http://a.jp", "HTTPS://A.JP/X", "https://a.jp/" + "x9-" * 95]
)
def test_a_code_holds_the_same_bytes(link: str) -> None:
    on_page = str(code_svg(link)).replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ')
    assert read(drawn(on_page)) == link
    assert read(drawn(code_file(link, "svg").decode())) == link
    png = cv2.imdecode(np.frombuffer(code_file(link, "png"), np.uint8), cv2.IMREAD_COLOR)
    assert png is not None
    assert min(png.shape[:2]) >= 1200
    assert read(png.astype(np.uint8)) == link


async def test_codes_of_the_site_and_its_link_are_downloaded(
    alice: Person, charlie: Person, group: CameraGroup
) -> None:
    base = f"/groups/{group.public_id}/site/code"
    for path in (f"{base}.svg", f"{base}.png?of=link", f"{base}.gif", f"{base}.svg?of=x"):
        assert (await alice.get(path)).status_code == 404
    path = await make_site(group, placement="above", link_url=LINK)
    for what, link in (("site", f"{ORIGIN}{path}"), ("link", LINK)):
        svg = await alice.get(f"{base}.svg?of={what}")
        assert svg.headers["content-type"].startswith("image/svg+xml")
        assert f'filename="qr-{what}.svg"' in svg.headers["content-disposition"]
        assert read(drawn(svg.text)) == link
        png = await alice.get(f"{base}.png?of={what}")
        assert read(cv2.imdecode(np.frombuffer(png.content, np.uint8), 1)) == link  # type: ignore[arg-type]
    assert (await charlie.get(f"{base}.svg")).status_code == 404
    page = await alice.get(f"/groups/{group.public_id}/site")
    assert len(parsed(page).select("#share a[download]")) == 4


@pytest.mark.parametrize("paper", list(Paper))
@pytest.mark.parametrize("language", ["ja", "en"])
async def test_a_poster_is_one_page_whose_code_leads_there(
    services: Services, organisation: Organisation, paper: Paper, language: str
) -> None:
    poster = Poster(LINK, "駅前広場の混雑状況", paper=paper, language=language)
    pdf = await make_poster(poster, organisation, services.storage)
    [page] = pages(pdf)
    width, height = {Paper.A4: (595, 842), Paper.A3: (842, 1191)}[paper]
    assert abs(page.shape[1] / 2 - width) <= 2
    assert abs(page.shape[0] / 2 - height) <= 2
    assert read(page) == LINK
    text = text_in(pdf)
    assert "駅前広場の混雑状況" in text
    assert LINK in text
    said = {"ja": "スマートフォンで", "en": "See on your phone"}[language]
    assert said in text
    assert "みなと商店街" in text


@pytest.mark.parametrize(
    "title",
    [
        "あ" * 60,
        "W" * 60,
        "Harbour Shopping Street " * 2 + "North",
        "<b>&amp;</b>",
        "".join(NAMES[5]),
    ],
)
async def test_any_title_fits_on_the_page(
    services: Services, organisation: Organisation, title: str
) -> None:
    organisation.name = "株式会社" + "み" * 96
    poster = Poster(f"{ORIGIN}/s/{'k' * 32}", title[:60], sentence="い" * 100)
    [page] = pages(await make_poster(poster, organisation, services.storage))
    assert read(page) == poster.link
    # The band at the top holds the title: to its left and right nothing but its colour.
    band = page[: int(page.shape[0] * 92 / 297) - 4]
    for margin in (band[:, :20], band[:, -20:], band[:8], band[-8:]):
        assert len(np.unique(margin.reshape(-1, margin.shape[-1]), axis=0)) == 1


async def test_a_poster_has_the_logo_and_the_colour(
    services: Services, organisation: Organisation
) -> None:
    purple = bytes(cv2.imencode(".png", np.full((60, 120, 3), (200, 0, 120), np.uint8))[1])
    organisation.logo = await store_logo(services, organisation, purple)
    organisation.colour = "#f9f06b"
    poster = Poster(LINK, "駅前")
    [page] = pages(await make_poster(poster, organisation, services.storage))
    assert page[4, 4, :3].tolist() == [0x6B, 0xF0, 0xF9]
    has_logo = (abs(page[..., :3].astype(int) - (200, 0, 120)) < 30).all(axis=-1).sum() > 1000
    assert has_logo
    poster = Poster(LINK, "駅前", has_logo=False)
    [page] = pages(await make_poster(poster, organisation, services.storage))
    assert (abs(page[..., :3].astype(int) - (200, 0, 120)) < 30).all(axis=-1).sum() == 0


async def test_posters_are_made_of_sites_and_embeds(
    alice: Person, bob: Person, organisation: Organisation, group: CameraGroup
) -> None:
    camera = await make_camera(organisation, "別館")
    nowhere = await alice.get(f"/cameras/{camera.public_id}/poster")
    assert "まだありません" in nowhere.text
    assert (await alice.get(f"/cameras/{camera.public_id}/poster/download")).status_code == 404
    embed = await make_embed(camera)
    site = await make_site(group)
    for base, address, of in (
        (f"/cameras/{camera.public_id}", embed, embed[-10:]),
        (f"/groups/{group.public_id}", site, "site"),
    ):
        page = await bob.get(f"{base}/poster")
        assert str(one(page, "#of option")["value"]) == of
        fields = {"of": of, "title": "来てね", "paper": "a3", "language": "en", "logo": "1"}
        answer = await bob.get(f"{base}/poster/download", params=fields)
        assert answer.headers["content-type"] == "application/pdf"
        assert re.search(r'filename="poster-\w+-a3.pdf"', answer.headers["content-disposition"])
        [pixels] = pages(answer.content)
        assert read(pixels) == f"{ORIGIN}{address}"
    for language, heading in (("ja", "別館の混雑状況"), ("en", "Howbusyitis:別館")):
        usual = {"title": "", "language": language}
        made = await bob.get(f"/cameras/{camera.public_id}/poster/download", params=usual)
        said = text_in(made.content).replace(" ", "")
        assert heading in said, "the usual heading is in the poster's language"
    await Site.all().delete()
    gone = await bob.get(f"/groups/{group.public_id}/poster/download?of=site")
    assert gone.status_code == 404
