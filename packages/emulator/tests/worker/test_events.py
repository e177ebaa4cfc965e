"""Events of many nodes are those of a server, each with its own id."""

import pytest

from choria_core.protocol.lifecycle import decode_event, encode_bare_event, encode_event
from choria_emulator.watch.figures import Counts
from choria_emulator.worker.events import EventTeller


@pytest.mark.parametrize("is_legacy", [False, True], ids=["cloud event", "bare"])
@pytest.mark.parametrize("kind", ["startup", "shutdown", "alive"])
def test_an_event_is_byte_for_byte_that_of_the_codec(kind: str, *, is_legacy: bool) -> None:
    teller = EventTeller(Counts(), is_legacy=is_legacy)
    ids = set()
    for name in ("node-1", "node-22"):
        told = teller.event(name.encode(), kind, timestamp=1_795_425_826)  # type: ignore[arg-type]
        event = decode_event(told)
        assert (event.kind, event.identity) == (kind, name)
        encode = encode_bare_event if is_legacy else encode_event
        assert told == encode(event)
        ids.add(event.event_id)
    assert len(ids) == 2
