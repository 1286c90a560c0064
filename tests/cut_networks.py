"""Two networks of our own, joined by cables that can be cut, healed, and made to swallow what goes through them.

They live in a user namespace, so that no special rights are needed; where the machine forbids such, the test that
wants them fails and says so. Files and Unix sockets are shared with everybody outside.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from enum import Enum

import pytest

_HOLD = ("sh", "-c", "echo there; exec cat")
"""Holds a namespace for as long as its standard input is open: that is, until this process ends, however it ends."""
_NEEDED = (
    "networks of one's own are needed to be cut: user and network namespaces (`unshare -rn true` must work: "
    "user.max_user_namespaces above 0, and a container that allows unshare) and Debian's iproute2"
)
_SYSTEM_PROGRAMS = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"))
"""A plain user need not have these on the path."""
_NOBODYS_PLACE = "02:00:00:00:00:fe"


class Cut(Enum):
    """What can become of a cable."""

    PULLED_HERE = "pulled here"
    """The near end is down: the system knows that there is no way."""
    PULLED_THERE = "pulled there"
    """The far end is down: what is sent goes nowhere."""
    SWALLOWS_REQUESTS = "swallows requests"
    SWALLOWS_ANSWERS = "swallows answers"
    """What is said arrives, and what comes back does not."""


@dataclass(frozen=True, slots=True)
class Network:
    """A network; `run` in front of a command has it run in there."""

    pid: int

    @property
    def run(self) -> tuple[str, ...]:
        return ("nsenter", f"--target={self.pid}", "--user", "--net", "--preserve-credentials", "--")

    def ip(self, command: str) -> str:
        program = shutil.which("ip", path=_SYSTEM_PROGRAMS)
        assert program is not None
        told = subprocess.run(
            [*self.run, program, *command.split()], capture_output=True, text=True, check=False, timeout=10
        )
        assert told.returncode == 0, f"ip {command}: {told.stderr}"
        return told.stdout


@dataclass(frozen=True, slots=True)
class Cable:
    """What joins the near network to the far one."""

    near: Network
    far: Network
    number: int

    @property
    def near_host(self) -> str:
        return f"10.77.{self.number}.1"

    @property
    def far_host(self) -> str:
        return f"10.77.{self.number}.2"

    def lay(self) -> None:
        near, far, number = self.near, self.far, self.number
        near.ip(f"link add near{number} type veth peer name far{number}")
        near.ip(f"link set far{number} netns {far.pid}")
        for network, end, host in ((near, "near", self.near_host), (far, "far", self.far_host)):
            network.ip(f"address add {host}/30 dev {end}{number}")
            network.ip(f"link set {end}{number} up")

    def cut(self, how: Cut) -> None:
        match how:
            case Cut.PULLED_HERE:
                self.near.ip(f"link set near{self.number} down")
            case Cut.PULLED_THERE:
                self.far.ip(f"link set far{self.number} down")
            case Cut.SWALLOWS_REQUESTS:
                self.near.ip(f"neighbour replace {self.far_host} {self._astray('near')}")
            case Cut.SWALLOWS_ANSWERS:
                self.far.ip(f"neighbour replace {self.near_host} {self._astray('far')}")

    def heal(self, how: Cut) -> None:
        match how:
            case Cut.PULLED_HERE:
                self.near.ip(f"link set near{self.number} up")
            case Cut.PULLED_THERE:
                self.far.ip(f"link set far{self.number} up")
            case Cut.SWALLOWS_REQUESTS:
                self.near.ip(f"neighbour delete {self.far_host} dev near{self.number}")
            case Cut.SWALLOWS_ANSWERS:
                self.far.ip(f"neighbour delete {self.near_host} dev far{self.number}")

    def _astray(self, end: str) -> str:
        return f"lladdr {_NOBODYS_PLACE} dev {end}{self.number} nud permanent"


@contextmanager
def joined_networks(cables: int = 1) -> Iterator[tuple[Cable, ...]]:
    """Two networks with so many cables between them. Fails the test where the machine forbids them."""
    missing = [name for name in ("unshare", "nsenter", "ip") if shutil.which(name, path=_SYSTEM_PROGRAMS) is None]
    if missing:
        pytest.fail(f"{', '.join(missing)} missing: {_NEEDED}")
    with ExitStack() as held:
        near = held.enter_context(_held(["unshare", "--map-root-user", "--net", *_HOLD]))
        far = held.enter_context(_held([*near.run, "unshare", "--net", *_HOLD]))
        for network in (near, far):
            network.ip("link set lo up")
        joined = tuple(Cable(near, far, number) for number in range(cables))
        for cable in joined:
            cable.lay()
        yield joined


@contextmanager
def _held(command: Sequence[str]) -> Iterator[Network]:
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        if process.stdout.readline() != "there\n":
            _, why = process.communicate(timeout=10)
            pytest.fail(f"{why.strip()}: {_NEEDED}")
        yield Network(process.pid)
    finally:
        process.communicate(timeout=10)
