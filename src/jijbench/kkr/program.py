"""The user's own impurity program: found before anything runs, run in a folder, and ended with all that it started."""

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

from jijbench.errors import ExportError
from jijbench.signals import leaving_on_signals

LOG, LOCK = "log.txt", ".lock"
#: seconds that a program has to end after it was asked to, before it is killed; mpirun needs some for its ranks
GRACE = 5.0
#: of the program's last words in a reason
LAST_LINES, LONGEST = 3, 200


def command(text: str) -> list[str]:
    """Words of a program with its arguments, such as ``mpirun -n 4 kkrimp.x``; files in them get their whole path.

    A path that is there is one word, blanks in it or not. Raises ``ExportError`` where there is no such program.
    """
    try:
        words = [text] if Path(text).is_file() else shlex.split(text)
    except (ValueError, OSError) as error:
        raise ExportError(f"program {text!r}: {error}; write it as in a shell") from error
    if not words:
        raise ExportError("no program is given; name your KKRimp, with mpirun before it if you like")
    here = Path(words[0])
    found = str(here) if here.is_file() else shutil.which(words[0])
    if found is None:
        raise ExportError(f"program {words[0]}: No such file; give its path")
    if not os.access(found, os.X_OK):
        raise ExportError(f"program {words[0]} may not be executed; `chmod +x` it")
    return [str(Path(found).absolute()), *(_whole(word) for word in words[1:])]


def _whole(word: str) -> str:
    """An argument that names a file here and now; the program runs in another folder."""
    path = Path(word)
    return str(path.absolute()) if path.is_file() and not word.isdigit() else word


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[int]:
    """Lock a folder for this process and the programs that it starts; raises ``ExportError`` where one still runs."""
    import fcntl

    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK).open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ExportError(f"{folder}: another call, or a program that it left, still runs here; end it") from error
        except OSError:  # a file system without locks: nothing is worse than before
            pass
        yield lock.fileno()


def call(words: list[str], folder: Path, seconds: float, lock: int | None = None) -> str:
    """Run a program in a folder, output to ``log.txt``; the reason why it did not end well, or ''.

    However this ends, by Ctrl-C and SIGTERM too, the program and its process group are ended before.
    """
    with leaving_on_signals(), (folder / LOG).open("wb") as log:
        try:
            run = subprocess.Popen(
                words, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                start_new_session=True, pass_fds=() if lock is None else (lock,),
            )  # fmt: skip
        except OSError as error:
            return f"{words[0]}: {error.strerror}"
        try:
            code = run.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            return f"stopped after {seconds:g} s" + last_words(folder)
        finally:
            _end(run)
    if not code:
        return ""
    return (f"killed by signal {-code}" if code < 0 else f"exit code {code}") + last_words(folder)


def _end(run: subprocess.Popen) -> None:
    """End a process group: asked first (mpirun then ends its ranks), killed after that; also what the leader left."""
    try:
        if run.poll() is None:
            os.killpg(run.pid, signal.SIGTERM)
            run.wait(timeout=GRACE)
    except (subprocess.TimeoutExpired, ProcessLookupError):
        pass
    finally:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(run.pid, signal.SIGKILL)
        run.wait()


def plain(line: str) -> str:
    """A line without what a terminal or a table would stumble over."""
    return "".join(c if c.isprintable() else " " for c in line).strip()


def last_words(folder: Path) -> str:
    """What a program printed last, without backtraces: ': …', or '' where it said nothing."""
    text = (folder / LOG).read_bytes()[-20000:].decode("utf-8", errors="replace")
    said = [line for line in map(plain, text.splitlines()) if line and not line.startswith("#")]
    return f": {' | '.join(said[-LAST_LINES:])[-LONGEST:]}" if said else ""
