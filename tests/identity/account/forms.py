"""Forms as a browser sends them: what the page holds, and what somebody typed."""

from __future__ import annotations

import httpx

from tests.html import parsed


def fields(response: httpx.Response, action: str = "") -> dict[str, str]:
    """The named inputs of the page's form for that address, but for its CSRF token."""
    forms = [
        form
        for form in parsed(response).select("main form")
        if not action or form.get("action") == action
    ]
    assert len(forms) == 1, f"{len(forms)} forms"
    values = {}
    for control in forms[0].select("input[name], select[name]"):
        if control.name == "select":
            chosen = control.select("option[selected]")
            values[str(control["name"])] = str(chosen[0]["value"])
        elif control["type"] != "radio" or control.has_attr("checked"):
            values[str(control["name"])] = str(control.get("value", ""))
    return {name: value for name, value in values.items() if name != "csrf"}


def notice(response: httpx.Response) -> str:
    """What the page says of what was done."""
    (found,) = parsed(response).select(".notice-done, .notice-warning, .notice-danger")
    return " ".join(found.get_text(" ").split())
