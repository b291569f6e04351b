"""What commands read from and write to: whole files or none, safe streams, progress."""

from __future__ import annotations

import codecs
import errno
import logging
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock, Timer

import click

from sbrtcheck.errors import InputError, OutputError
from sbrtcheck.files import whole_file, writing
from sbrtcheck.progress import Progress, no_progress

_READER_GONE = (errno.EPIPE, errno.EINVAL) if os.name == "nt" else (errno.EPIPE,)  # EINVAL: so Windows calls it
_STDOUT = "standard output"

PATIENCE_S = 1.0
"""What takes no longer needs no bar."""


def existing_folder(folder: Path) -> Path:
    """The folder, which must be there."""
    if not folder.exists():
        raise InputError(
            "no such file or folder", place=str(folder), hint="give the folder with the plan's DICOM files"
        )
    return folder


@contextmanager
def output(
    out: Path | None, *, inputs: Iterable[str | Path | None] = (), binary: bool = False
) -> Iterator[Callable[[str | bytes], None]]:
    """Give a function that writes the result, to the screen or to a file that is there whole or not at all.

    A file that cannot be written, or is one of the ``inputs``, is found out here, before anything is computed; and so
    is what is ``binary`` and would go to a screen.
    """
    if out is None:
        _check_stdout()
        if binary and is_screen():
            raise OutputError("is a screen, and this format is not text", _STDOUT, "write to a file with --out")
        yield print_text
        return
    with whole_file(out, inputs=[Path(file) for file in inputs if file]) as path:
        yield lambda result: _write(path, result, out)


def is_screen() -> bool:
    """Whether standard output is a terminal."""
    return sys.stdout.isatty()


def _write(path: Path, result: str | bytes, out: Path) -> None:
    with writing(out):
        path.write_bytes(result if isinstance(result, bytes) else result.encode("utf-8"))


def _check_stdout() -> None:
    if sys.stdout is None:  # what Python makes of a closed one
        raise OutputError("cannot be written (it is closed)", _STDOUT, "write to a file with --out")


def print_text(result: str | bytes) -> None:
    """Write to standard output; a reader that has gone away (``| head``) is no error of ours."""
    _check_stdout()
    try:
        click.echo(result, nl=False)
        sys.stdout.flush()
    except OSError as error:
        discard_stdout()
        if error.errno not in _READER_GONE:
            raise unwritable_stdout(error) from error


def unwritable_stdout(error: OSError) -> OutputError:
    """The error that standard output cannot be written, for a full disk for instance."""
    return OutputError(f"cannot be written ({error.strerror})", _STDOUT, "make room, or write elsewhere")


def discard_stdout() -> None:
    """Let what is still to be written go nowhere: the interpreter tries once more at its end, and would complain."""
    with suppress(OSError, AttributeError):  # a test's stream, or none
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def print_notice(text: str) -> None:
    """Write lines to standard error; when nobody can read it, there is nobody to tell."""
    with suppress(OSError):
        for line in text.splitlines():
            click.echo(f"sbrtcheck: {line}", err=True)


@contextmanager
def log(*, everything: bool = False) -> Iterator[None]:
    """Show what the package logs from INFO on, or all of it, on standard error."""
    logger, handler = logging.getLogger("sbrtcheck"), logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("sbrtcheck: %(message)s"))
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG if everything else logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


_STAND_INS = "sbrtcheck-stand-ins"
_stood_in: set[str] = set()  # encodings that characters were missing in


def make_streams_safe() -> None:
    """Names in files may hold characters that the console has not: show their number, ``[U+4E2D]``, do not crash."""
    _stood_in.clear()
    codecs.register_error(_STAND_INS, _stand_in)
    for stream in (sys.stdout, sys.stderr):
        if reconfigure := getattr(stream, "reconfigure", None):
            reconfigure(errors=_STAND_INS)


def _stand_in(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    _stood_in.add(error.encoding)
    return "".join(f"[U+{ord(char):04X}]" for char in error.object[error.start : error.end]), error.end


def notice_of_stand_ins() -> None:
    """Say on standard error that characters were written as their numbers, where any were; and what keeps them."""
    if _stood_in:
        where = ", ".join(sorted(_stood_in))
        print_notice(
            f"characters that {where} does not have are shown by their number, as [U+03B1]; "
            "--out FILE, or PYTHONIOENCODING=utf-8, keeps them"
        )


class Bar:
    """How far a command is, on standard error: visible once it has run for `PATIENCE_S`, gone when it ends."""

    def __init__(self, before: str, during: str, after: str) -> None:
        from rich.console import Console
        from rich.progress import Progress

        self._during, self._after = during, after
        self._bar = Progress(console=Console(stderr=True), transient=True)
        self._task = self._bar.add_task(before, total=None)
        self._lock = Lock()
        self._over = False

    def show(self) -> None:
        """Show the bar from now on, unless everything is over."""
        with self._lock:
            if not self._over:
                self._bar.start()

    def end(self) -> None:
        """Wipe the bar away, for good."""
        with self._lock:
            self._over = True
            self._bar.stop()

    def update(self, done: int, of_all: int) -> None:
        """Set how far it is; when all is done, something may still follow."""
        going_on = done < of_all
        self._bar.update(
            self._task,
            description=self._during if going_on else self._after,
            completed=done,
            total=of_all if going_on else None,
        )


@contextmanager
def progress(*, quiet: bool, before: str, during: str, after: str) -> Iterator[Progress]:
    """Give a function that shows how much is done of all on standard error, when somebody looks at it.

    Parameters
    ----------
    quiet
        Show nothing. Nothing is shown either where standard error is no terminal, and where the log is shown instead.
    before, during, after
        What is being done until the first number comes, while there is more to do, and afterwards.
    """
    context = click.get_current_context(silent=True)
    logs = context is not None and context.find_root().meta.get("sbrtcheck.verbose")
    if quiet or logs or sys.stderr is None or not sys.stderr.isatty():
        yield no_progress
        return
    bar = Bar(before, during, after)
    timer = Timer(PATIENCE_S, bar.show)
    timer.daemon = True
    timer.start()
    try:
        yield bar.update
    finally:
        timer.cancel()
        bar.end()
