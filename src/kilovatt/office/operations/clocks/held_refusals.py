"""Why what is held apart cannot be dealt with as somebody wants."""


class HeldApartError(Exception):
    """What was held apart cannot be dealt with so.

    The text is English; `sentence` is to be translated and then filled in with `values`.
    """

    def __init__(self, sentence: str, **values: object) -> None:
        super().__init__(sentence % values)
        self.sentence = sentence
        self.values = values
