"""Whether what somebody sent is a token: any text may come, or a file."""

from __future__ import annotations

import pytest
from starlette.datastructures import UploadFile

from webapp.tokens import is_token, new_token


def test_only_the_very_token_is_it() -> None:
    token = new_token()
    assert is_token(token, token)
    assert not is_token(token[:-1], token)


@pytest.mark.parametrize("given", ["", "ト", "\ud800", None, UploadFile(None)])  # type: ignore[arg-type]
def test_nothing_else_is(given: object) -> None:
    assert not is_token(given, new_token())
