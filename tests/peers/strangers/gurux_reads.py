"""gurux-dlms reads a meter and prints what it found as JSON; runs with the strangers' Python, knows nothing of ours."""

import json
import socket
import sys
from datetime import datetime

from gurux_dlms import GXByteBuffer, GXDateTime, GXDLMSClient, GXReplyData
from gurux_dlms.enums import Authentication, InterfaceType, Security
from gurux_dlms.objects import GXDLMSClock, GXDLMSData, GXDLMSProfileGeneric, GXDLMSRegister
from gurux_dlms.secure import GXDLMSSecureClient

_TIMEOUT_S = 10


class Reader:
    """A client over a socket."""

    def __init__(self, wish: dict) -> None:
        self.socket = socket.create_connection((wish["host"], wish["port"]), _TIMEOUT_S)
        self.client = made(wish)

    def ask(self, frames) -> GXReplyData:
        reply = GXReplyData()
        for frame in frames if isinstance(frames, list) else [frames]:
            reply.clear()
            self._exchange(frame, reply)
            while reply.isMoreData():
                following = self.client.receiverReady(reply)
                self._exchange(following, reply)
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
        asked = self.client.snrmRequest()
        if asked:
            self.client.parseUAResponse(self.ask(asked).data)
        self.client.parseAareResponse(self.ask(self.client.aarqRequest()).data)
        if self.client.authentication > Authentication.LOW:
            reply = self.ask(self.client.getApplicationAssociationRequest())
            self.client.parseApplicationAssociationResponse(reply.data)

    def read(self, thing, attribute: int):
        reply = self.ask(self.client.read(thing, attribute))
        return self.client.updateValue(thing, attribute, reply.value)


def made(wish: dict) -> GXDLMSClient:
    client = GXDLMSSecureClient(True)
    client.interfaceType = InterfaceType.WRAPPER if wish["link"] == "wrapper" else InterfaceType.HDLC
    client.clientAddress = wish["client"]
    if wish["link"] == "wrapper":
        client.serverAddress = 1
    else:
        client.serverAddress = GXDLMSClient.getServerAddress(1, wish["address"], 4)
        client.serverAddressSize = 4
    client.authentication = {"none": Authentication.NONE, "lls": Authentication.LOW, "gmac": Authentication.HIGH_GMAC}[
        wish["security"]
    ]
    if wish["security"] == "lls":
        client.password = wish["secret"].encode()
    if wish["security"] == "gmac":
        client.ciphering.security = Security.AUTHENTICATION_ENCRYPTION
        client.ciphering.systemTitle = bytes.fromhex(wish["title"])
        client.ciphering.blockCipherKey = bytes.fromhex(wish["encryption_key"])
        client.ciphering.authenticationKey = bytes.fromhex(wish["authentication_key"])
    return client


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
    reader.associate()
    found = {}
    if wish["client"] != 16:
        reply = reader.ask(reader.client.getObjectsRequest())
        reader.client.parseObjects(reply.data, True)
        found["objects"] = sorted(f"{int(one.objectType)} {one.logicalName}" for one in reader.client.objects)
        found["serial"] = shown(reader.read(GXDLMSData("0.0.96.1.0.255"), 2))
        register = GXDLMSRegister("1.0.1.8.0.255")
        reader.read(register, 3)
        found["energy"] = reader.read(register, 2)
        found["scaler"], found["unit"] = register.scaler, int(register.unit)
        profile = GXDLMSProfileGeneric("1.0.99.1.0.255")
        reader.read(profile, 3)
        found["columns"] = [one.logicalName for one, _ in profile.captureObjects]
        found["in_use"] = reader.read(profile, 7)
        reply = reader.ask(reader.client.readRowsByEntry(profile, wish["entry"], wish["count"]))
        reader.client.updateValue(profile, 2, reply.value)
        found["by_entry"] = [shown(row) for row in profile.buffer]
        since, until = (GXDateTime(datetime.fromisoformat(text)) for text in wish["range"])
        reply = reader.ask(reader.client.readRowsByRange(profile, since, until))
        reader.client.updateValue(profile, 2, reply.value)
        found["by_range"] = [shown(row) for row in profile.buffer]
    found["clock"] = shown(reader.read(GXDLMSClock("0.0.1.0.0.255"), 2))
    for frame in [reader.client.disconnectRequest()]:
        if frame:
            reader.ask(frame)
    sys.stdout.write(f"\n{json.dumps(found)}\n")


main()
