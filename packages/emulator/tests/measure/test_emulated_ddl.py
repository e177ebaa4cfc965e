"""What clients know of emulated agents."""

from choria_core.client.ddl_library import DdlLibrary
from choria_core.ddl.document import decode_ddl, encode_ddl
from choria_core.plugins import Plugins
from choria_emulator.emulated_ddl import emulated_ddl


def test_clients_know_it_as_soon_as_the_emulator_is_installed_and_servers_do_not() -> None:
    plugins = Plugins()
    plugins.load_installed()

    assert DdlLibrary((), plugins).find("emulated3") == emulated_ddl("emulated3")
    assert "emulated3" not in plugins.agents()


def test_it_is_the_original_one() -> None:
    ddl = emulated_ddl("emulated0")

    assert ddl.metadata.timeout == 120
    action = ddl.action("generate")
    assert action is not None
    assert action.display == "failed"
    size = action.input["size"]
    assert (size.type, size.optional, size.default) == ("integer", True, 20)
    assert action.output["message"].display_as == "Message"
    assert decode_ddl(encode_ddl(ddl), source="x") == ddl
