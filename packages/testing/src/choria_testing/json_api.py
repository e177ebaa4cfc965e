"""One question to the HTTP interface of a server on this machine, asked while nothing else runs."""

import json
import urllib.request

TIMEOUT_SECONDS = 5.0


def ask_json(url: str, document: object = None, *, method: str | None = None) -> object:
    """The JSON that ``url`` answers; ``document`` is sent where one is given.  Blocks.

    Raises:
        OSError: no answer, or one of HTTP's errors.
    """
    body = None if document is None else json.dumps(document).encode()
    request = urllib.request.Request(url, data=body, method=method)  # noqa: S310 - our own URLs
    with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
        return json.load(answer)
