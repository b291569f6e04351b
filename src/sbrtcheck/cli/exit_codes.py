"""The exit codes of all commands: 1 and 3 are verdicts, so that nothing else may end with them."""

OK = 0
FAIL = 1  # of lint: warnings that count
UNUSABLE = 2
REVIEW = 3
OUR_FAULT = 70  # EX_SOFTWARE of BSD's sysexits; 1 would mean that the plan fails
INTERRUPTED = 130  # as shells do
