"""Echoes: adapters that hear themselves give our own request back before the answer, or instead of it."""


class EchoFilter:
    """Takes the echo of a request away from the front of what comes back, and remembers whether the line echoes.

    Many requests of Mercury are as long as their answers and end in a valid checksum: the echo of one must
    never be taken for an answer. So whatever repeats the request byte for byte is held back until something
    else follows it (then it was an echo), or nothing does.
    """

    __slots__ = ("_request", "echoes", "held", "undecided")

    def __init__(self) -> None:
        self.echoes: bool | None = None
        """Whether this line echoes; None while no answer has shown it."""
        self.held = b""
        """What may be an echo."""
        self.undecided = False
        self._request = b""

    def expect(self, request: bytes) -> None:
        """Begin with a request that was just sent."""
        self._request = request
        self.held = b""
        self.undecided = True

    @property
    def is_whole(self) -> bool:
        """Whether exactly the whole request came back so far."""
        return self.undecided and len(self.held) == len(self._request)

    def pass_on(self, data: bytes) -> bytes:
        """Return what of the bytes that came is not, or no longer can be, an echo."""
        request = self._request
        heard = self.held + data if self.held else data
        if request.startswith(heard):
            self.held = heard
            return b""
        self.undecided = False
        self.held = b""
        if heard.startswith(request):
            self.echoes = True
            return heard[len(request) :]
        return heard

    def release(self) -> bytes:
        """Return what was held back: nothing followed it."""
        held, self.held = self.held, b""
        self.undecided = False
        return held
