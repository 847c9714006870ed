"""``python -m twofold`` is the command ``twofold``."""

import sys


def main() -> None:
    """Run the command; Ctrl-C during its imports is told without a traceback, too."""
    try:
        from twofold import cli
    except KeyboardInterrupt:
        sys.stderr.write("error:   Stopped before it began.\n")
        raise SystemExit(130) from None
    cli.main()


if __name__ == "__main__":
    main()
