"""Files and environment in their order, and what follows from them."""

import os
from pathlib import Path

import pytest

from choria_core.config.problems import InvalidConfigError
from choria_core.network_config.host import HostNames
from choria_core.network_config.load import load_client, load_server
from choria_core.network_config.protection import Protection, Tls
from choria_core.network_config.settings import Settings
from choria_core.network_config.sources import user_file, user_file_places
from packages.core.tests.network_config.conftest import MakeHost, WriteFile

VERSION_TWO = f"""\
plugin.security.provider = choria
plugin.security.choria.trusted_signers = {"0" * 64}
"""


def origins(settings: Settings, key: str) -> list[str]:
    return [str(origin) for origin in settings.values[key].origins]


class TestPlaces:
    def test_later_lines_and_files_win(self, write: WriteFile, make_host: MakeHost) -> None:
        main = write("server.cfg", "ttl = 61\nttl = 62\nregisterinterval = 7\n")
        beside = write("plugin.d/choria.cfg", "status_update_interval = 9\nuse_srv = n\n")

        config = load_server(main, host=make_host())

        assert config.request_ttl_seconds == 62
        assert config.status.interval_seconds == 9
        assert config.brokers.use_srv is False
        assert config.settings.files == (str(main), str(beside))
        assert origins(config.settings, "ttl") == [f"{main}:2"]
        assert origins(config.settings, "plugin.choria.use_srv") == [f"{beside}:2"]
        assert origins(config.settings, "loglevel") == ["default"]

    def test_a_file_of_plugin_d_gives_its_name_to_its_keys(
        self, write: WriteFile, make_host: MakeHost
    ) -> None:
        main = write("server.cfg", "plugin.nats.user = main\nplugin.mine.color = red\n")
        write("plugin.d/nats.cfg", "user = beside\nplugin.nats.pass = geheim\n")
        write("plugin.d/actionpolicy.cfg", "enable_default = y\n")
        write("plugin.d/mine.cfg", "color = blue\n")

        config = load_server(main, host=make_host())

        assert config.brokers.user == "beside"
        assert config.brokers.password == ""
        [warning] = config.warnings
        assert "did you mean plugin.nats.pass, which this file's name puts" in str(warning)
        assert config.authorization.use_default_policy
        assert config.option("plugin.mine.color") == "blue"
        assert config.option("plugin.mine.size", "none") == "none"

    def test_conf_files_of_plugin_d_are_passed_over_but_not_in_silence(
        self, write: WriteFile, make_host: MakeHost
    ) -> None:
        main = write("server.cfg", "libdir = /a\n")
        conf = write("plugin.d/choria.conf", "use_srv = false\n")
        write("plugin.d/other.txt", "use_srv = false\n")

        config = load_server(main, host=make_host())

        assert config.brokers.use_srv is True
        assert [str(warning) for warning in config.warnings] == [
            f"{conf}: is not read; rename it to choria.cfg"
        ]

    def test_plugin_d_does_not_count_below_the_home_folder(
        self, write: WriteFile, make_host: MakeHost
    ) -> None:
        main = write("own/.choriarc", "ttl = 61\n")
        write("own/plugin.d/choria.cfg", "use_srv = false\n")

        assert load_client(main, host=make_host()).brokers.use_srv is True
        assert load_client(main, host=make_host(HOME="/other")).brokers.use_srv is False

    def test_project_files_count_from_the_root_down(
        self, write: WriteFile, make_host: MakeHost
    ) -> None:
        main = write("client.cfg", "ttl = 61\ncolor = n\n")
        upper = write("project/choria.conf", "ttl = 62\ndiscovery_timeout = 5\n")
        lower = write("project/part/choria.conf", "ttl = 63\n")
        here = lower.parent

        config = load_client(main, host=make_host(folder=here))

        assert (config.ttl_seconds, config.discovery.timeout_seconds) == (63, 5)
        assert config.settings.files[-2:] == (str(upper), str(lower))
        assert load_client(main, host=make_host(folder=here, is_root=True)).ttl_seconds == 61
        assert load_client(main, host=make_host(folder=upper.parent)).ttl_seconds == 62
        assert load_server(main, host=make_host(folder=here)).request_ttl_seconds == 61

    def test_the_environment_wins(self, write: WriteFile, make_host: MakeHost) -> None:
        main = write("client.cfg", "plugin.nats.user = file\nplugin.choria.srv_domain = file\n")
        host = make_host(
            MCOLLECTIVE_NATS_USERNAME="env",
            MCOLLECTIVE_NATS_PASSWORD="geheim",
            MCOLLECTIVE_NATS_CREDENTIALS="~/x.creds",
            CHORIA_FED_COLLECTIVE="uk, mt",
            CHORIA_SRV_DOMAIN="",
        )

        config = load_client(main, host=host)

        assert (config.brokers.user, config.brokers.password) == ("env", "geheim")
        assert config.brokers.credentials_file == Path(host.home, "x.creds")
        assert config.brokers.federation_collectives == ("uk", "mt")
        assert config.brokers.srv_domain == "file"
        assert origins(config.settings, "plugin.nats.pass") == [
            "environment variable MCOLLECTIVE_NATS_PASSWORD"
        ]
        assert "geheim" not in repr(config)

    def test_lists_of_lines_grow_and_lists_of_commas_are_replaced(
        self, write: WriteFile, make_host: MakeHost
    ) -> None:
        folders = f"libdir = /1\nlibdir = /2{os.pathsep}/3\n"
        options = "default_discovery_options = one\ndefault_discovery_options = two, 2\n"
        main = write("client.cfg", f"{folders}{options}collectives = a\ncollectives = b, c\n")

        config = load_client(main, host=make_host())

        assert config.library_folders == (Path("/1"), Path("/2"), Path("/3"))
        assert config.discovery.options == ("one", "two, 2")
        assert config.collectives == ("b", "c")
        assert origins(config.settings, "libdir") == [f"{main}:1", f"{main}:2"]

    def test_a_users_file_is_looked_for(self, write: WriteFile, make_host: MakeHost) -> None:
        home = write("own/.mcollective", "ttl = 61\n").parent

        assert load_client(host=make_host()).ttl_seconds == 61
        write("own/.choriarc", "ttl = 62\n")
        assert load_client(host=make_host()).file == home / ".choriarc"
        assert user_file_places("")[0] == Path("/etc/choria/client.conf")

    def test_a_user_without_a_file_is_told_where_one_may_be(self, tmp_path: Path) -> None:
        places = (tmp_path / "a", tmp_path / "b")

        with pytest.raises(InvalidConfigError) as caught:
            user_file("", places)

        text = f"there is none in {places[0]}, {places[1]}; use --config"
        assert str(caught.value).endswith(text)

    def test_a_file_that_cannot_be_read_is_named(self, tmp_path: Path, make_host: MakeHost) -> None:
        file = tmp_path / "missing.cfg"

        with pytest.raises(InvalidConfigError, match="No such file or directory") as caught:
            load_server(file, host=make_host())

        assert str(caught.value).startswith(f"{file}: cannot be read")


