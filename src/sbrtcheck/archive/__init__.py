"""A folder of many plans -> every plan checked, in processes or on a cluster -> one table, a row an outcome.

::

    entries folder -> plans, and the RT files that make none
    columns the tables of a run, and what stands in each column
    rows    one plan -> its rows in all tables, whatever happens; this is what a worker process runs
    work    plans x executor -> rows, in order
    write   rows -> CSV or Parquet files, whole or not at all
    results_summary those files -> what all plans came to; ``summary_text`` and ``summary_page`` show it
    trend   that file -> the margins of each row over the plans; ``trend_page`` shows them

`batch` does all of it. For a cluster, give it (or `run`) any `concurrent.futures.Executor`. Processes start anew
(*spawn*): a script of your own needs ``if __name__ == "__main__":`` round its call.

What stands in the tables of a run is in `sbrtcheck.archive.columns`; a missing value is empty in CSV and null in
Parquet.

A plan that could not be checked, and an RT file that is part of no plan, is one row without table: NOT_EVALUATED, its
``reason`` a `NotChecked`. Nothing in the tables names a patient: plans have pseudonyms; UIDs and Patient IDs, and
folders, whose names may be telling, are left out unless asked for.
"""

from sbrtcheck.archive.columns import Row, Table
from sbrtcheck.archive.contents import Contents
from sbrtcheck.archive.entries import Entry, find
from sbrtcheck.archive.results_summary import ResultsSummary, summary
from sbrtcheck.archive.rows import COLUMNS, Checked, NotChecked, Options, State, check_entry
from sbrtcheck.archive.work import Summary, batch, run
from sbrtcheck.archive.write import open_results, open_rows, path_of_table

__all__ = [
    "COLUMNS",
    "Checked",
    "Contents",
    "Entry",
    "NotChecked",
    "Options",
    "ResultsSummary",
    "Row",
    "State",
    "Summary",
    "Table",
    "batch",
    "check_entry",
    "find",
    "open_results",
    "open_rows",
    "path_of_table",
    "run",
    "summary",
]
