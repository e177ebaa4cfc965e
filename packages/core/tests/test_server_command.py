"""``choria server run`` and ``choria tool status`` as programs."""

import json
import os
import signal
from pathlib import Path

import pytest

from choria_core.broker.server import Broker
from choria_core.cli import main
from choria_testing import vectors
from choria_testing.authorities import Authority
from choria_testing.certificates import Certificates
from choria_testing.programs import run_choria

INSECURE = {"INSECURE_YES_REALLY": "true"}


def written(folder: Path, broker_port: int, *lines: str) -> Path:
    file = folder / "server.cfg"
    common = (
        "identity = node1.example",
        f"plugin.choria.middleware_hosts = 127.0.0.1:{broker_port}",
        "plugin.security.provider = file",
        "logfile = stderr",
    )
    file.write_text("\n".join((*common, *lines)) + "\n")
    return file


async def test_a_server_runs_until_it_is_told_to_end(broker: Broker, tmp_path: Path) -> None:
    pid, status = tmp_path / "pid", tmp_path / "status.json"
    file = written(tmp_path, broker.port, f"plugin.choria.status_file_path = {status}")
    words = ("server", "run", "--config", str(file), "--pid", str(pid))
    async with run_choria(*words, environment=os.environ | INSECURE) as program:
        await program.said("the server is ready")
        assert int(pid.read_text()) == program.pid
        assert main(["tool", "status", "--status-file", str(status)]) == 0
        program.terminate()

        assert await program.ended() == 0
        assert "requests are not signed and nothing is encrypted" in program.output
        assert not pid.exists()
    assert main(["tool", "status", "--status-file", str(status)]) == 1


async def test_that_nobody_signs_is_told_even_where_there_is_no_log(tmp_path: Path) -> None:
    file = written(tmp_path, 1, "logfile = discard", "loglevel = fatal")
    words = ("server", "run", "--config", str(file))
    async with run_choria(*words, environment=os.environ | INSECURE) as program:
        await program.said("warning: environment variable INSECURE_YES_REALLY")
        program.terminate()

        assert await program.ended() in (0, -signal.SIGTERM)


async def test_it_waits_for_a_broker_and_ends_when_told(tmp_path: Path) -> None:
    file = written(tmp_path, 1)
    words = ("server", "run", "--config", str(file))
    async with run_choria(*words, environment=os.environ | INSECURE) as program:
        await program.said("not connected")
        program.send(signal.SIGINT)

        assert await program.ended() == 0


async def test_the_recorded_configuration_runs_as_it_is(broker: Broker, tmp_path: Path) -> None:
    text = vectors.path("server-plain.cfg").read_text()
    file = tmp_path / "server.cfg"
    file.write_text(
        text.replace("127.0.0.1:4222", f"127.0.0.1:{broker.port}").replace(
            "/etc/choria/plain/", f"{tmp_path}/"
        )
    )
    words = ("server", "run", "--config", str(file))
    async with run_choria(*words, environment=os.environ | INSECURE) as program:
        await program.said("the server is ready")
        program.terminate()

        assert await program.ended() == 0
    assert json.loads((tmp_path / "status1.json").read_text())["identity"] == "node1.example"


async def test_the_hidden_options_leave_the_signatures_on(broker: Broker, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_bytes(Authority.root("ca").pem)
    file = written(
        tmp_path,
        broker.port,
        f"plugin.security.file.ca = {tmp_path / 'ca.pem'}",
        "plugin.security.file.certificate = /not/read",
        "plugin.security.file.key = /not/read",
    )
    words = ("server", "run", "--config", str(file), "--disable-tls", "--disable-ssl-verification")
    async with run_choria(*words) as program:
        await program.said("the server is ready")
        program.terminate()

        assert await program.ended() == 0
        assert "not signed" not in program.output


async def test_a_strangers_broker_is_trusted_where_the_hidden_option_says_so(
    mutual_tls_broker: Broker, certificates: Certificates, tmp_path: Path
) -> None:
    file = written(
        tmp_path,
        mutual_tls_broker.port,
        f"plugin.security.file.ca = {certificates.other_ca_file}",
        f"plugin.security.file.certificate = {certificates.client.cert_file}",
        f"plugin.security.file.key = {certificates.client.key_file}",
    )
    words = ("server", "run", "--config", str(file))
    async with (
        run_choria(*words) as careful,
        run_choria(*words, "--disable-ssl-verification") as careless,
    ):
        await careful.said("not connected")
        await careless.said("the server is ready")


async def test_without_certificates_it_does_not_start(tmp_path: Path) -> None:
    words = ("server", "run", "--config", str(written(tmp_path, 1)))
    async with run_choria(*words) as program:
        assert await program.ended() == 2
        assert "plugin.security.file.certificate" in program.output


@pytest.mark.parametrize(
    ("changes", "options", "problem"),
    [
        ({}, [], ""),
        ({"connected_server": ""}, [], "not connected"),
        ({"connected_server": ""}, ["--no-disconnected"], ""),
        ({"last_message": 0, "uptime": 10}, [], ""),
        ({"last_message": 0, "uptime": 9_000}, [], "no request has come"),
        ({"last_message": 1}, [], "the last request came"),
        ({"last_message": 1}, ["--message-since", "0"], ""),
        ({"certificate_expires": "2020-01-01T00:00:00Z"}, [], "the certificate expired"),
        ({"certificate_expires": "2020-01-01T00:00:00Z"}, ["--certificate-age", "0"], ""),
        ({"token_expires": "2020-01-01T00:00:00+01:00"}, [], "the token expired"),
        ({"token_expires": "9999-01-01T00:00:00Z"}, [], ""),
        ({}, ["--unprovisioned"], "not in provisioning mode"),
        ({"provisioning_mode": True}, ["--provisioned"], "in provisioning mode"),
        ({}, ["--provisioned"], ""),
        ({"certificate_expires": "soon"}, [], "not an RFC 3339 time"),
        ({"uptime": "long"}, [], "not a status file"),
    ],
)
def test_a_status_file_is_checked(
    changes: dict[str, object],
    options: list[str],
    problem: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    status = json.loads(vectors.path("status.json").read_text())
    file = tmp_path / "status.json"
    file.write_text("{}")
    status["last_message"] = int(file.stat().st_mtime)
    file.write_text(json.dumps(status | changes))

    code = main(["tool", "status", "--status-file", str(file), *options])

    assert code == (1 if problem else 0)
    printed = capsys.readouterr().out
    assert printed.startswith(f"{file} ")
    assert (problem or "OK") in printed


def test_an_old_status_file_is_not_believed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "status.json"
    file.write_bytes(vectors.path("status.json").read_bytes())
    os.utime(file, (1, 1))

    assert main(["tool", "status", "--status-file", str(file)]) == 1
    assert "the file is" in capsys.readouterr().out
    assert main(["tool", "status", "--status-file", str(tmp_path / "absent")]) == 1
    assert "cannot be read" in capsys.readouterr().out
