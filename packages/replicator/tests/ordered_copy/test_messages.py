"""Every message arrives as it was, or is named.

| what must hold | remedy guarded |
|---|---|
| what just fits is copied, what does not is named | sizes are checked with the headers |
| a message the target never takes ends the copy | it is tried alone, and its own error told |
| a refusal that may pass is waited out | a full target is tried again |
| copied headers of effect break nothing | the header policy |
"""

from typing import TYPE_CHECKING

import pytest

from choria_core.errors import WorkError
from choria_replicator.message.provenance import HEADER
from choria_replicator.message.subject_map import SubjectMap
from choria_testing.streams import Sent

if TYPE_CHECKING:
    from packages.replicator.tests.ordered_copy.conftest import Lab

MAX_PAYLOAD = 1 << 20


async def test_headers_and_empty_bodies_survive(lab: "Lab") -> None:
    await lab.make_source()
    await lab.make_target()
    sent = [
        Sent("nodes.n1", b"", ("KV-Operation: DEL",)),
        Sent("nodes.n1", b""),
        Sent("nodes.n2", b"x\r\ny\x00\xff", ("A: 1", "A: 2", "b:3", "Empty:")),
        Sent("nodes.n3", b"\r\n", ("Ümlaut: grüße",)),
    ]
    await lab.source.fill(sent)

    await lab.once()

    copies = await lab.copies()
    assert [one.body for one in copies] == [one.body for one in sent]
    ours = (HEADER, "Nats-Msg-Id", "Nats-Expected-")
    kept = [tuple(line for line in one.lines if not line.startswith(ours)) for one in copies]
    assert kept == [one.lines for one in sent]
    assert [one.named(HEADER) is not None for one in copies] == [True] * 4


async def test_copied_headers_of_effect_break_nothing(lab: "Lab") -> None:
    """Each of these, passed on as it is, would be refused or store something else."""
    await lab.make_source(allow_msg_ttl=True, allow_rollup_hdrs=True)
    await lab.make_target()
    await lab.source.fill(
        [
            Sent("nodes.n1", b"0", ("Nats-Msg-Id: same",)),
            Sent("nodes.n1", b"1", ("Nats-Expected-Last-Sequence: 1",)),
            Sent("nodes.n1", b"2", ("Nats-TTL: 1h",)),
            Sent("nodes.n1", b"3", (f"{HEADER}: OTHER 9 site entry 1",)),
            Sent("nodes.n1", b"4", ("Nats-Expected-Last-Subject-Sequence: 4",)),
        ]
    )
    await lab.target.fill([])

    copying = await lab.once()

    copies = await lab.copies()
    assert [one.body for one in copies] == [b"0", b"1", b"2", b"3", b"4"]
    assert copies[0].named("Choria-SR-Msg-Id") == "same"
    assert copies[2].named("Nats-TTL") is None
    assert (copies[3].named(HEADER) or "").startswith("NODES 4 ")
    assert copying.stats.dropped_headers > 0


async def test_a_repeated_message_id_of_the_source_stores_both(lab: "Lab") -> None:
    """The source's window is over; the target's would take the second for a double."""
    await lab.make_source(duplicate_window=100 * 10**6)
    await lab.make_target(duplicate_window=120 * 10**9)
    await lab.source.fill([Sent("nodes.n1", b"0", ("Nats-Msg-Id: same",))])
    stored = 1
    while stored < 2:  # until the source has forgotten the first
        await lab.source.fill([Sent("nodes.n1", b"1", ("Nats-Msg-Id: same",))])
        stored = (await lab.source.stream_info("NODES")).state.messages

    await lab.once()

    assert [one.body for one in await lab.copies()] == [b"0", b"1"]


async def header_bytes(lab: "Lab", number: int) -> int:
    """What the copy of the source's message ``number`` carries before its body."""
    return len(next(one.header for one in await lab.copies() if one.sequence == number))


@pytest.mark.parametrize("lines", [(), ("A: b",)])
async def test_what_just_fits_the_target_is_copied_and_a_byte_more_is_named(
    lab: "Lab", lines: tuple[str, ...]
) -> None:
    """The size of the headers is taken from a small message at the same place of a run."""
    await lab.make_source()
    await lab.make_target()
    await lab.source.fill([Sent("nodes.n1", b"small", lines)])
    await lab.once()
    room = MAX_PAYLOAD - await header_bytes(lab, 1)
    await lab.source.fill([Sent("nodes.n1", b"x" * room, lines)])
    await lab.once()
    assert [len(one.body) for one in await lab.copies()] == [5, room]

    await lab.source.fill([Sent("nodes.n1", b"x" * (room + 1), lines), Sent("nodes.n1", b"after")])
    with pytest.raises(WorkError, match=f"message 3: it has {MAX_PAYLOAD + 1} bytes") as caught:
        await lab.once()

    assert caught.value.exit_code == 1
    assert f"max_payload is {MAX_PAYLOAD}" in str(caught.value)
    assert len(await lab.copies()) == 2


async def test_large_messages_are_copied_within_the_bound_on_bytes(lab: "Lab") -> None:
    await lab.make_source()
    await lab.make_target()
    await lab.fill(120, size=900_000)

    await lab.once()

    await lab.assert_exact()


async def test_a_message_larger_than_the_target_stream_takes_is_named(lab: "Lab") -> None:
    await lab.make_source()
    await lab.make_target(max_msg_size=500)
    await lab.fill(700)
    await lab.source.fill([Sent("nodes.n1", b"x" * 600), Sent("nodes.n1", b"behind")])

    with pytest.raises(WorkError, match=r"refuses source message 701.*10054"):
        await lab.once()

    assert [int(one.body) for one in await lab.copies()] == list(range(700))


async def test_a_full_target_is_tried_again_until_there_is_room(lab: "Lab") -> None:
    await lab.make_source()
    info = await lab.make_target(max_msgs=400, discard="new")
    await lab.fill(1_000)
    copying = await lab.start()
    await copying.until(lambda: copying.stats.resyncs >= 4)
    assert [int(one.body) for one in await lab.copies()] == list(range(400))

    await lab.target.update_stream({**info.config, "max_msgs": -1})
    await copying.settled(1_000)

    await lab.assert_exact()


async def test_subjects_that_the_target_does_not_store_are_named(lab: "Lab") -> None:
    await lab.make_source(subjects=["nodes.>", "other.>"])
    await lab.make_target()
    await lab.fill(50)
    await lab.source.fill([Sent("other.one", b"x")])

    with pytest.raises(WorkError, match=r"message 51.*stream NODES does not store other\.one"):
        await lab.once()

    assert len(await lab.copies()) == 50


async def test_a_subject_that_is_no_text_is_named(lab: "Lab") -> None:
    await lab.make_source()
    await lab.make_target()
    await lab.fill(50)
    lab.source.lean.send(b"PUB nodes.\xff 1\r\nx\r\n")
    await lab.source.fill([Sent("nodes.n1", b"behind")])

    with pytest.raises(WorkError, match=r"message 51: its subject b'nodes\.\\xff' is not UTF-8"):
        await lab.once()

    assert len(await lab.copies()) == 50


async def test_subjects_are_mapped_on_the_way(lab: "Lab") -> None:
    await lab.make_source()
    await lab.make_target(subjects=["dc1.>"])
    await lab.fill(50)

    await lab.once(lab.settings(subjects=SubjectMap("dc1", "nodes.")))

    assert {one.subject for one in await lab.copies()} == {f"dc1.n{n}" for n in range(10)}
