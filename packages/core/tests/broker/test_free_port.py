"""Ports are free when they are picked, and none that an outgoing connection could take."""

import socket

import pytest

from choria_core.broker.free_port import HIGHEST, LOWEST, is_free, pick_port

HOST = "127.0.0.1"


def test_a_picked_port_can_be_listened_on() -> None:
    port = pick_port(HOST)

    with socket.create_server((HOST, port)) as server:
        assert server.getsockname()[1] == port
        assert LOWEST <= port <= HIGHEST


def test_a_port_in_use_is_not_free() -> None:
    with socket.create_server((HOST, 0)) as server:
        assert not is_free(HOST, server.getsockname()[1])


def test_an_address_of_another_machine_is_not_free() -> None:
    assert not is_free("192.0.2.1", 4222)


def test_excluded_ports_are_not_picked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("choria_core.broker.free_port.HIGHEST", LOWEST + 1)

    assert pick_port(HOST, besides=[LOWEST]) == LOWEST + 1


def test_no_free_port_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("choria_core.broker.free_port.HIGHEST", LOWEST)

    with pytest.raises(OSError, match="no free port"):
        pick_port(HOST, besides=[LOWEST])
