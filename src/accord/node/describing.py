"""The interface for programs, as one document: OpenAPI 3.1, with what every operation has in common said once.

Litestar describes which parameters each handler takes; msgspec, what the records in and out look like. Here come who
may call, every error that is answered, and the bodies that are read as they come.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from .auth.sessions import cookie_name
from .auth.signed_requests import HEADER
from .node import Node
from .problems import MEDIA_TYPE

if TYPE_CHECKING:
    from litestar import Litestar

Plain = dict[str, Any]

TAGS = {
    "accounts": "Who one is here, and the tokens that programs are given.",
    "agreements": "What nodes agreed on with each other: which bodies and measurements each relies on.",
    "assessments": "Sealed reports: published, searched, and judged by this node's own thresholds.",
    "disputes": "Objections to what was said, and the answers to them. Anybody may object.",
    "jobs": "Files that are handed in, and assessed here.",
    "log": "The log as c2sp.org/tlog-tiles has it, and the logs of other nodes that are mirrored.",
    "node": "Which node this is, whom it follows, and how it is.",
    "recognition": "Which results of others hold here, and why.",
    "register": "The AI systems of the public bodies here: searched, taken whole, and kept by their offices.",
    "statements": "Everything that was signed, one by one and in the order of the log.",
    "witness": "This node as a witness of the logs of others (c2sp.org/tlog-witness).",
}
_SCHEMES: Plain = {
    "token": {
        "type": "http",
        "scheme": "bearer",
        "description": "A token of an account, `accord_…`: made on the page of the account, or by the node's operator.",
    },
    "session": {"type": "apiKey", "in": "cookie", "description": "A browser that is logged in."},
    "node": {
        "type": "apiKey",
        "in": "header",
        "name": HEADER,
        "description": "Another node that this one follows: `ORIGIN;TIME;SIGNATURE`, signed with its key.",
    },
}
_ANYBODY: list[Plain] = [{}, *({name: []} for name in _SCHEMES)]
_ALWAYS = (400, 404, 422, 429, 503)
_REASONS = {
    400: "The request can't be read, or a parameter is out of its bounds.",
    401: "The token or signature does not hold, or there has to be one.",
    403: "The account may not do this, or another site's page sent the request.",
    404: "There is no such thing, or none that the one who asks may see: both are answered alike.",
    409: "Somebody else was faster, or the state of things does not allow it.",
    413: "More than the stated limit.",
    422: "What was sent does not follow its format, or does not hold; it says where.",
    429: "Too many requests.",
    503: "The store or disk refuses, or others ask for the same just now.",
}
_HEADERS = {
    401: {"WWW-Authenticate": {"description": "`Bearer`", "schema": {"type": "string"}}},
    429: {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "string", "pattern": "^[0-9]+$"}}},
}
PROBLEM: Plain = {
    "type": "object",
    "title": "Problem",
    "description": "Problem details (RFC 9457): what went wrong, and in `detail` what to do about it.",
    "properties": {
        "type": {"type": "string", "pattern": "^urn:accord:problem:[a-z0-9-]+$"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string"},
    },
    "required": ["type", "title", "status", "detail"],
    "examples": [
        {
            "type": "urn:accord:problem:not-found",
            "title": "There is no such statement here.",
            "status": 404,
            "detail": "Check the address, or search.",
        }
    ],
}
_ENVELOPE = {
    "payload": "eyJ…",
    "payloadType": "application/vnd.in-toto+json",
    "signatures": [{"keyid": "…", "sig": "…"}],
}
_BODIES: dict[str, tuple[str, str, Any]] = {
    "publishStatements": ("application/x-ndjson", "DSSE envelopes, one a line.", json.dumps(_ENVELOPE) + "\n"),
    "dispute": ("application/json", "One DSSE envelope with a statement of the kind `dispute`.", _ENVELOPE),
    "addCheckpoint": ("text/plain", "Old size, consistency proof, checkpoint.", "old 0\n\nexample.org/log\n1\n…\n"),
}
"""Bodies that are read as a stream, by operation: media type, description and example."""
_MEDIA: dict[str, tuple[str, ...]] = {"statementFile": ("text/plain", "application/octet-stream")}
"""What an operation answers with beside the media type that its handler states."""
_FORMS = ("SealedReport",)
"""Forms of several parts, which Litestar describes well."""
_TEXT_ERRORS = {"addCheckpoint": (("text/plain", "text/x.tlog.size"), (400, 403, 404, 409, 422))}
"""Errors whose form another standard sets (c2sp.org/tlog-witness)."""


def describe(app: Litestar, node: Node) -> Plain:
    """Return the OpenAPI document of a node's application."""
    import msgspec
    from litestar.routes import HTTPRoute

    found: Plain = app.openapi_schema.to_schema()
    theirs: Plain = found["components"]["schemas"]
    typed: list[tuple[Plain, Any]] = []
    for route in app.routes:
        if not isinstance(route, HTTPRoute):
            continue
        for method, (handler, _model) in route.route_handler_map.items():
            if operation := found["paths"].get(route.path_format, {}).get(method.lower()):
                typed += _complete(operation, method, handler)
    made, shapes = msgspec.json.schema_components(
        [kind for _, kind in typed], ref_template="#/components/schemas/{name}"
    )
    for (media, _kind), schema in zip(typed, made, strict=True):
        media["schema"] = schema
    used = {tag for path in found["paths"].values() for operation in path.values() for tag in operation["tags"]}
    found["tags"] = [{"name": name, "description": text} for name, text in TAGS.items() if name in used]
    found["components"] = {
        "securitySchemes": _SCHEMES | {"session": {**_SCHEMES["session"], "name": cookie_name(node)}},
        "schemas": {name: _form(theirs[name]) for name in _FORMS} | shapes | {"Problem": PROBLEM},
        "responses": {_name(status): _error(status) for status in _REASONS},
    }
    return found


