"""`kilovatt explain`: frames in words."""


def explain() -> None:
    """Explain frames."""
