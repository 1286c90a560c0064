"""gurux-dlms reads a meter by short names and prints what it found as JSON; runs with the strangers' Python."""

import json
import socket
import sys
from datetime import datetime

from gurux_dlms import GXByteBuffer, GXDateTime, GXDLMSClient, GXReplyData
from gurux_dlms.enums import Authentication, InterfaceType, ObjectType

_TIMEOUT_S = 10


class Reader:
    """A client over a socket."""

    def __init__(self, wish: dict) -> None:
        self.socket = socket.create_connection((wish["host"], wish["port"]), _TIMEOUT_S)
        self.client = GXDLMSClient(False)
        self.client.interfaceType = InterfaceType.HDLC
        self.client.clientAddress = wish["client"]
        self.client.serverAddress = GXDLMSClient.getServerAddress(1, wish["address"], 4)
        self.client.serverAddressSize = 4
        self.client.authentication = Authentication.LOW
        self.client.password = wish["secret"].encode()

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

    def ask(self, frames) -> GXReplyData:
        reply = GXReplyData()
        for frame in frames if isinstance(frames, list) else [frames]:
            reply.clear()
            self._exchange(frame, reply)
            while reply.isMoreData():
                self._exchange(self.client.receiverReady(reply), reply)
        return reply

    def _exchange(self, frame, reply: GXReplyData) -> None:
        if not frame:
            return
        self.socket.sendall(bytes(frame))
        received = GXByteBuffer()
        while True:
            piece = self.socket.recv(65536)
            if not piece:
                raise ConnectionError("the meter hung up")
            received.set(piece)
            if self.client.getData(received, reply, GXReplyData()):
                break
        if reply.error:
            raise ValueError(f"error {reply.error}")

    def associate(self) -> None:
        self.client.parseUAResponse(self.ask(self.client.snrmRequest()).data)
        self.client.parseAareResponse(self.ask(self.client.aarqRequest()).data)

    def read(self, thing, attribute: int):
        reply = self.ask(self.client.read(thing, attribute))
        return self.client.updateValue(thing, attribute, reply.value)


def shown(value):
    if isinstance(value, GXDateTime):
        return value.value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).hex()
    if isinstance(value, (list, tuple)):
        return [shown(one) for one in value]
    return value


def main() -> None:
    wish = json.loads(sys.argv[1])
    reader = Reader(wish)
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
    reply = reader.ask(reader.client.readRowsByEntry(profile, wish["entry"], wish["count"]))
    reader.client.updateValue(profile, 2, reply.value)
    found["by_entry"] = [shown(row) for row in profile.buffer]
    since, until = (GXDateTime(datetime.fromisoformat(text)) for text in wish["range"])
    reply = reader.ask(reader.client.readRowsByRange(profile, since, until))
    reader.client.updateValue(profile, 2, reply.value)
    found["by_range"] = [shown(row) for row in profile.buffer]
    reader.ask(reader.client.disconnectRequest())
    sys.stdout.write(f"\n{json.dumps(found)}\n")


main()
