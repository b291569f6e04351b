"""Check the plans below a folder; the rows for pandas: ``python examples/scripts/archive_to_dataframe.py``."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

import sbrtcheck
from sbrtcheck.archive import Options

with TemporaryDirectory() as folder:
    rows = Path(folder) / "rows.csv"
    options = Options(tables=(sbrtcheck.load_table("tg101-3fx"),))
    print(sbrtcheck.batch(Path(__file__).parents[1] / "plans", rows, options, jobs=1))
    frame = pd.read_csv(rows)
print(frame.value_counts(["plan_verdict", "verdict"]))
