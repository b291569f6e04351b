"""A running Dask cluster as an executor."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager

from sbrtcheck.errors import InputError
from sbrtcheck.installation import install_command

_PATIENCE_S = 10.0


@contextmanager
def dask_executor(address: str) -> Iterator[Executor]:
    """Connect to the scheduler of a cluster; its workers need this version of sbrtcheck, and see the files as here.

    Parameters
    ----------
    address
        Of the scheduler, such as ``tcp://127.0.0.1:8786``, or its file ``scheduler.json``.

    Raises
    ------
    InputError
        Dask is not installed, or no scheduler answers.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise InputError("a Dask cluster needs dask", hint=install_command("dask")) from error
    given = {"scheduler_file": address} if address.endswith(".json") else {"address": address}
    try:
        client = Client(**given, timeout=_PATIENCE_S, set_as_default=False)
    except (OSError, ValueError) as error:  # a time that has run out is an OSError
        hint = "give the address that dask scheduler prints, such as tcp://127.0.0.1:8786"
        raise InputError("no Dask scheduler answers", address, hint) from error
    with client:
        # not pure: a plan that is tried again is to be checked again
        yield client.get_executor(pure=False)
