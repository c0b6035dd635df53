"""The program: a command line in, an exit code out."""

import errno
import io
import os
import sys
from collections.abc import Sequence
from contextlib import suppress

from optimizer.cli_actions import NOT_DONE
from optimizer.cli_parser import build_parser
from optimizer.errors import ConfigError, HeatOptimizerError

BAD_USAGE, NOBODY_READS = 2, 141
STREAM_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command. 0: done; 1: a site was not planned or posted; 2: bad setting or usage.

    141, as if ended by SIGPIPE: nobody reads what is printed any more. What the output's encoding has no
    character for is printed as "?".
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    try:
        try:
            return _run_command(arguments)
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()
    except BrokenPipeError:
        _print_nothing_more()
        return NOBODY_READS
    except SystemExit as ended:
        if isinstance(ended.__context__, BrokenPipeError):  # rich found out first
            return NOBODY_READS
        raise
    except OSError as error:
        if error.errno not in STREAM_FULL or error.filename is not None:
            raise
        _print_nothing_more()
        print(f"heat-optimizer: standard output: {error.strerror}", file=sys.stderr)
        return NOT_DONE


def _print_nothing_more() -> None:
    """What is still in the buffer must not fail once more when the process ends."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run_command(arguments: Sequence[str] | None) -> int:
    options = build_parser().parse_args(arguments)
    from optimizer.log import configure_logging

    configure_logging(level=options.log_level or "info", style=options.log_format or "auto")
    try:
        code: int = options.command(options)
    except ConfigError as error:
        print(f"heat-optimizer: {error}", file=sys.stderr)
        return BAD_USAGE
    except HeatOptimizerError as error:
        print(f"heat-optimizer: {error.name}: {error}", file=sys.stderr)
        return NOT_DONE
    except KeyboardInterrupt:
        return 130
    return code


if __name__ == "__main__":
    sys.exit(main())
