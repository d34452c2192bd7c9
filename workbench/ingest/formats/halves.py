"""How do a request and a response that were logged apart become predictions again?

All formats of that kind put the same things in their halves, so one join serves them. A half
is plain JSON: it may wait in the store until the other one comes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from workbench.ingest.formats.adapter import Half, Item, Mapped, Rejected
from workbench.ingest.formats.payload import ERROR_RESPONSE, answered, id_text, text_or_none

_ROLES = ("canary", "shadow")


def half(
    side: str,
    key: str,
    body: Any,
    *,
    request_id: str,
    time: Any,
    version: str | None = None,
    role: str | None = None,
    error: str | None = None,
    extras: Mapping[str, Any] | None = None,
) -> Half:
    """One half, with all that the join needs.

    Args:
        side: `request` or `response`.
        key: what both share, within this format.
        body: of the request or the response, decoded.
        request_id: as the serving system or the caller gave it.
        time: as logged.
        version: of the model, if this half says it.
        role: if this half says it.
        error: what went wrong, when the envelope says that the response is an error.
        extras: further columns.
    """
    given = {
        "request_id": request_id,
        "time": time,
        "version": version,
        "role": role,
        "error": error,
        "extras": {name: value for name, value in (extras or {}).items() if value is not None},
        "body": body,
    }
    return Half(side, key, {name: value for name, value in given.items() if value is not None})


def join(request: Half, response: Half, mapped: Mapped) -> Iterable[Item]:
    """The predictions of a request and its response; the request's own word goes first."""
    asked, told = request.body, response.body
    error = told.get("error")
    if error is not None:
        return [Rejected(ERROR_RESPONSE, str(error))]
    return answered(
        asked.get("body"),
        told.get("body"),
        mapped,
        request_id=id_text(asked.get("request_id")) or id_text(told.get("request_id")),
        timestamp=_either("time", asked, told),
        version=text_or_none(_either("version", told, asked)),
        role=text_or_none(_either("role", asked, told)),
        extras={**_extras(told), **_extras(asked)},
    )


def role_in(*names: Any) -> str | None:
    """The role that the name of an endpoint or a predictor tells.

    >>> role_in("", "Canary"), role_in("default", None)
    ('canary', None)
    """
    for name in names:
        if isinstance(name, str) and name.strip().lower() in _ROLES:
            return name.strip().lower()
    return None


def shared_key(*parts: Any) -> str:
    """What two halves share, as one text: services may use one another's request ids."""
    return "\x1f".join(part.strip() if isinstance(part, str) else "" for part in parts)


def version_in(body: Any) -> str | None:
    """The version that the body of a V2 response tells."""
    return id_text(body.get("model_version")) if isinstance(body, Mapping) else None


def _either(name: str, first: Mapping[str, Any], second: Mapping[str, Any]) -> Any:
    value = first.get(name)
    return second.get(name) if value is None else value


def _extras(body: Mapping[str, Any]) -> Mapping[str, Any]:
    extras = body.get("extras")
    return extras if isinstance(extras, Mapping) else {}
