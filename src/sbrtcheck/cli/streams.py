"""What commands read from and write to: whole files or none, safe streams, progress."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import click

from sbrtcheck.errors import InputError, OutputError

_READER_GONE = (errno.EPIPE, errno.EINVAL)  # EINVAL: so Windows calls it


def existing(folder: Path) -> Path:
    """The folder, which must be there."""
    if not folder.exists():
        raise InputError(
            "no such file or folder", place=str(folder), mend="give the folder with the plan's DICOM files"
        )
    return folder


@contextmanager
def output(out: Path | None) -> Iterator[Callable[[str], None]]:
    """Give a function that writes the result, to the screen or to a file that is there whole or not at all.

    A file that cannot be written is found out here, before anything is computed.
    """
    if out is None:
        yield print_text
        return
    draft = out.with_name(f".{out.name}.{os.getpid()}.tmp")  # in the same folder: os.replace needs one file system
    try:
        if out.is_dir():
            raise IsADirectoryError(f"{out} is a folder")
        stream = draft.open("x", encoding="utf-8", newline="\n")
    except OSError as error:
        raise _unwritable(out, error) from error
    try:
        with stream:
            yield lambda text: _write(stream, text, out)
        _publish(draft, out)
    finally:
        draft.unlink(missing_ok=True)


def _write(stream: TextIO, text: str, out: Path) -> None:
    try:
        stream.write(text)
        stream.flush()
    except OSError as error:
        raise _unwritable(out, error) from error


def _publish(draft: Path, out: Path) -> None:
    try:
        draft.replace(out)
    except OSError as error:
        raise _unwritable(out, error) from error


def _unwritable(out: Path, error: OSError) -> OutputError:
    why = error.strerror or type(error).__name__
    return OutputError(f"cannot be written ({why})", place=str(out), mend="give a file in a folder you may write to")


def print_text(text: str) -> None:
    """Write to standard output; a reader that has gone away (``| head``) is no error of ours."""
    try:
        click.echo(text, nl=False)
        sys.stdout.flush()
    except OSError as error:
        if error.errno not in _READER_GONE:
            raise
        # the interpreter flushes once more at its end: let that go nowhere
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def make_streams_safe() -> None:
    """Names in files may hold characters that the console has not: show a stand-in, do not crash."""
    for stream in (sys.stdout, sys.stderr):
        if reconfigure := getattr(stream, "reconfigure", None):
            reconfigure(errors="replace")


@contextmanager
def progress(*, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """Give a function that shows plans done and of all on standard error, when somebody looks at it."""
    if quiet or not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("looking for plans", total=None)
        yield lambda done, total: bar.update(task, description="checking plans", completed=done, total=total)
