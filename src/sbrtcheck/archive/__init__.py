"""A folder of many plans -> each checked, in processes or on a cluster -> tables, a row an outcome, plan, or structure.

::

    headers one file, or a zip file -> headers of RT files, or why it cannot be looked into
    index   folder -> these headers, kept in SQLite: a later run opens what is new or changed
    units   index -> groups of files that nothing ties to each other
    entries linked files -> plans, and the RT files that make none, as small values
    own_choices  CSV file -> what holds for single plans
    listing all of these: folder -> entries, one after the other
    dry_run folder -> what would be checked, as lines; nothing is written
    columns the tables of a run, and what stands in each column
    run_options  what to check the plans against, how, and what is written
    rows    one plan -> its rows in all tables, whatever happens; this is what a worker process runs
    packed  a plan and its rows as they travel between processes
    engine  plans x executor -> results, as they are ready or in order; ``processes`` is ours, ``cluster`` one of Dask
    store   finished plans in a ``database`` beside the table, by a key of what they were checked by (``fingerprint``)
    write   rows -> CSV or Parquet files, whole or not at all
    work    all of it, and what a run that was stopped takes over
    stream  the same for a loop in Python, and nothing is written
    results_summary the files of a run -> what all plans came to; ``summary_text`` and ``summary_page`` show it,
            ``margins`` how far values lie from a limit
    trend   that file -> the margins of each row over the plans; ``trend_page`` shows them

`batch` does all of it, `check_archive` gives result after result. For a cluster, give them any
`concurrent.futures.Executor`. Processes start anew
(*spawn*): a script of your own needs ``if __name__ == "__main__":`` round its call.

What stands in the tables of a run is in `sbrtcheck.archive.columns`; a missing value is empty in CSV and null in
Parquet.

A plan that could not be checked, and an RT file that is part of no plan, is one row without table: NOT_EVALUATED, its
``reason`` a `NotChecked`. Nothing in the tables names a patient: plans have pseudonyms; UIDs and Patient IDs, and
folders, whose names may be telling, are left out unless asked for.
"""

from sbrtcheck.archive.columns import Row, Table
from sbrtcheck.archive.contents import Contents
from sbrtcheck.archive.entries import Entry
from sbrtcheck.archive.listing import find
from sbrtcheck.archive.results_summary import ResultsSummary, summary
from sbrtcheck.archive.rows import COLUMNS, Checked, NotChecked, State, check_entry
from sbrtcheck.archive.run_options import Options
from sbrtcheck.archive.stream import PlanResult, check_archive
from sbrtcheck.archive.work import Summary, batch, run
from sbrtcheck.archive.write import open_results, open_rows, path_of_table

__all__ = [
    "COLUMNS",
    "Checked",
    "Contents",
    "Entry",
    "NotChecked",
    "Options",
    "PlanResult",
    "ResultsSummary",
    "Row",
    "State",
    "Summary",
    "Table",
    "batch",
    "check_archive",
    "check_entry",
    "find",
    "open_results",
    "open_rows",
    "path_of_table",
    "run",
    "summary",
]
