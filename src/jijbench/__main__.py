"""``python -m jijbench`` is the command ``jijbench``."""

from jijbench.cli import main

if __name__ == "__main__":
    main()
