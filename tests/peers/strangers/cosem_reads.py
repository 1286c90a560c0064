"""dlms-cosem reads a meter and prints what it found as JSON; runs with the strangers' Python, knows nothing of ours."""

import json
import sys

from dlms_cosem import cosem, enumerations
from dlms_cosem.client import DlmsClient
from dlms_cosem.io import BlockingTcpIO, HdlcTransport, TcpTransport
from dlms_cosem.security import LowLevelSecurityAuthentication, NoSecurityAuthentication

_TAG_OF_AN_INTEGER = 6


def main() -> None:
    wish = json.loads(sys.argv[1])
    io = BlockingTcpIO(host=wish["host"], port=wish["port"])
    if wish["link"] == "wrapper":
        transport = TcpTransport(client_logical_address=wish["client"], server_logical_address=1, io=io)
    else:
        transport = HdlcTransport(
            client_logical_address=wish["client"],
            server_logical_address=1,
            server_physical_address=wish["address"],
            extended_addressing=True,
            io=io,
        )
    proof = (
        NoSecurityAuthentication()
        if wish["security"] == "none"
        else LowLevelSecurityAuthentication(secret=wish["secret"].encode())
    )
    client = DlmsClient(transport=transport, authentication=proof, block_transfer=True)

    def get(interface, name: str, attribute: int) -> bytes:
        instance = cosem.Obis.from_string(name)
        return client.get(cosem.CosemAttribute(interface=interface, instance=instance, attribute=attribute))

    found = {}
    client.connect()
    client.associate()
    found["clock"] = bytes(get(enumerations.CosemInterface.CLOCK, "0.0.1.0.0.255", 2)).hex()
    if wish["client"] != 16:
        energy = bytes(get(enumerations.CosemInterface.REGISTER, "1.0.1.8.0.255", 2))
        found["energy"] = int.from_bytes(energy[1:], "big") if energy[0] == _TAG_OF_AN_INTEGER else energy.hex()
        columns = bytes(get(enumerations.CosemInterface.PROFILE_GENERIC, "1.0.98.1.0.255", 3))
        rows = bytes(get(enumerations.CosemInterface.PROFILE_GENERIC, "1.0.98.1.0.255", 2))
        found["columns"] = columns[1]
        found["months"] = rows[1]
        found["rows"] = rows.hex()
    client.release_association() if wish.get("release") else None
    client.disconnect()
    sys.stdout.write(f"\n{json.dumps(found)}\n")


main()
