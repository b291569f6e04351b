"""Nothing here is collected: benchmarks are run by hand, no test times anything."""

collect_ignore_glob = ["*.py"]
