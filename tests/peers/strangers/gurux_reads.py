"""gurux-dlms reads a meter and prints what it found as JSON; runs with the strangers' Python, knows nothing of ours."""

import json
import socket
import sys
from datetime import datetime

from gurux_asking import TIMEOUT_S, Asking, over_hdlc, shown
from gurux_dlms import GXDateTime, GXDLMSClient
from gurux_dlms.enums import Authentication, InterfaceType, Security
from gurux_dlms.objects import GXDLMSClock, GXDLMSData, GXDLMSProfileGeneric, GXDLMSRegister
from gurux_dlms.secure import GXDLMSSecureClient


def made(wish: dict) -> GXDLMSClient:
    client = GXDLMSSecureClient(True)
    client.interfaceType = InterfaceType.WRAPPER if wish["link"] == "wrapper" else InterfaceType.HDLC
    client.clientAddress = wish["client"]
    if wish["link"] == "wrapper":
        client.serverAddress = 1
    else:
        over_hdlc(client, wish["address"])
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


def main() -> None:
    wish = json.loads(sys.argv[1])
    reader = Asking(socket.create_connection((wish["host"], wish["port"]), TIMEOUT_S), made(wish))
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
        found["by_entry"] = reader.rows(profile, reader.client.readRowsByEntry(profile, wish["entry"], wish["count"]))
        since, until = (GXDateTime(datetime.fromisoformat(text)) for text in wish["range"])
        found["by_range"] = reader.rows(profile, reader.client.readRowsByRange(profile, since, until))
    found["clock"] = shown(reader.read(GXDLMSClock("0.0.1.0.0.255"), 2))
    reader.leave()
    sys.stdout.write(f"\n{json.dumps(found)}\n")


main()
