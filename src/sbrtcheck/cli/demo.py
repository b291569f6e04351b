"""The command demo: the bundled plan -> a report in the browser, to see what there is to see."""

from __future__ import annotations

from pathlib import Path

import click

from sbrtcheck.cli import options, streams

_TABLE = "rtog-0813"  # for what the bundled plan is: lung, 50 Gy in 5 fractions


@click.command(epilog=options.examples("sbrtcheck demo", "sbrtcheck demo --no-open --out report.html"))
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="FILE",
    default=Path("sbrtcheck-demo.html"),
    show_default=True,
    help="Write the page here.",
)
@click.option("--no-open", is_flag=True, help="Do not open the page in the browser.")
def demo(out: Path, *, no_open: bool) -> None:
    """Check a bundled plan, a phantom, and open the report in the browser.

    Where nobody looks at a screen nothing is opened. Without jinja2 the report is shown as text.
    """
    import webbrowser  # brings what starts other programs

    from sbrtcheck import api
    from sbrtcheck.bundled import demo_plan
    from sbrtcheck.errors import OutputError
    from sbrtcheck.render import html_report, text_report
    from sbrtcheck.render.html import check_installed
    from sbrtcheck.results.labels import overall_text

    try:
        check_installed()
    except OutputError as no_page:
        with demo_plan() as plan:
            streams.print_text(text_report(api.check(plan, _TABLE)))
        streams.print_notice(f"this is the report as text, for {no_page}")
        return
    with streams.output(out) as write, demo_plan() as plan:
        report = api.check(plan, _TABLE)
        write(html_report(report))
    page = out.resolve()
    streams.print_text(
        f"A phantom of a lung, checked against {_TABLE}: {overall_text(report)}\n"
        f"The report is in {page}\n"
        "With a plan of your own: sbrtcheck check FOLDER --site lung\n"
    )
    if not no_open and streams.is_screen() and not webbrowser.open(page.as_uri()):
        streams.print_notice("there is no browser to open it in")
