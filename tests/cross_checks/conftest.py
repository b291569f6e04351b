"""Nothing here is collected: cross-checks need other programs, and are run by hand."""

collect_ignore_glob = ["*.py", "drivers/*.py"]
