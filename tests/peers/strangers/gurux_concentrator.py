"""gurux-dlms reads a concentrator's list of logical devices, and then a meter at one of them; knows nothing of ours."""

import json
import socket
import sys

from gurux_dlms import GXByteBuffer, GXDLMSClient, GXReplyData
from gurux_dlms.enums import Authentication, InterfaceType
from gurux_dlms.objects import GXDLMSData, GXDLMSProfileGeneric, GXDLMSRegister, GXDLMSSapAssignment
from gurux_dlms.secure import GXDLMSSecureClient

_TIMEOUT_S = 10


class Reader:
    """A client of one logical device over a socket; several share the socket, one after another."""

    def __init__(self, wish: dict, connected: socket.socket, device: int) -> None:
        self.socket = connected
        self.client = GXDLMSSecureClient(True)
        self.client.clientAddress = 32
        self.client.authentication = Authentication.LOW
        self.client.password = wish["secret"].encode()
        if wish["link"] == "wrapper":
            self.client.interfaceType = InterfaceType.WRAPPER
            self.client.serverAddress = device
        else:
            self.client.interfaceType = InterfaceType.HDLC
            self.client.serverAddress = GXDLMSClient.getServerAddress(1, device, 4)
            self.client.serverAddressSize = 4

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
                raise ConnectionError("it hung up")
            received.set(piece)
            if self.client.getData(received, reply, GXReplyData()):
                break
        if reply.error:
            raise ValueError(f"error {reply.error}")

    def associate(self) -> None:
        asked = self.client.snrmRequest()
        if asked:
            self.client.parseUAResponse(self.ask(asked).data)
        self.client.parseAareResponse(self.ask(self.client.aarqRequest()).data)

    def read(self, thing, attribute: int):
        reply = self.ask(self.client.read(thing, attribute))
        return self.client.updateValue(thing, attribute, reply.value)

    def leave(self) -> None:
        frame = self.client.disconnectRequest()
        if frame:
            self.ask(frame)


def shown(value):
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).hex()
    if isinstance(value, (list, tuple)):
        return [shown(one) for one in value]
    return value


def main() -> None:
    wish = json.loads(sys.argv[1])
    found = {}
    with socket.create_connection((wish["host"], wish["port"]), _TIMEOUT_S) as connected:
        concentrator = Reader(wish, connected, 1)
        concentrator.associate()
        found["serial"] = shown(concentrator.read(GXDLMSData("0.0.96.1.0.255"), 2))
        saps = GXDLMSSapAssignment("0.0.41.0.0.255")
        concentrator.read(saps, 2)
        found["saps"] = [[address, str(name)] for address, name in saps.sapAssignmentList]
        table = GXDLMSProfileGeneric("0.0.94.7.134.255")
        concentrator.read(table, 3)
        found["columns"] = [one.logicalName for one, _ in table.captureObjects]
        found["in_use"] = concentrator.read(table, 7)
        concentrator.leave()
        meter = Reader(wish, connected, wish["device"])
        meter.associate()
        found["meter_serial"] = shown(meter.read(GXDLMSData("0.0.96.1.0.255"), 2))
        register = GXDLMSRegister("1.0.1.8.0.255")
        meter.read(register, 3)
        found["energy"] = meter.read(register, 2)
        found["unit"] = int(register.unit)
        meter.leave()
    sys.stdout.write(f"\n{json.dumps(found)}\n")


main()
