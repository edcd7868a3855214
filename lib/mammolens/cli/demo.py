"""``mammolens demo``."""


def demo() -> None:
    """Later."""
