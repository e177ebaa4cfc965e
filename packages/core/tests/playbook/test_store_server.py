"""Servers of stores, as books describe them."""

from pathlib import Path

import pytest

from choria_core.errors import ConfigError
from choria_core.playbook.store_server import StoreServer

HERE = Path("/books")


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("http://localhost:8500", "http://localhost:8500"),
        ("https://consul.example/", "https://consul.example"),
        ("127.0.0.1:8500", "http://127.0.0.1:8500"),
        ("[::1]:8500", "http://[::1]:8500"),
    ],
)
def test_a_server_has_a_scheme_a_host_and_a_port(text: str, url: str) -> None:
    assert StoreServer.of_options("pb", text, folder=HERE).url == url


@pytest.mark.parametrize(
    "text",
    [
        "",
        "unix:///run/consul",
        "http://",
        "http://a:99999",
        "http://a/b",
        "http://a?b=c",
        "http://[",
    ],
)
def test_what_names_no_server_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"store 'pb': url .* does not name a server"):
        StoreServer.of_options("pb", text, folder=HERE)


def test_a_password_may_not_stand_in_the_url() -> None:
    with pytest.raises(ConfigError) as caught:
        StoreServer.of_options("pb", "http://rip:geheim@a", folder=HERE)

    assert "geheim" not in str(caught.value)


def test_files_begin_at_the_books_folder() -> None:
    server = StoreServer.of_options(
        "pb", "https://a", folder=HERE, ca="ca.pem", cert="/etc/us.pem", key="~/us.key"
    )

    assert server.ca_file == HERE / "ca.pem"
    assert server.certificate == (Path("/etc/us.pem"), Path.home() / "us.key")


@pytest.mark.parametrize("given", [{"cert": "us.pem"}, {"key": "us.key"}])
def test_certificate_and_key_belong_together(given: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="belong together"):
        StoreServer.of_options(
            "pb", "https://a", folder=HERE, cert=given.get("cert", ""), key=given.get("key", "")
        )
