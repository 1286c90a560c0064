"""A line that is opened when it is wanted, and kept."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable

from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.wire.headend.channels import Channel, NoRouteError
from kilovatt.wire.headend.lines import LineSpec

OpenChannel = Callable[[LineSpec], Awaitable[Channel]]


class KeptLine(ABC):
    """A line, whether it is open, and why it is not."""

    __slots__ = (
        "_channel", "_open_channel", "_quiet_s", "_rest_s", "_timeout_s", "spec", "unreachable", "unreachable_outcome",
    )  # fmt: skip

    def __init__(self, spec: LineSpec, open_channel: OpenChannel) -> None:
        self.be_as_patient_as(spec)
        self.unreachable: str | None = None
        """Why the line could not be opened the last time that was tried; None otherwise."""
        self.unreachable_outcome = Outcome.NO_ROUTE
        self._open_channel = open_channel
        self._channel: Channel | None = None

    def be_as_patient_as(self, spec: LineSpec) -> None:
        """Be as patient as another spec of the same line from the next conversation on."""
        self.spec = spec
        self._timeout_s, self._quiet_s, self._rest_s = spec.answer_timeout_s, spec.quiet_s, spec.rest_s

    @property
    def is_open(self) -> bool:
        """Whether the line is there."""
        return self._channel is not None and self._channel.lost_because is None

    async def open(self) -> None:
        """Open the line if it is not. Raises NoRouteError with what happened."""
        if self.is_open:
            return
        await self.close()
        self.unreachable = None
        try:
            channel = await self._open_channel(self.spec)
        except NoRouteError as error:
            self.unreachable, self.unreachable_outcome = str(error), error.outcome
            raise
        self._channel = channel
        self._opened(channel)

    async def close(self) -> None:
        """Close the line; what it owes it still owes when it is opened again."""
        self._closing()
        if self._channel is not None:
            channel, self._channel = self._channel, None
            channel.on_bytes = lambda _: None
            await channel.close()

    def lost(self) -> NoRouteError:
        """Return the error that says why the line is not there."""
        channel = self._channel
        if channel is None or channel.lost_because is None:
            return NoRouteError("the line is not open")
        return NoRouteError(channel.lost_because, channel.lost_outcome)

    @abstractmethod
    def _opened(self, channel: Channel) -> None:
        """Begin to listen."""

    @abstractmethod
    def _closing(self) -> None:
        """Let go of what the line needs as long as it is open."""
