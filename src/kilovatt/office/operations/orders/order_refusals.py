"""Why an order cannot be given: known before anything of the database is, so that the command line can say it."""


class OrderRefusedError(Exception):
    """An order that cannot be given.

    The text is English; `sentence` is to be translated and then filled in with `values`.
    """

    def __init__(self, sentence: str, **values: object) -> None:
        super().__init__(sentence % values)
        self.sentence = sentence
        self.values = values
