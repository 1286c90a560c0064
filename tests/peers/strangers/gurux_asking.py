"""How gurux-dlms asks over a socket: shared by the scripts beside it, which run with the strangers' Python."""

import socket

from gurux_dlms import GXByteBuffer, GXDateTime, GXDLMSClient, GXReplyData
from gurux_dlms.enums import Authentication

TIMEOUT_S = 10


class Asking:
    """A client of one logical device over a socket; several may share the socket, one after another."""

    def __init__(self, connected: socket.socket, client: GXDLMSClient) -> None:
        self.socket = connected
        self.client = client

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

    def rows(self, profile, frames) -> list:
        reply = self.ask(frames)
        self.client.updateValue(profile, 2, reply.value)
        return [shown(row) for row in profile.buffer]

    def leave(self) -> None:
        frame = self.client.disconnectRequest()
        if frame:
            self.ask(frame)


def over_hdlc(client: GXDLMSClient, address: int) -> None:
    """Address a meter by four bytes."""
    client.serverAddress = GXDLMSClient.getServerAddress(1, address, 4)
    client.serverAddressSize = 4


def shown(value):
    if isinstance(value, GXDateTime):
        return value.value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).hex()
    if isinstance(value, (list, tuple)):
        return [shown(one) for one in value]
    return value
