"""`python -m glassbert` is the command line."""

from glassbert.cli.main import main

if __name__ == "__main__":
    main()
