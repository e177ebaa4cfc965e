"""What is remembered of requests, and for how long."""

from choria_emulator.node.recent import Recent


def test_the_oldest_is_forgotten_when_there_are_too_many() -> None:
    recent: Recent[int] = Recent(most=2, most_bytes=100)
    for number, body in enumerate((b"a", b"b", b"c")):
        recent.put(body, number, size_bytes=1)
    assert [recent.get(body) for body in (b"a", b"b", b"c")] == [None, 1, 2]


def test_the_oldest_are_forgotten_when_they_are_too_large() -> None:
    recent: Recent[int] = Recent(most=10, most_bytes=100)
    for number, body in enumerate((b"a", b"b", b"c")):
        recent.put(body, number, size_bytes=40)
    assert [recent.get(body) for body in (b"a", b"b", b"c")] == [None, 1, 2]
    assert recent.size_bytes == 80


def test_one_that_grows_pushes_others_out() -> None:
    recent: Recent[int] = Recent(most=10, most_bytes=100)
    recent.put(b"a", 1, size_bytes=40)
    recent.put(b"b", 2, size_bytes=40)
    recent.put(b"b", 2, size_bytes=90)
    assert (recent.get(b"a"), recent.get(b"b"), recent.size_bytes) == (None, 2, 90)


def test_the_only_one_is_kept_whatever_its_size() -> None:
    recent: Recent[int] = Recent(most=10, most_bytes=100)
    recent.put(b"a", 1, size_bytes=1_000)
    assert recent.get(b"a") == 1
    recent.put(b"b", 2, size_bytes=1)
    assert len(recent) == 1
