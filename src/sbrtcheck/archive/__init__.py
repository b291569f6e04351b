"""A folder of many plans -> every plan checked, in processes or on a cluster -> one table, a row an outcome.

::

    headers one file, or a zip file -> headers of RT files, or why it cannot be looked into
    index   folder -> these headers, kept in SQLite: a later run opens what is new or changed
    units   index -> groups of files that nothing ties to each other
    entries linked files -> plans, and the RT files that make none, as small values
    own_choices  CSV file -> what holds for single plans
    listing all of these: folder -> entries, one after the other
    dry_run folder -> what would be checked, as lines; nothing is written
    rows    one plan -> its rows, whatever happens; this is what a worker process runs
    packed  a plan and its rows as they travel between processes
    engine  plans x executor -> results, as they are ready or in order; ``processes`` is ours, ``cluster`` one of Dask
    store   finished plans in a ``database`` beside the table, by a key of what they were checked by (``fingerprint``)
    write   rows -> CSV or Parquet, whole or not at all
    work    all of it, and what a run that was stopped takes over
    stream  the same for a loop in Python, and nothing is written
    trend   that file -> the margins of each row over the plans; ``trend_page`` shows them

`batch` does all of it, `check_archive` gives result after result. For a cluster, give them any
`concurrent.futures.Executor`. Processes start anew
(*spawn*): a script of your own needs ``if __name__ == "__main__":`` round its call.

Columns, in this order; a missing value is empty in CSV and null in Parquet:

====================================  ===============================================================================
plan_uid, structure_set_uid           SOP Instance UIDs
dose_uids                             SOP Instance UIDs of the dose, or of the doses that were summed, spaces between
prescription_gy, fractions            of the whole course
table_id, table_version, row_id       which row of which table
organ, contour                        organ asked for, structure(s) matched to it
metric, sense, limit, acceptable      what is asked, in ``unit``
unit, value, low, high, margin        what was measured: value, numerical bounds, how far inside the limit
verdict                               PASS, VARIATION, FAIL, NOT_EVALUATED, RISK; MET or NOT_MET of a statement
reason, detail                        why there is no value, or why the row cannot be met
borderline, convention_sensitive      another value within the bounds, or another convention, gives another verdict
counts, confirmed                     counts in the plan's verdict; two readings of the source agree
source, where                         citation, and table or page in it
end_caps, dvh_origin, software        how it was computed
findings                              of the row, then of the plan, `` | `` between
plan_verdict                          of the whole plan: FAIL, REVIEW, VARIATION or PASS; missing for a file of no plan
review_reasons                        what keeps the plan from a pass, `` | `` between
plan_site                             which organs were expected; missing where it is not known: then all were
applies                               the organ is expected, or in the plan, or the row is mandatory
outside_percent                       share of the structure that lies outside the dose grid
lacking                               parts of the organ that were not measured with the rest
percent_of_limit                      the value in percent of the limit
quantity, alpha_beta_gy               of the row's doses: physical, or EQD2 or BED for that alpha/beta
tables_left_out                       in the first row of a plan: tables of its site that were not used, and why
plan_date                             RT Plan Date, as 2026-01-31; missing where the plan has none
near_limit                            the value is close to the limit that the verdict turns on
noted, initials, written_for          notes on the row, whose, and what they were written for, where that is another now
lost_notes, sign_offs                 in the first row of a plan: notes on rows that it does not have; who signed it
path                                  only when asked for: the plan's folder, below the one given
====================================  ===============================================================================

A plan that could not be checked, and an RT file that is part of no plan, is one row without table: NOT_EVALUATED, its
``reason`` a `NotChecked`. Nothing in the table names a patient: files and folders, whose names may, are left out.
"""

from sbrtcheck.archive.entries import Entry
from sbrtcheck.archive.listing import find
from sbrtcheck.archive.rows import COLUMNS, Checked, NotChecked, Options, Row, State, check_entry
from sbrtcheck.archive.stream import PlanResult, check_archive
from sbrtcheck.archive.work import Summary, batch, run
from sbrtcheck.archive.write import open_rows

__all__ = [
    "COLUMNS",
    "Checked",
    "Entry",
    "NotChecked",
    "Options",
    "PlanResult",
    "Row",
    "State",
    "Summary",
    "batch",
    "check_archive",
    "check_entry",
    "find",
    "open_rows",
    "run",
]
