"""gurux-dlms reads a meter by short names and prints what it found as JSON; runs with the strangers' Python."""

import json
import socket
import sys
from datetime import datetime

from gurux_asking import TIMEOUT_S, Asking, over_hdlc, shown
from gurux_dlms import GXDateTime, GXDLMSClient
from gurux_dlms.enums import Authentication, InterfaceType, ObjectType


class Reader(Asking):
    """One that can be called by mode E first."""

    def call(self) -> None:
        """Enter by mode E: call, choice, its repetition."""
        self.socket.sendall(b"/?!\r\n")
        line = self._line()
        self.socket.sendall(b"\x062" + line[4:5] + b"2\r\n")
        self.called = line.decode("ascii").strip()
        self.repeated = self._line().hex()

    def _line(self) -> bytes:
        line = b""
        while not line.endswith(b"\r\n"):
            line += self.socket.recv(1)
        return line


def made(wish: dict) -> GXDLMSClient:
    client = GXDLMSClient(False)
    client.interfaceType = InterfaceType.HDLC
    client.clientAddress = wish["client"]
    client.authentication = Authentication.LOW
    client.password = wish["secret"].encode()
    over_hdlc(client, wish["address"])
    return client


def main() -> None:
    wish = json.loads(sys.argv[1])
    reader = Reader(socket.create_connection((wish["host"], wish["port"]), TIMEOUT_S), made(wish))
    found = {}
    if wish.get("is_called"):
        reader.call()
        found["called"], found["repeated"] = reader.called, reader.repeated
        reader.client.serverAddress, reader.client.serverAddressSize = 1, 1
    reader.associate()
    reply = reader.ask(reader.client.getObjectsRequest())
    reader.client.parseObjects(reply.data, True)
    objects = reader.client.objects
    found["objects"] = {f"{int(one.objectType)} {one.logicalName}": one.shortName & 0xFFFF for one in objects}
    found["serial"] = shown(reader.read(objects.findByLN(ObjectType.DATA, "0.0.96.1.0.255"), 2))
    register = objects.findByLN(ObjectType.REGISTER, "1.0.1.8.0.255")
    reader.read(register, 3)
    found["energy"] = reader.read(register, 2)
    found["scaler"], found["unit"] = register.scaler, int(register.unit)
    found["clock"] = shown(reader.read(objects.findByLN(ObjectType.CLOCK, "0.0.1.0.0.255"), 2))
    profile = objects.findByLN(ObjectType.PROFILE_GENERIC, "1.0.99.1.0.255")
    reader.read(profile, 3)
    found["columns"] = [one.logicalName for one, _ in profile.captureObjects]
    found["by_entry"] = reader.rows(profile, reader.client.readRowsByEntry(profile, wish["entry"], wish["count"]))
    since, until = (GXDateTime(datetime.fromisoformat(text)) for text in wish["range"])
    found["by_range"] = reader.rows(profile, reader.client.readRowsByRange(profile, since, until))
    reader.leave()
    sys.stdout.write(f"\n{json.dumps(found)}\n")


main()
