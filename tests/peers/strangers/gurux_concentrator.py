"""gurux-dlms reads a concentrator's list of logical devices, and then a meter at one of them; knows nothing of ours."""

import json
import socket
import sys

from gurux_asking import TIMEOUT_S, Asking, over_hdlc, shown
from gurux_dlms.enums import Authentication, InterfaceType
from gurux_dlms.objects import GXDLMSData, GXDLMSProfileGeneric, GXDLMSRegister, GXDLMSSapAssignment
from gurux_dlms.secure import GXDLMSSecureClient


def made(wish: dict, device: int) -> GXDLMSSecureClient:
    client = GXDLMSSecureClient(True)
    client.clientAddress = 32
    client.authentication = Authentication.LOW
    client.password = wish["secret"].encode()
    if wish["link"] == "wrapper":
        client.interfaceType = InterfaceType.WRAPPER
        client.serverAddress = device
    else:
        client.interfaceType = InterfaceType.HDLC
        over_hdlc(client, device)
    return client


def main() -> None:
    wish = json.loads(sys.argv[1])
    found = {}
    with socket.create_connection((wish["host"], wish["port"]), TIMEOUT_S) as connected:
        concentrator = Asking(connected, made(wish, 1))
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
        meter = Asking(connected, made(wish, wish["device"]))
        meter.associate()
        found["meter_serial"] = shown(meter.read(GXDLMSData("0.0.96.1.0.255"), 2))
        register = GXDLMSRegister("1.0.1.8.0.255")
        meter.read(register, 3)
        found["energy"] = meter.read(register, 2)
        found["unit"] = int(register.unit)
        meter.leave()
    sys.stdout.write(f"\n{json.dumps(found)}\n")


main()
