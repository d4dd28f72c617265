"""Tells a healthy run from a stuck one: every stage leaves a sign of life."""

import os
import pathlib
import sys
import tempfile
import time

SIGN = pathlib.Path(os.environ.get("HEARTBEAT_FILE", os.path.join(tempfile.gettempdir(), "pipeline.alive")))
STALE_AFTER_SECONDS = 900


def beat(stage: str) -> None:
    """Leaves a sign of life."""
    SIGN.write_text(stage)


def main() -> int:
    """Exit code 0 while the last sign of life is fresh."""
    try:
        age = time.time() - SIGN.stat().st_mtime
    except FileNotFoundError:
        print("no sign of life yet", file=sys.stderr)
        return 1
    if age > STALE_AFTER_SECONDS:
        print(f"stuck in {SIGN.read_text()} for {age:.0f} s", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
