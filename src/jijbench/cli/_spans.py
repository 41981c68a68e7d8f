"""Numbers and ranges of numbers on the command line."""


def span_of(part: str) -> range | None:
    """``3`` or ``1-5``; None for anything else, also for a range that runs backwards."""
    first, _, last = part.partition("-")
    if not first.isdigit() or not (last or first).isdigit() or int(first) > int(last or first):
        return None
    return range(int(first), int(last or first) + 1)
