"""Who we are to a DICOMweb server: a token, or a name and a password; never on a command line, never in a message."""

from __future__ import annotations

import os
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from requests import PreparedRequest
from requests.auth import AuthBase, HTTPBasicAuth
from requests.utils import get_netrc_auth

from sbrtcheck.errors import InputError

TOKEN, USER, PASSWORD = "SBRTCHECK_DICOMWEB_TOKEN", "SBRTCHECK_DICOMWEB_USER", "SBRTCHECK_DICOMWEB_PASSWORD"
"""Environment variables."""


class _Bearer(AuthBase):
    """A token in the header; requests takes it away where a server redirects to another host."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class _Nobody(AuthBase):
    """No credentials; requests would else look for some itself."""

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        return request


def authentication(url: str, token_file: Path | None) -> AuthBase:
    """What to authenticate with: the token of the file, that of the environment, name and password there, or netrc.

    Raises
    ------
    InputError
        The URL is none, has a password in it, or is not of TLS and would have credentials sent to another computer.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise InputError("the address of the PACS is no URL", hint="write it like https://pacs.example/dicom-web")
    if parts.username or parts.password:
        hint = f"set {USER} and {PASSWORD}, or {TOKEN}, or use --token-file or a netrc file"
        raise InputError("the URL has a name or password in it, which others can see", hint=hint)
    found = _found(url, token_file)
    if found is not None and parts.scheme == "http" and not _is_this_computer(parts.hostname):
        what = "credentials would be sent where others can read them"
        raise InputError(what, parts.hostname, "give an https:// address")
    return found or _Nobody()


def _found(url: str, token_file: Path | None) -> AuthBase | None:
    token = os.environ.get(TOKEN, "") if token_file is None else _token(token_file)
    if token:
        if not token.isascii() or not token.isprintable() or " " in token:
            raise InputError("the token is not one word of ASCII", hint="look at where it comes from")
        return _Bearer(token)
    if os.environ.get(USER):
        return HTTPBasicAuth(os.environ[USER].encode(), os.environ.get(PASSWORD, "").encode())
    netrc = get_netrc_auth(url)
    return HTTPBasicAuth(*netrc) if netrc is not None else None


def _token(file: Path) -> str:
    try:
        token = file.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or type(error).__name__
        raise InputError(
            f"the token cannot be read ({why})", str(file), "give a text file with the token alone"
        ) from error
    if not token:
        raise InputError("there is no token in this file", str(file), "give a text file with the token alone")
    return token


def _is_this_computer(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
