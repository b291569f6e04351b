"""The command listen: a planning system sends a plan -> its report is in a folder, or in the PACS."""

from __future__ import annotations

import signal
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

import click

from sbrtcheck.cli import options, streams
from sbrtcheck.errors import OutputError
from sbrtcheck.installation import install_command
from sbrtcheck.render.formats import format_names

if TYPE_CHECKING:
    from sbrtcheck.pacs.settings import ListenSettings

_FILE = click.Path(path_type=Path)


@click.command(
    epilog=options.examples(
        "sbrtcheck listen --out reports --site lung",
        "sbrtcheck listen --host 0.0.0.0 --allow-from ECLIPSE --out reports --site lung --site liver",
    )
)
@click.option("--out", type=_FILE, metavar="DIR", required=True, help="Folder for the reports.")
@click.option(
    "--spool", type=_FILE, metavar="DIR", help="Folder for received objects, which name patients. [OUT/spool]"
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; others need --allow-from.")
@click.option("--port", type=click.IntRange(0, 65535), default=11112, show_default=True)
@click.option("--aet", "title", default="SBRTCHECK", show_default=True, metavar="AET", help="AE title to be called by.")
@click.option("--allow-from", multiple=True, metavar="AET", help="AE title that may send; may be repeated.")
@click.option(
    "--format",
    "format_",
    type=click.Choice((*format_names(), options.DICOM_PDF, options.DICOM_SR)),
    default="html",
    show_default=True,
    help="dicom-pdf and dicom-sr have the patient's name and ID.",
)
@click.option(
    "--send-to", metavar="AET@HOST:PORT", help="Send reports there too; needs --format dicom-pdf or dicom-sr."
)
@click.option(
    "--tls-cert", type=_FILE, metavar="FILE", help="Certificate of this side, PEM; with it, only TLS is taken."
)
@click.option("--tls-key", type=_FILE, metavar="FILE", help="Its key, PEM, without a passphrase.")
@click.option("--tls-ca", type=_FILE, metavar="FILE", help="Who signs the certificates of the other side, PEM.")
@click.option("--send-tls", is_flag=True, help="Send with TLS too, with the same files.")
@click.option(
    "--wait",
    "wait_seconds",
    type=options.NUMBER,
    default=600.0,
    show_default=True,
    metavar="SECONDS",
    help="After the last object of a plan, before what is missing is reported.",
)
@click.option(
    "--max-object", type=click.IntRange(1), default=512, show_default=True, metavar="MB", help="Largest object."
)
@click.option(
    "--max-spool",
    type=click.IntRange(1),
    default=20_000,
    show_default=True,
    metavar="MB",
    help="All received objects on disk together; what does not fit is refused.",
)
@click.option(
    "--keep-days", type=options.NUMBER, default=7.0, show_default=True, help="How long received objects are kept."
)
@click.option(
    "--plan-timeout", type=options.NUMBER, default=600.0, show_default=True, metavar="SECONDS", help="Of a check."
)
@options.site(multiple=True, text="As for check; may be repeated.")
@options.profile(text="As for check; a plan with another number of fractions is not checked, and its report says so.")
@options.tables()
@options.dictionary
@options.sites_file
@options.accept_dose
@options.allow_lint_errors
@options.strict
@options.include_unconfirmed
@options.sex
@options.near
@options.verbose
def listen(*, site: tuple[str, ...], sites: str | None, tables: tuple[str, ...], **given: Any) -> None:
    """Receive plans from a planning system (DICOM C-STORE) and write a report on each.

    A plan is checked once its plan, structure set and dose are there. Stopped with Ctrl-C; started again with the same
    --out, it goes on where it was. Exit code: 0 it was stopped; 2 it cannot listen.
    """
    try:
        from sbrtcheck.pacs.listener import listen as run
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("sbrtcheck"):
            raise
        raise OutputError("listening needs pynetdicom", hint=install_command("pacs")) from error
    from sbrtcheck.archive import Options

    flags = ("accept_dose", "allow_lint_errors", "strict", "include_unconfirmed")
    names = ("profile", "dictionary", *flags, "sex", "near_percent")
    chosen = Options.read(sites=site, sites_file=sites, tables=tables, **{name: given.pop(name) for name in names})
    settings = _settings(**given)
    stop = Event()
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        run(settings, chosen, stop, tell=streams.print_notice, ready=lambda port: _say(settings, port))
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    streams.print_notice("stopped; what was received and not yet checked is checked at the next start")


def _settings(  # noqa: PLR0913 - one argument an option
    *,
    out: Path,
    spool: Path | None,
    format_: str,
    send_to: str | None,
    tls_cert: Path | None,
    tls_key: Path | None,
    tls_ca: Path | None,
    max_object: int,
    max_spool: int,
    keep_days: float,
    plan_timeout: float,
    **others: Any,
) -> ListenSettings:
    from sbrtcheck.pacs.settings import Limits, ListenSettings, Peer, Tls

    files = (tls_cert, tls_key, tls_ca)
    if any(files) and not all(files):
        raise click.UsageError("TLS needs all of --tls-cert, --tls-key and --tls-ca")
    limits = Limits(
        object_bytes=max_object * 1_000_000,
        spool_bytes=max_spool * 1_000_000,
        keep_seconds=keep_days * 86_400.0,
        check_seconds=plan_timeout,
    )
    return ListenSettings(
        out=out,
        spool=out / "spool" if spool is None else spool,
        format=format_,
        send_to=None if send_to is None else Peer.read(send_to),
        tls=Tls(cert=tls_cert, key=tls_key, ca=tls_ca) if tls_cert and tls_key and tls_ca else None,
        limits=limits,
        **others,
    )


def _say(settings: ListenSettings, port: int) -> None:
    who = ", ".join(settings.allow_from) or "any AE title"
    tls = ", TLS" if settings.tls is not None else ""
    streams.print_notice(f"listening as {settings.title} on {settings.host}:{port}{tls}; from {who}; Ctrl-C ends it")
