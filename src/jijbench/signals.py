"""SIGTERM and SIGHUP answered as Ctrl-C is: by an exception, so that nothing is left half done."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn


@contextmanager
def leaving_on_signals() -> Iterator[None]:
    """In the main thread the signals raise ``SystemExit``, unless somebody (nohup, say) gave them another meaning."""

    def leave(number: int, _: object) -> NoReturn:
        raise SystemExit(128 + number)

    mine = threading.current_thread() is threading.main_thread()
    kinds = [k for k in (signal.SIGTERM, signal.SIGHUP) if mine and signal.getsignal(k) == signal.SIG_DFL]
    try:
        for kind in kinds:
            signal.signal(kind, leave)
        yield
    finally:
        for kind in kinds:
            signal.signal(kind, signal.SIG_DFL)
