"""``python -m optotype``: the same as the command ``optotype`` (torchrun needs a module)."""

from optotype.cli import main

if __name__ == "__main__":
    main()
