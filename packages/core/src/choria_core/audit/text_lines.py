"""Lines of an audit log as text, as MCollective's plugin ``logfile`` wrote them.  Pure.

[2026-01-02 03:04:05 UTC] reqid=…: reqtime=1700000000 caller=choria=x@… agent=rpcutil
action=ping data={:msg=>"hello"}

All in one line.  Names with blanks or characters that cannot be printed, which no honest
caller has, are written with escapes.
"""

import re
from datetime import UTC, datetime
from typing import Any, Final

from msgspec import Raw

from choria_core.audit.entry import AuditEntry
from choria_core.audit.ruby_text import escaped, inspected, quoted, read_inspected, unescaped
from choria_core.errors import ChoriaError, LocalProtocolError, RemoteProtocolError
from choria_core.protocol.json_documents import encode_document
from choria_core.protocol.messages import NANOSECONDS
from choria_core.protocol.rpc_body import pack_fields, unpack_fields

_LINE: Final = re.compile(
    r"\[(?P<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC\] reqid=(?P<id>\S*): "
    r"reqtime=(?P<reqtime>-?\d{1,18}) caller=(?P<caller>\S*)@(?P<sender>[^\s@]*) "
    r"agent=(?P<agent>\S*) action=(?P<action>\S*) data=(?P<data>.*)"
)