def _complete(operation: Plain, method: str, handler: Any) -> list[tuple[Plain, Any]]:
    """Say of one operation what its handler does not; return where a schema is still missing, and of which type."""
    name, writes = operation["operationId"], method != "GET"
    asks = "viewer" in handler.parsed_fn_signature.parameters
    statuses = {*_ALWAYS, *((401, 403) if asks else ()), *((403, 409, 413) if writes else ())}
    answers = {status: item for status, item in operation["responses"].items() if status < "400"}
    content = next(iter(answers.values())).get("content", {})
    typed = _typed(content, handler.parsed_fn_signature.return_type)
    content.update({kind: {"schema": {}} for kind in _MEDIA.get(name, ())})
    answers |= {str(status): {"$ref": f"#/components/responses/{_name(status)}"} for status in sorted(statuses)}
    if name in _TEXT_ERRORS:
        kinds, which = _TEXT_ERRORS[name]
        answers |= {str(status): _error(status, kinds) for status in which}
    operation["responses"] = answers
    operation.setdefault("security", _ANYBODY if asks else [])
    for parameter in operation.get("parameters", ()):
        parameter["schema"] = _exact(parameter["schema"])
    if name in _BODIES:
        operation["requestBody"] = _body(*_BODIES[name])
    elif handler.parsed_data_field:
        typed += _typed(operation["requestBody"]["content"], handler.parsed_data_field)
    return typed


def _typed(content: Plain, given: Any) -> list[tuple[Plain, Any]]:
    """Return the media types that are JSON of a known type; other bytes are no text, as Litestar takes them for."""
    from litestar import Response

    kind = given.inner_types[0].annotation if given.is_subclass_of(Response) and given.inner_types else given.annotation
    if "application/json" in content and kind is not bytes:
        return [(media, kind) for media in content.values()]
    for name, media in content.items():
        if media["schema"] == {"type": "string"} and not name.startswith("text/"):
            media["schema"] = {}
    return []


def _exact(schema: Plain) -> Plain:
    """Return the schema of a parameter as it is read: bounds are whole numbers (2**62 is no float), text has no NUL.

    One that may be left out is not there, and never null: an address has no way to write it.
    """
    whole = _present(schema)
    found: Plain = {
        name: int(value) if name in ("minimum", "maximum") and float(value).is_integer() else value
        for name, value in whole.items()
    }
    if "items" in found:
        found["items"] = _exact(found["items"])
    if found.get("type") == "string" and not {"pattern", "enum"} & set(found):
        found["pattern"] = "^[^\\x00]*$"
    return found


def _form(schema: Plain) -> Plain:
    """Return the schema of a form of several parts: one that may be left out is not there, and never null."""
    return {**schema, "properties": {name: _present(part) for name, part in schema["properties"].items()}}


def _present(schema: Plain) -> Plain:
    """Return a schema without the null that stands for what is not there."""
    kinds = [item for item in schema.get("oneOf", ()) if item.get("type") != "null"]
    if len(kinds) != 1:
        return schema
    return {**{name: value for name, value in schema.items() if name != "oneOf"}, **kinds[0]}


def _body(kind: str, description: str, example: Any) -> Plain:
    schema: Plain = {"type": "object"} if kind == "application/json" else {"type": "string", "minLength": 1}
    return {"description": description, "required": True, "content": {kind: {"schema": schema, "example": example}}}


def _name(status: int) -> str:
    return HTTPStatus(status).phrase.title().replace(" ", "").replace("-", "")


def _error(status: int, also: tuple[str, ...] = ()) -> Plain:
    content: Plain = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    content |= {kind: {"schema": {"type": "string"}} for kind in also}
    said: Plain = {"description": _REASONS[status], "content": content}
    return said | ({"headers": _HEADERS[status]} if status in _HEADERS else {})
