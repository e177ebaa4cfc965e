"""What comes along with the plugin."""

from importlib.metadata import requires


def test_it_asks_for_the_core_and_for_a_client_of_consul() -> None:
    asked = requires("choria-plugin-consul") or []

    assert any(text.startswith("choria-core") for text in asked)
    assert any(text.startswith("py-consul[asyncio]") for text in asked)
