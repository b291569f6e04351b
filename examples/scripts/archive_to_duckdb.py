"""Check the plans below a folder; ask DuckDB of the rows: ``python examples/scripts/archive_to_duckdb.py``."""

from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

import sbrtcheck
from sbrtcheck.archive import Options

with TemporaryDirectory() as folder:
    rows = Path(folder) / "rows.parquet"
    print(sbrtcheck.batch(Path(__file__).parents[1] / "plans", rows, Options.read(tables="tg101-3fx"), jobs=1))
    question = "SELECT plan_verdict, verdict, count(*) FROM read_parquet($rows) GROUP BY ALL ORDER BY ALL"
    for plan_verdict, verdict, number in duckdb.execute(question, {"rows": str(rows)}).fetchall():
        print(f"{plan_verdict} plan: {number} rows {verdict}")
