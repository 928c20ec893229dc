"""The few files that pages load: style sheets, an icon, and scripts, which they also work without."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

from litestar import Response, get

from ...crosswalk.matrix import MATRIX_STYLE
from ..problems import NotFound

_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}


@get("/static/{name:str}", include_in_schema=False, sync_to_thread=False)
def static_file(name: str) -> Response[bytes]:
    """Return a file of ours by name."""
    data = _static_files().get(name)
    if data is None:
        raise NotFound
    kind = _TYPES[name[name.rindex(".") :]]
    return Response(data, media_type=kind, headers={"cache-control": "public, max-age=3600"})


@lru_cache
def _static_files() -> dict[str, bytes]:
    found = {
        item.name: item.read_bytes()
        for item in files("accord.node.pages").joinpath("static").iterdir()
        if item.name[item.name.rindex(".") :] in _TYPES
    }
    found["matrix.css"] = MATRIX_STYLE.read_bytes()
    found["report.css"] = files("accord.reports.html").joinpath("templates/style.css").read_bytes()
    return found


HANDLERS = [static_file]
