"""The fuzzer itself: it repeats what it did, and gets below the surface."""

from collections import Counter

from choria_testing import vectors
from choria_testing.fresh_process import run_fresh
from choria_testing.onion import onion_of
from choria_testing.recorded_documents import recorded_documents
from choria_testing.transport_fuzz import TransportFuzz, read_deeply, run_fuzz

BODIES = [
    message["data"].encode()
    for name in ("plain.jsonl", "tls.jsonl", "v2.jsonl")
    for message in vectors.messages(name)
]


def unsigned(_: bytes) -> bytes:
    return b"signature"


def test_the_same_seed_gives_the_same_transports() -> None:
    once, again, other = (
        list(TransportFuzz(BODIES, seed=seed, sign=unsigned).bodies(50)) for seed in (1, 1, 2)
    )

    assert once == again != other


def test_a_layer_closed_again_unchanged_is_read_to_the_end() -> None:
    """Also that the layers are those which others find."""
    found = {recorded.text for recorded in recorded_documents()}
    for body in BODIES:
        onion = onion_of(body)
        assert set(onion.texts[:3]) <= found
        for layer, text in enumerate(onion.texts):
            assert read_deeply(onion.closed(layer, text, unsigned)) == "payload"


def test_changed_layers_are_signed_again() -> None:
    signed: list[bytes] = []

    def sign(document: bytes) -> bytes:
        signed.append(document)
        return b"signature"

    fuzz = TransportFuzz([body for body in BODIES if b"reply" in body[-300:]], seed=1, sign=sign)
    reached = Counter(map(read_deeply, fuzz.bodies(200)))

    assert signed
    assert set(reached) == {"nothing", "transport", "secure", "inner", "payload"}


def test_a_report_counts_every_transport() -> None:
    report = run_fuzz(TransportFuzz(BODIES, seed=3, sign=unsigned), 100)

    assert report.reached.total() == 100
    assert report.slowest_seconds > 0


KEEPING = """
from choria_testing import vectors
from choria_testing.transport_fuzz import TransportFuzz, run_fuzz

bodies = [message["data"].encode() for message in vectors.messages("plain.jsonl")]
kept = []

def read(body):
    kept.append(bytes(4096) + body)
    return "nothing"

print(run_fuzz(TransportFuzz(bodies, seed=4, sign=bytes), 4000, read=read).grown_bytes)
"""


def test_a_reader_that_keeps_memory_is_noticed() -> None:
    assert run_fresh(KEEPING) > 8 * 1024 * 1024
