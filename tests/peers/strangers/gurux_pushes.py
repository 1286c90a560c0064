"""Pushes as gurux-dlms makes them, over one call in the wrapper. Told: host, port, and what as JSON, one by one."""

import json
import socket
import sys
from datetime import datetime

from gurux_dlms import GXDateTime
from gurux_dlms.enums import InterfaceType, Security
from gurux_dlms.objects import GXDLMSCaptureObject, GXDLMSData, GXDLMSPushSetup
from gurux_dlms.secure import GXDLMSSecureNotify


def main() -> None:
    host, port, all_told = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3])
    with socket.create_connection((host, port)) as connected:
        for told in all_told:
            for frame in frames(told):
                connected.sendall(bytes(frame))


def notifying(told: dict) -> GXDLMSSecureNotify:
    notify = GXDLMSSecureNotify(True, 16, 1, InterfaceType.WRAPPER)
    if "title" in told:
        cipher = notify.ciphering
        cipher.systemTitle = bytes.fromhex(told["title"])
        cipher.blockCipherKey = bytes.fromhex(told["encryption_key"])
        cipher.authenticationKey = bytes.fromhex(told["authentication_key"])
        cipher.security = Security.AUTHENTICATION_ENCRYPTION
        cipher.invocationCounter = told["counter"]
    return notify


def frames(told: dict):
    notify = notifying(told)
    flags = GXDLMSData("0.0.97.98.0.255")
    flags.value = told["flags"]
    if told["as"] == "event":
        return notify.generateReport(None, [(flags, 2)])
    name, serial = GXDLMSData("0.0.42.0.0.255"), GXDLMSData("0.0.96.1.0.255")
    name.value, serial.value = told["device"].encode(), told["serial"].encode()
    push = GXDLMSPushSetup("0.0.25.9.0.255")
    carried = [push, name, serial, flags] if told["as"] == "listed" else [name, serial, flags]
    push.pushObjectList = [(one, GXDLMSCaptureObject(2, 0)) for one in carried]
    return notify.generatePushSetupMessages(GXDateTime(datetime.fromisoformat(told["at"])), push)


main()
