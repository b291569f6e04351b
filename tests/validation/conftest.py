"""Nothing here is collected: validation is run by hand, and `tests/project/test_validation.py` tests its report."""

collect_ignore_glob = ["*.py"]
