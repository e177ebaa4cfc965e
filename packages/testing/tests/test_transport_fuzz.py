"""The fuzzer itself: it repeats what it did, and gets below the surface."""

from collections import Counter

from choria_testing import vectors
from choria_testing.fresh_process import run_fresh
from choria_testing.onion import LAYERS, onion_of
from choria_testing.recorded_documents import recorded_documents
from choria_testing.throwaway_network import ThrowawayNetwork
from choria_testing.transport_fuzz import DeepReader, TransportFuzz, run_fuzz

BODIES = [
    message["data"].encode()
    for name in ("plain.jsonl", "tls.jsonl", "v2.jsonl")
    for message in vectors.messages(name)
]
NETWORK = ThrowawayNetwork()
ONIONS = NETWORK.onions(BODIES)


def test_the_same_seed_gives_the_same_transports() -> None:
    once, again, other = (list(TransportFuzz(ONIONS, seed=seed).bodies(50)) for seed in (1, 1, 2))

    assert once == again != other


def test_a_layer_closed_again_unchanged_is_read_to_the_end() -> None:
    read = DeepReader(NETWORK)
    for onion in ONIONS:
        for layer, text in enumerate(onion.texts):
            assert read(onion.closed(layer, text)) == "payload"


def test_the_layers_are_those_which_others_find() -> None:
    found = {recorded.text for recorded in recorded_documents()}
    for body in BODIES:
        assert set(onion_of(body, bytes).texts[:3]) <= found


def test_a_reader_without_these_keys_believes_nothing_that_is_signed() -> None:
    stranger = DeepReader(ThrowawayNetwork("another"))
    signed = [onion for onion in ONIONS if "signature" in onion.texts[1].decode()]

    assert {stranger(onion.texts[0]) for onion in signed} == {"inner"}


def test_changed_layers_are_signed_again_and_believed() -> None:
    fuzz = TransportFuzz(ONIONS, seed=1)

    reached = Counter(map(DeepReader(NETWORK), fuzz.bodies(2_000)))

    assert set(reached) == {"nothing", "inner", "payload", "verified", *LAYERS[:2]}


def test_a_report_counts_every_transport() -> None:
    report = run_fuzz(TransportFuzz(ONIONS, seed=3), 100, read=DeepReader(NETWORK))

    assert report.reached.total() == 100
    assert report.slowest_seconds > 0


KEEPING = """
from choria_testing import vectors
from choria_testing.throwaway_network import ThrowawayNetwork
from choria_testing.transport_fuzz import TransportFuzz, run_fuzz

bodies = [message["data"].encode() for message in vectors.messages("plain.jsonl")]
kept = []

def read(body):
    kept.append(bytes(4096) + body)
    return "nothing"

fuzz = TransportFuzz(ThrowawayNetwork().onions(bodies), seed=4)
print(run_fuzz(fuzz, 4000, read=read).grown_bytes)
"""


def test_a_reader_that_keeps_memory_is_noticed() -> None:
    assert run_fresh(KEEPING) > 8 * 1024 * 1024
