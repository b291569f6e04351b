"""``python -m sbrtcheck`` with the words of a command line in, what the command ``sbrtcheck`` does with them out."""

from sbrtcheck.cli import main

if __name__ == "__main__":
    main(prog_name="sbrtcheck")
