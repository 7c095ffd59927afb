"""Ids that came with a request: looked for only where they could name anything."""

from __future__ import annotations

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request

from webapp.identity.public_id import LONGEST, is_id


def id_of_path(request: Request, name: str, longest: int = LONGEST) -> str:
    """The id in the path; 404 for what cannot be one."""
    text: str = request.path_params[name]
    if not is_id(text, longest):
        raise HTTPException(404)
    return text


def ids_of_form(form: FormData, name: str) -> list[str]:
    """The ids that were ticked; what cannot be one is passed over."""
    return [text for text in map(str, form.getlist(name)) if is_id(text)]