class TestDerived:
    @pytest.mark.parametrize(
        ("text", "collectives", "main", "registration"),
        [
            ("ttl = 60", ("mcollective",), "mcollective", "mcollective"),
            (VERSION_TWO, ("choria",), "choria", "choria"),
            ("collectives = a, b", ("a", "b"), "a", "a"),
            ("collectives = a, b\nmain_collective = b", ("a", "b"), "b", "b"),
            ("collectives = a, b\nregistration_collective = b", ("a", "b"), "a", "b"),
        ],
    )
    def test_collectives(
        self,
        write: WriteFile,
        make_host: MakeHost,
        text: str,
        collectives: tuple[str, ...],
        main: str,
        registration: str,
    ) -> None:
        config = load_server(write("server.cfg", text), host=make_host())

        assert config.collectives == collectives
        assert config.main_collective == main
        assert config.registration.collective == registration

    @pytest.mark.parametrize(
        ("names", "identity"),
        [
            (HostNames(lambda: "a.b.c", lambda: "d.e.f"), "a.b.c"),
            (HostNames(lambda: "a.b", lambda: "d.e.f.", lambda: "g.h.i"), "d.e.f"),
            (HostNames(lambda: "a", lambda: "localhost", lambda: "g.h.i"), "g.h.i"),
            (HostNames(lambda: "a"), "a"),
        ],
    )
    def test_the_identity(
        self, write: WriteFile, make_host: MakeHost, names: HostNames, identity: str
    ) -> None:
        config = load_server(write("server.cfg", ""), host=make_host(names=names))

        assert config.identity == config.certname == identity

    def test_a_machine_without_a_name_is_refused(
        self, write: WriteFile, make_host: MakeHost
    ) -> None:
        host = make_host(names=HostNames(lambda: ""))

        with pytest.raises(InvalidConfigError, match=r"identity: cannot be derived: .*; set ident"):
            load_server(write("server.cfg", ""), host=host)

    def test_tokens_of_a_server_lie_beside_its_file(
        self, write: WriteFile, make_host: MakeHost
    ) -> None:
        seed = "plugin.choria.security.server.seed_file = /s\n"
        main = write("server.cfg", f"plugin.security.server_anon_tls = y\n{seed}")

        security = load_server(main, host=make_host()).security

        assert security.token_file == main.parent / "server.jwt"
        assert security.seed_file == Path("/s")
        assert security.protection == Protection(tls=Tls.ANONYMOUS, verify_tls=False)

    @pytest.mark.parametrize(
        ("provider", "environment", "is_root", "certname"),
        [
            ("puppet", {}, False, "ada.mcollective"),
            ("puppet", {}, True, "ada.mcollective"),
            ("file", {}, False, "ada.mcollective"),
            ("file", {}, True, "machine.example.net"),
            ("file", {"USER": ""}, False, "machine.example.net"),
            ("file", {"MCOLLECTIVE_CERTNAME": "rip.mcollective"}, False, "rip.mcollective"),
            ("choria", {}, False, "ada"),
        ],
    )
    def test_the_name_of_a_caller(
        self,
        write: WriteFile,
        make_host: MakeHost,
        *,
        provider: str,
        environment: dict[str, str],
        is_root: bool,
        certname: str,
    ) -> None:
        main = write("client.cfg", f"plugin.security.provider = {provider}\n")

        config = load_client(main, host=make_host(is_root=is_root, **environment))

        assert config.certname == certname

    def test_a_caller_without_a_name_is_refused(
        self, write: WriteFile, make_host: MakeHost
    ) -> None:
        with pytest.raises(InvalidConfigError, match="environment variable USER: is not set"):
            load_client(write("client.cfg", ""), host=make_host(USER=""))

    @pytest.mark.parametrize(
        ("environment", "protection"),
        [
            ({}, Protection()),
            ({"INSECURE_YES_REALLY": "true"}, Protection(signed=False, tls=Tls.OFF)),
            ({"INSECURE_DISABLE_TLS": "true"}, Protection(tls=Tls.OFF)),
            ({"INSECURE_ANON_TLS": "true"}, Protection(tls=Tls.ANONYMOUS, verify_tls=False)),
            ({"INSECURE_YES_REALLY": "1"}, Protection()),
        ],
    )
    def test_protection_is_switched_off_with_a_warning(
        self,
        write: WriteFile,
        make_host: MakeHost,
        environment: dict[str, str],
        protection: Protection,
    ) -> None:
        config = load_client(write("client.cfg", ""), host=make_host(**environment))

        assert config.security.protection == protection
        assert len(config.warnings) == len(environment)
        assert all(name in str(config.warnings[0]) for name in environment)

    def test_policies_lie_beside_the_file(self, write: WriteFile, make_host: MakeHost) -> None:
        main = write("server.cfg", "rpcauthprovider = Action_Policy\n")

        config = load_server(main, host=make_host())

        assert config.policy_folder == main.parent / "policies"
        assert config.authorization.provider == "action_policy"
