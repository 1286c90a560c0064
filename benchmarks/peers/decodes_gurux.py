"""gurux-dlms: `getData` until the answer is whole, then `updateValue` of the profile, as its own reader does."""

from importlib.metadata import version

from gurux_dlms import GXByteBuffer, GXDLMSClient, GXReplyData
from gurux_dlms.enums import Authentication, InterfaceType, Security
from gurux_dlms.objects import GXDLMSCaptureObject, GXDLMSClock, GXDLMSData, GXDLMSProfileGeneric, GXDLMSRegister
from gurux_dlms.secure import GXDLMSSecureClient
from tape import serve

_CLASSES = {1: GXDLMSData, 3: GXDLMSRegister, 8: GXDLMSClock}


def _client(capture):
    client = GXDLMSSecureClient(True)  # noqa: FBT003  # logical names
    client.clientAddress = capture["client"]
    client.authentication = Authentication.NONE
    if capture["link"] == "wrapper":
        client.interfaceType, client.serverAddress = InterfaceType.WRAPPER, 1
    else:
        client.interfaceType = InterfaceType.HDLC
        client.serverAddress = GXDLMSClient.getServerAddress(1, capture["physical"], 4)
        client.serverAddressSize = 4
    if capture["sealed"]:
        client.ciphering.security = Security.AUTHENTICATION_ENCRYPTION
        client.ciphering.systemTitle = bytes.fromhex(capture["client_title"])
        client.ciphering.blockCipherKey = bytes.fromhex(capture["encryption_key"])
        client.ciphering.authenticationKey = bytes.fromhex(capture["authentication_key"])
    return client


def _asked(client, tape, frames):
    reply = GXReplyData()
    for frame in frames if isinstance(frames, list) else [frames]:
        _exchanged(client, tape, frame, reply)
        while reply.isMoreData():
            _exchanged(client, tape, client.receiverReady(reply), reply)
    return reply


def _exchanged(client, tape, frame, reply):
    tape.write(frame)
    received = GXByteBuffer()
    received.set(tape.read())
    if not client.getData(received, reply, GXReplyData()):
        raise ValueError("an answer that is not whole")
    if reply.error:
        raise ValueError(f"error {reply.error}")


def session(capture, tape):
    client = _client(capture)
    if capture["link"] == "hdlc":
        client.parseUAResponse(_asked(client, tape, client.snrmRequest()).data)
    client.parseAareResponse(_asked(client, tape, client.aarqRequest()).data)
    found = []
    for name, columns in capture["profiles"]:
        profile = GXDLMSProfileGeneric(name)
        for class_id, column, attribute in columns:
            profile.captureObjects.append((_CLASSES[class_id](column), GXDLMSCaptureObject(attribute, 0)))
        asked = client.readRowsByEntry(profile, 1, 48)
        tape.arm()
        client.updateValue(profile, 2, _asked(client, tape, asked).value)
        tape.stop()
        found.append(profile.buffer)
    return [[[row[0].value.strftime("%Y-%m-%d %H:%M:%S"), *map(int, row[1:])] for row in rows] for rows in found]


serve(session, version("gurux-dlms"))
