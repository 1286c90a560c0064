"""What is wrong with a file, as sentences for the person who gave it."""


class FileFaultError(Exception):
    """A file that cannot be used as it is.

    The text is English; `sentence` is to be translated and then filled in with `values`.
    """

    def __init__(self, sentence: str, **values: object) -> None:
        super().__init__(sentence % values)
        self.sentence = sentence
        self.values = values
