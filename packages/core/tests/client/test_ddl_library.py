"""Where descriptions of agents are found."""

from pathlib import Path
from types import ModuleType

import pytest

from choria_core.client.ddl_library import DdlLibrary
from choria_core.ddl.document import ActionDdl, Ddl, Metadata, encode_ddl
from choria_core.errors import ConfigError, PluginError, UsageError
from choria_core.hookspecs import DescriptionPlugin, hookimpl
from choria_core.plugins import Plugins


def write(file: Path, agent: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    ddl = Ddl(Metadata(name=agent, description=str(file.parent)), (ActionDdl(action="run"),))
    file.write_bytes(encode_ddl(ddl))


@pytest.fixture
def plugins() -> Plugins:
    """The installed ones."""
    plugins = Plugins()
    plugins.load_installed()
    return plugins


def test_installed_agents_describe_themselves(plugins: Plugins, tmp_path: Path) -> None:
    write(tmp_path / "choria/agent/rpcutil.json", "rpcutil")
    library = DdlLibrary([tmp_path], plugins)

    found = library.find("rpcutil")

    assert found.action("ping") is not None
    assert library.find("rpcutil") is found
    assert {"choria_util", "discovery", "rpcutil"} <= set(library.names())


def describing(target: object, name: str = "faraway") -> Plugins:
    """A plugin that describes an agent."""
    module = ModuleType("teller")

    @hookimpl
    def choria_descriptions() -> list[DescriptionPlugin]:
        return [DescriptionPlugin(name, target)]

    module.choria_descriptions = choria_descriptions  # type: ignore[attr-defined]
    plugins = Plugins()
    plugins.register(module, "teller")
    return plugins


def test_plugins_describe_agents_that_are_installed_elsewhere(tmp_path: Path) -> None:
    library = DdlLibrary([tmp_path], describing(lambda name: Ddl(Metadata(name=name, timeout=7))))

    assert library.find("faraway").metadata.timeout == 7
    assert library.names() == ["faraway"]


@pytest.mark.parametrize(
    ("target", "said"),
    [
        (lambda name: None, "its description of faraway is none"),
        (lambda name: Ddl(Metadata(name="other")), "its description of faraway is none"),
        (lambda name: 1 / 0, "cannot be had: ZeroDivisionError"),
    ],
)
def test_a_plugin_that_describes_badly_is_told(target: object, said: str) -> None:
    with pytest.raises(PluginError, match=f"plugin teller: .*{said}"):
        DdlLibrary([], describing(target)).find("faraway")


def test_folders_are_looked_through_at_any_depth(tmp_path: Path) -> None:
    write(tmp_path / "one/choria/agent/puppet.json", "puppet")
    write(tmp_path / "two/mcollective/agent/deep/er/package.json", "package")
    write(tmp_path / "two/other/shell.json", "shell")
    library = DdlLibrary([tmp_path / "one", tmp_path / "two", tmp_path / "none"])

    assert library.names() == ["package", "puppet"]
    assert library.find("puppet").action("run") is not None
    assert library.find("package").metadata.name == "package"


def test_the_first_folder_counts(tmp_path: Path) -> None:
    for name in ("b", "a"):
        write(tmp_path / name / "choria/agent/puppet.json", "puppet")

    found = DdlLibrary([tmp_path / "b", tmp_path / "a"]).find("puppet")

    assert found.metadata.description == str(tmp_path / "b/choria/agent")


def test_an_unknown_agent_is_told_with_the_folders(plugins: Plugins, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        DdlLibrary([tmp_path], plugins).find("nosuch")

    assert "nosuch.json" in str(caught.value)
    assert str(tmp_path / "choria/agent") in str(caught.value)
    assert str(tmp_path / "mcollective/agent") in str(caught.value)
    with pytest.raises(UsageError, match="libdir is not set"):
        DdlLibrary([]).find("nosuch")


def test_no_name_leads_out_of_the_folders(tmp_path: Path) -> None:
    write(tmp_path / "choria/secret.json", "secret")
    with pytest.raises(UsageError, match="is no name of an agent"):
        DdlLibrary([tmp_path]).find("../secret")


def test_files_that_describe_nothing_or_another_are_named(tmp_path: Path) -> None:
    write(tmp_path / "choria/agent/puppet.json", "package")
    (tmp_path / "choria/agent/broken.json").write_text("{")
    library = DdlLibrary([tmp_path])

    with pytest.raises(ConfigError, match="describes the agent 'package', not puppet"):
        library.find("puppet")
    with pytest.raises(ConfigError, match=r"broken\.json is no description"):
        library.find("broken")
