#!/usr/bin/env python3
"""Did the machine stand still? On a shared one the host gives its processors to
others now and then, and whatever runs on them stops for a while, which no process
here can help. A thread above all others that only sleeps sees how long:

    with Still() as still:
        ...
    still.late_ms        how much too late it woke, in all, where it was 8 ms or more
    still.is_disturbed   whether that was more than 1/600 of the time

The load of other processes here does not count: it has to make way (SCHED_FIFO).
Where that is not allowed nothing is known, and nothing is excused."""
import json
import os
import select
import subprocess
import sys
import time

SLEEP_S, LATE_S, SHARE = 0.002, 0.008, 600


class Still:
    def __init__(self):
        self.late_ms, self.is_disturbed = None, False

    def __enter__(self):
        self.child = subprocess.Popen([sys.executable, __file__], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(self, *_):
        try:
            out, _ = self.child.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
            raise OSError("still.py: no answer after 10 s") from None
        seen = json.loads(out)
        self.late_ms = seen["late_ms"]
        self.is_disturbed = (self.late_ms or 0) > 1000 * seen["seconds"] / SHARE


def watch():
    """Until standard input ends."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(50))
        known = True
    except (AttributeError, OSError):
        known = False
    late_s, begun = 0.0, time.monotonic()
    while True:
        slept = time.monotonic()
        if select.select([sys.stdin], [], [], SLEEP_S)[0]:
            break
        late = time.monotonic() - slept - SLEEP_S
        late_s += late if late >= LATE_S else 0
    print(json.dumps({"late_ms": 1000 * late_s if known else None,
                      "seconds": time.monotonic() - begun}))


if __name__ == "__main__":
    watch()
