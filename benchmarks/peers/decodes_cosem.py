"""dlms-cosem: `DlmsClient.get`, then its parser of profile buffers; its log is switched off."""

import logging
from importlib.metadata import version

import structlog

structlog.configure(
    wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL), cache_logger_on_first_use=True
)

from dlms_cosem import cosem, enumerations  # noqa: E402  # after the log is switched off
from dlms_cosem.client import DlmsClient  # noqa: E402
from dlms_cosem.io import HdlcTransport, TcpTransport  # noqa: E402
from dlms_cosem.parsers import ProfileGenericBufferParser  # noqa: E402
from dlms_cosem.security import NoSecurityAuthentication  # noqa: E402
from tape import serve  # noqa: E402


class _TapeIo:
    def __init__(self, tape):
        self.send, self.recv, self.recv_until = tape.write, tape.read, tape.read_until

    def connect(self):
        pass

    def disconnect(self):
        pass


def _transport(capture, tape):
    if capture["link"] == "wrapper":
        return TcpTransport(client_logical_address=capture["client"], server_logical_address=1, io=_TapeIo(tape))
    return HdlcTransport(
        client_logical_address=capture["client"],
        server_logical_address=1,
        server_physical_address=capture["physical"],
        extended_addressing=True,
        io=_TapeIo(tape),
    )


def session(capture, tape):
    keys = {}
    if capture["sealed"]:
        keys = {
            "encryption_key": bytes.fromhex(capture["encryption_key"]),
            "authentication_key": bytes.fromhex(capture["authentication_key"]),
            "client_system_title": bytes.fromhex(capture["client_title"]),
            "client_initial_invocation_counter": 1,
        }
    client = DlmsClient(transport=_transport(capture, tape), authentication=NoSecurityAuthentication(), **keys)
    client.connect()
    client.associate()
    found = []
    for name, columns in capture["profiles"]:
        captured = [
            cosem.CosemAttribute(enumerations.CosemInterface(class_id), cosem.Obis.from_string(column), attribute)
            for class_id, column, attribute in columns
        ]
        parser = ProfileGenericBufferParser(capture_objects=captured, capture_period=30)
        buffer = cosem.CosemAttribute(enumerations.CosemInterface.PROFILE_GENERIC, cosem.Obis.from_string(name), 2)
        tape.arm()
        rows = parser.parse_bytes(client.get(buffer))
        tape.stop()
        found.append([[cell.value for cell in row] for row in rows])
    return [[[row[0].strftime("%Y-%m-%d %H:%M:%S"), *row[1:]] for row in rows] for rows in found]


serve(session, version("dlms-cosem"))
