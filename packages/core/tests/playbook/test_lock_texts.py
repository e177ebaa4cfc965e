"""What stands beside a lock."""

import pytest

from choria_core.playbook.lock import LockHolder
from choria_core.playbook.lock_texts import (
    describe_holder,
    lock_timeout,
    read_lock_text,
    write_lock_text,
)

HOLDER = LockHolder(name="up=rip", book="deploy", host="n1.example", pid=12, time=1_500_000_000.25)


def test_a_holder_is_read_back() -> None:
    read = read_lock_text(write_lock_text(HOLDER, session="abc"))

    assert read is not None
    assert (read.holder, read.session) == (HOLDER, "abc")


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[1]", b'{"holder": 1}', b"\xff\xfe", b'{"holder": {"name": "x"}}']
)
def test_what_others_wrote_is_nobody(data: bytes) -> None:
    assert read_lock_text(data) is None


def test_an_error_names_the_key_the_store_and_who_has_it() -> None:
    text = str(lock_timeout("a/b", store="pb", holder=HOLDER, timeout_seconds=1.5))

    assert text == (
        "the lock 'a/b' of store 'pb' was not free within 1.5 s: up=rip (playbook deploy, "
        "process 12 on n1.example, since 2017-07-14T02:40:00.250Z) has it"
    )
    assert describe_holder(None) == "another program"
