"""pydlms-client's command line reads a meter; what its commands print comes back as one JSON object."""

import json
import subprocess
import sys
from itertools import count
from pathlib import Path

PYDLMS = Path(sys.executable).with_name("pydlms")
COUNTERS = count(1000, 1000)


def main() -> None:
    wish = json.loads(sys.argv[1])
    scheme = "tcp" if wish["link"] == "wrapper" else "tcp+hdlc"
    where = [f"{scheme}://{wish['host']}:{wish['port']}", "--client", str(wish["client"])]
    if wish["link"] == "hdlc":
        where += ["--physical", str(wish["address"]), "--address-size", "4"]
    if wish["security"] == "lls":
        where += ["--auth", "lls", "--password", wish["secret"]]
    if wish["security"] == "gmac":
        where += ["--auth", "gmac", "--key", wish["encryption_key"], "--auth-key", wish["authentication_key"]]
        where += ["--system-title", wish["title"]]
    found = {"clock": said("clock", where)}
    if wish["client"] != 16:
        found["energy"] = said("read", [*where, "--obis", "1.0.1.8.0.255", "--register"])
        found["objects"] = said("list", where)
        found["profile"] = said("profile", [*where, "--obis", "1.0.99.1.0.255", "--last", str(wish["count"])])
    sys.stdout.write(f"\n{json.dumps(found)}\n")


def said(command: str, arguments: list[str]):
    if "gmac" in arguments:
        # The meter remembers which counters it has seen, and each command is a session of its own.
        arguments = [*arguments, "--invocation-counter", str(next(COUNTERS))]
    run = subprocess.run([PYDLMS, "--json", command, *arguments], check=True, capture_output=True, text=True)
    return json.loads(run.stdout)


main()
