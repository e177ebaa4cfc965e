"""``choria jwt``: keys and tokens of protocol version 2.

Arguments, options and aliases are those of the Go tool, and the files of either
suit the other.
"""

from pathlib import Path
from typing import Annotated, Any, Final

import typer

from choria_core.durations import parse_choria_duration
from choria_core.errors import ConfigError, UsageError

app = typer.Typer(help="Make and show keys and tokens of protocol version 2.")

TokenFile = Annotated[Path, typer.Argument(help="File of the token.", dir_okay=False)]
SigningKey = Annotated[
    Path, typer.Argument(help="File with the seed of whoever issues the token.", dir_okay=False)
]
Organisation = Annotated[str, typer.Option("--org", help="Organisation the owner belongs to.")]
Validity = Annotated[str, typer.Option(help="How long the token is valid, as 1h, 30d or 1y.")]
PublicKey = Annotated[str, typer.Option(help="Public key of the owner, or its file.")]
Texts = list[str] | None
_ENFORCED_ELSEWHERE: Final = (
    "A remote signer enforces it; choria server run does not, its action policies decide."
)


def _may(option: str, what: str) -> Any:
    """An option that gives a permission."""
    return typer.Option(option, help=f"May {what}.")


def _policy(file: Path | None) -> str:
    """What an Open Policy Agent's ``file`` holds; nothing without one."""
    if file is None:
        return ""
    try:
        return file.read_text()
    except OSError as error:
        raise ConfigError(f"policy {file} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"policy {file} is no UTF-8; save it as that") from error


def _refuse_vault(asked: bool) -> None:  # noqa: FBT001 - how a callback is called
    if asked:
        raise UsageError("--vault is not offered: name a file with the signing seed instead")


Fleet = Annotated[bool, typer.Option("--fleet-management/--no-fleet-management", help="May call.")]
SignedFleet = Annotated[bool, _may("--signed-fleet-management", "call what a delegate signed")]
Agents = Annotated[
    Texts, typer.Option(help=f"Agent or AGENT.ACTION to call. {_ENFORCED_ELSEWHERE}")
]
Policy = Annotated[str, typer.Option(help=f"Open Policy Agent policy. {_ENFORCED_ELSEWHERE}")]
PolicyFile = Annotated[
    Path | None,
    typer.Option(
        help=f"File with an Open Policy Agent policy. {_ENFORCED_ELSEWHERE}", dir_okay=False
    ),
]
Vault = Annotated[bool, typer.Option("--vault", hidden=True, callback=_refuse_vault)]


@app.callback()
def _group() -> None:
    """Make and show keys and tokens of protocol version 2."""


@app.command()
@app.command("k", hidden=True)
def keys(
    seed_file: Annotated[Path, typer.Argument(help="File of the private seed.", dir_okay=False)],
    public: Annotated[
        Path | None, typer.Argument(help="File to write the public key to.", dir_okay=False)
    ] = None,
    *,
    force: Annotated[
        bool, typer.Option("--force", "-f", help="Replace a seed that is there.")
    ] = False,
    show_public: Annotated[
        bool, typer.Option("--show-public", help="Show the public key of the seed that is there.")
    ] = False,
) -> None:
    """Make an ed25519 key pair."""
    from choria_core.security import token_files

    if show_public:
        typer.echo(f"Public Key: {token_files.show_public(seed_file)}")
        return
    key = token_files.make_keys(seed_file, public, force=force)
    typer.echo(f"Public Key: {key}\n\nEd25519 seed saved in {seed_file}")


@app.command()
@app.command("c", hidden=True)
def client(  # noqa: PLR0913 - each is an option
    file: TokenFile,
    identity: Annotated[str, typer.Argument(help="Caller id of the client.")],
    signing_key: SigningKey,
    *,
    agents: Agents = None,
    org: Organisation = "choria",
    opa_file: PolicyFile = None,
    opa: Policy = "",
    validity: Validity = "1h",
    public_key: PublicKey = "",
    stream_admin: Annotated[bool, _may("--stream-admin", "administer streams")] = False,
    stream_user: Annotated[bool, _may("--stream-user", "use streams")] = False,
    event_viewer: Annotated[bool, _may("--event-viewer", "see events")] = False,
    elections_user: Annotated[bool, _may("--elections-user", "take part in elections")] = False,
    service: Annotated[bool, _may("--service", "have a long validity")] = False,
    system: Annotated[bool, _may("--system", "use the broker's system account")] = False,
    auth_delegation: Annotated[bool, _may("--auth-delegation", "sign requests of others")] = False,
    fleet_management: Fleet = True,
    signed_fleet_management: SignedFleet = False,
    org_admin: Annotated[bool, _may("--org-admin", "see all traffic of the broker")] = False,
    publish: Annotated[Texts, typer.Option(help="Subject to publish to.")] = None,
    subscribe: Annotated[Texts, typer.Option(help="Subject to subscribe to.")] = None,
    issuer: Annotated[bool, _may("--issuer", "issue tokens in a chain of trust")] = False,
    server_provisioner: Annotated[bool, _may("--server-provisioner", "provision servers")] = False,
    governor: Annotated[bool, _may("--governor", "use governors")] = False,
    vault: Vault = False,  # noqa: ARG001 - refused before
) -> None:
    """Make a client's token."""
    from choria_core.security.token_claims import ClientPermissions
    from choria_core.security.token_files import make_client_token
    from choria_core.security.token_issue import ClientToken

    token = ClientToken(
        caller=identity,
        public_key=public_key,
        permissions=ClientPermissions(
            streams_admin=stream_admin,
            streams_user=stream_user,
            events_viewer=event_viewer,
            election_user=elections_user,
            system_user=system,
            governor=governor,
            org_admin=org_admin,
            fleet_management=fleet_management,
            signed_fleet_management=signed_fleet_management,
            service=service,
            authentication_delegator=auth_delegation,
            provisioner=server_provisioner,
        ),
        is_issuer=issuer,
        organisation=org,
        agents=tuple(agents or ()),
        opa_policy=_policy(opa_file) or opa,
        publish=tuple(publish or ()),
        subscribe=tuple(subscribe or ()),
        validity_seconds=_seconds(validity),
    )
    make_client_token(file, token, signing_key=signing_key)
    _tell_saved(file)


@app.command()
@app.command("s", hidden=True)
def server(  # noqa: PLR0913 - each is an option
    file: TokenFile,
    identity: Annotated[str, typer.Argument(help="Identity of the server.")],
    public_key: Annotated[str, typer.Argument(help="Public key of the server, or its file.")],
    signing_key: SigningKey,
    *,
    collectives: Annotated[
        Texts, typer.Option(help="Its collectives; mcollective without.")
    ] = None,
    org: Organisation = "choria",
    subjects: Annotated[Texts, typer.Option(help="Subject to publish to.")] = None,
    submission: Annotated[bool, _may("--submission", "submit messages to streams")] = False,
    stream_user: Annotated[bool, _may("--stream-user", "use streams")] = False,
    validity: Validity = "8760h",
    service: Annotated[bool, _may("--service", "host services")] = False,
    governor: Annotated[bool, _may("--governor", "use governors")] = False,
    vault: Vault = False,  # noqa: ARG001 - refused before
) -> None:
    """Make a server's token."""
    from choria_core.security.token_claims import ServerPermissions
    from choria_core.security.token_files import make_server_token
    from choria_core.security.token_issue import ServerToken

    permissions = ServerPermissions(
        submission=submission, streams=stream_user, governor=governor, service_host=service
    )
    token = ServerToken(
        identity=identity,
        public_key=public_key,
        collectives=tuple(collectives or ("mcollective",)),
        permissions=permissions,
        organisation=org,
        publish=tuple(subjects or ()),
        validity_seconds=_seconds(validity),
    )
    make_server_token(file, token, signing_key=signing_key)
    _tell_saved(file)


@app.command()
@app.command("show", hidden=True)
@app.command("v", hidden=True)
def view(
    file: TokenFile,
    public: Annotated[
        Path | None,
        typer.Argument(help="File with the public key that must have signed it.", dir_okay=False),
    ] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print the claims as JSON.")] = False,
) -> None:
    """Show a token; ends with 1 where it has expired."""
    from choria_core.security.token_files import view_token

    shown = view_token(file, public, json=as_json)
    typer.echo(shown.text, nl=False)
    if shown.is_expired:
        raise typer.Exit(1)


def _seconds(validity: str) -> float:
    try:
        return parse_choria_duration(validity)
    except ConfigError as error:
        raise UsageError(f"--validity: {error}") from error


def _tell_saved(file: Path) -> None:
    typer.echo(f"Saved token to {file}, use 'choria jwt view {file}' to view it")
