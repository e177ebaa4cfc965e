"""Keys of certificates, tokens and who may do what.  Pure."""

from typing import Final

from choria_core.network_config.keys import ALL, BOTH, CLIENT, NAME, SERVER, Key, Support
from choria_core.network_config.kinds import (
    BOOLEAN,
    CALLER_PATTERNS,
    INTEGER,
    PATH,
    PUBLIC_KEY,
    PUBLIC_KEYS,
    TEXT,
    WORDS,
    choice,
)

_PROVIDERS: Final = choice(
    "puppet",
    "file",
    "choria",
    pkcs11="keys on a hardware token are not used",
    certmanager="certificates are not asked of Kubernetes",
)

PROVIDER: Final = (
    Key(
        "plugin.security.provider",
        _PROVIDERS,
        ALL,
        "where keys come from: Puppet's folders, `file` settings, `choria` tokens (protocol 2)",
        default="puppet",
    ),
    Key(
        "plugin.choria.ssldir",
        PATH,
        ALL,
        "folder of Puppet's certificates; asked of Puppet where unset",
    ),
    Key("plugin.security.file.certificate", PATH, ALL, "certificate of the provider `file`"),
    Key("plugin.security.file.key", PATH, ALL, "private key of the provider `file`"),
    Key("plugin.security.file.ca", PATH, ALL, "authorities of the provider `file`"),
    Key(
        "plugin.security.choria.certificate",
        PATH,
        ALL,
        "certificate of the provider `choria`, where TLS shows one",
    ),
    Key("plugin.security.choria.key", PATH, ALL, "private key of the provider `choria`"),
    Key("plugin.security.choria.ca", PATH, ALL, "authorities of the provider `choria`"),
    Key("plugin.security.choria.token_file", PATH, ALL, "token of the provider `choria`"),
    Key("plugin.security.choria.seed_file", PATH, ALL, "ed25519 seed that belongs to the token"),
    Key(
        "plugin.security.choria.sign_replies",
        BOOLEAN,
        SERVER,
        "sign replies of the provider `choria`",
        default="true",
    ),
)

TRUST: Final = (
    Key(
        "plugin.security.choria.trusted_signers",
        PUBLIC_KEYS,
        ALL,
        "keys that sign the tokens of clients and servers",
    ),
    Key(
        "plugin.security.issuer.names",
        WORDS,
        ALL,
        "organisations whose tokens are trusted, in place of trusted signers",
    ),
    Key(
        f"plugin.security.issuer.{NAME}.public",
        PUBLIC_KEY,
        ALL,
        "key of the organisation of that name",
    ),
    Key(
        "plugin.choria.security.privileged_users",
        CALLER_PATTERNS,
        SERVER,
        "patterns of certificate names that may speak for others",
        default=r"\.privileged.mcollective$,\.privileged.choria$",
    ),
    Key(
        "plugin.choria.security.certname_whitelist",
        CALLER_PATTERNS,
        SERVER,
        "patterns of certificate names that may be clients",
        default=r"\.mcollective$,\.choria$",
    ),
    Key(
        "plugin.security.support_legacy_certificates",
        BOOLEAN,
        BOTH,
        "take certificates that have a common name alone",
        default="false",
    ),
    Key(
        "plugin.security.server_anon_tls",
        BOOLEAN,
        SERVER,
        "connect with a token in place of a certificate",
        default="false",
    ),
    Key(
        "plugin.choria.security.server.token_file",
        PATH,
        SERVER,
        "token for that; `server.jwt` beside the configuration where unset",
    ),
    Key(
        "plugin.choria.security.server.seed_file",
        PATH,
        SERVER,
        "seed of that token; `server.seed` beside the configuration where unset",
    ),
)

NOT_HERE: Final = (
    Key(
        "plugin.security.client_anon_tls",
        BOOLEAN,
        CLIENT,
        "connect without a certificate, requests being signed elsewhere",
        default="false",
        support=Support.NEVER,
        refused=True,
    ),
    Key(
        "plugin.choria.security.request_signer.url",
        TEXT,
        CLIENT,
        "signing service (aaasvc) over HTTP",
        support=Support.NEVER,
        refused=True,
    ),
    Key(
        "plugin.choria.security.request_signer.service",
        BOOLEAN,
        CLIENT,
        "have requests signed by a service (aaasvc) on the network",
        default="false",
        support=Support.NEVER,
        refused=True,
    ),
    Key(
        "plugin.choria.security.request_signer.token_file",
        PATH,
        CLIENT,
        "token for the signing service (aaasvc)",
        support=Support.NEVER,
        refused=True,
    ),
    Key(
        "plugin.choria.security.request_signer.seed_file",
        PATH,
        CLIENT,
        "seed for the signing service (aaasvc)",
        support=Support.NEVER,
        refused=True,
    ),
    Key(
        "plugin.login.aaasvc.login.url",
        WORDS,
        CLIENT,
        "where `choria login` gets a token (aaasvc)",
        support=Support.NEVER,
        refused=True,
    ),
    Key(
        "plugin.security.cipher_suites",
        WORDS,
        BOTH,
        "TLS cipher suites, by Go's names",
        support=Support.LATER,
    ),
    Key(
        "plugin.security.ecc_curves",
        WORDS,
        BOTH,
        "TLS curves, by Go's names",
        support=Support.LATER,
    ),
    Key(
        "plugin.security.pkcs11.driver_file",
        PATH,
        CLIENT,
        "driver of the provider `pkcs11`",
        support=Support.NEVER,
        refused=True,
    ),
    Key(
        "plugin.security.pkcs11.slot",
        INTEGER,
        CLIENT,
        "slot of the provider `pkcs11`",
        support=Support.NEVER,
        refused=True,
    ),
    Key(
        "plugin.security.certmanager.namespace",
        TEXT,
        BOTH,
        "Kubernetes namespace of the provider `certmanager`",
        default="choria",
        support=Support.NEVER,
    ),
    Key(
        "plugin.security.certmanager.issuer",
        TEXT,
        BOTH,
        "issuer of the provider `certmanager`",
        support=Support.NEVER,
    ),
    Key(
        "plugin.security.certmanager.replace",
        BOOLEAN,
        BOTH,
        "make signing requests of the provider `certmanager` anew",
        default="true",
        support=Support.NEVER,
    ),
    Key(
        "plugin.security.certmanager.alt_names",
        WORDS,
        BOTH,
        "more names for the certificate of `certmanager`",
        support=Support.NEVER,
    ),
    Key(
        "plugin.security.certmanager.api_version",
        TEXT,
        BOTH,
        "API version of `certmanager`",
        default="v1",
        support=Support.NEVER,
    ),
)

SECURITY: Final = (*PROVIDER, *TRUST, *NOT_HERE)
