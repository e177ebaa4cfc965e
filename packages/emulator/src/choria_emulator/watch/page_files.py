"""The page that shows a fleet: files beside this module, served as they are.

Nothing on the page comes from elsewhere, and the browser is told to see to that.
"""

from importlib.resources import files
from typing import Final

from aiohttp import web

_TYPES: Final = {
    "index.html": "text/html",
    "style.css": "text/css",
    "icon.svg": "image/svg+xml",
    "live.js": "text/javascript",
    "chart.js": "text/javascript",
    "scale.js": "text/javascript",
    "numbers.js": "text/javascript",
    "panels.js": "text/javascript",
    "control.js": "text/javascript",
}
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS: Final = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


def page_routes() -> list[web.AbstractRouteDef]:
    """The page at ``/``, and its parts beside it."""
    return [_route(name, kind) for name, kind in _TYPES.items()]


def _route(name: str, kind: str) -> web.AbstractRouteDef:
    content = files(__package__).joinpath("page", name).read_bytes()

    async def serve(_request: web.Request) -> web.Response:
        return web.Response(body=content, content_type=kind, charset="utf-8", headers=_HEADERS)

    return web.get("/" if name == "index.html" else f"/{name}", serve)
