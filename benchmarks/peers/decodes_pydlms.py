"""pydlms-client: `get` of the buffer, then each cell as its plain value and each stamp as a `CosemDateTime`.

`read_profile` would ask for the capture objects each time, and types each cell by its model: slower than this.
"""

from importlib.metadata import version

from pydlms.association import AssociationSettings
from pydlms.client import DlmsClient
from pydlms.cosem.time import CosemDateTime
from pydlms.hdlc.address import HdlcAddress
from pydlms.hdlc.connection import HdlcLink
from pydlms.security.context import SecurityContext
from pydlms.transports.base import Transport
from pydlms.wrapper import WrapperLink
from tape import serve


class _TapeTransport(Transport):
    def __init__(self, tape):
        self.tape = tape

    def open(self):
        pass

    def close(self):
        pass

    def _write(self, data):
        self.tape.write(data)

    def _read(self, max_bytes, timeout):  # noqa: ARG002  # of the interface
        return self.tape.read(max_bytes)


def session(capture, tape):
    transport = _TapeTransport(tape)
    if capture["link"] == "wrapper":
        link = WrapperLink(transport, capture["client"], 1)
    else:
        link = HdlcLink(transport, capture["client"], HdlcAddress.server(1, capture["physical"], 4))
    security = None
    if capture["sealed"]:
        security = SecurityContext(
            encryption_key=bytes.fromhex(capture["encryption_key"]),
            authentication_key=bytes.fromhex(capture["authentication_key"]),
            client_system_title=bytes.fromhex(capture["client_title"]),
            invocation_counter=1,
        )
    client = DlmsClient(link, AssociationSettings(security=security)).connect()
    found = []
    for name, _ in capture["profiles"]:
        tape.arm()
        rows = [
            [CosemDateTime.from_bytes(cells[0].value), *(cell.value for cell in cells[1:])]
            for cells in (row.value for row in client.get(name, 7, 2).value)
        ]
        tape.stop()
        found.append(rows)
    return [[[row[0].to_datetime().strftime("%Y-%m-%d %H:%M:%S"), *row[1:]] for row in rows] for rows in found]


serve(session, version("pydlms-client"))
