"""`python -m helpers.grading.child FD POLICY`: a student's process that bubblewrap started as a program of its own.

bubblewrap has built the walls; the limits are set here.
"""

from __future__ import annotations

import os
import socket
import sys

from helpers.grading.child.runner import Runner
from helpers.grading.link import Link
from helpers.grading.sandbox import Policy, confine_by_rlimits

if __name__ == "__main__":
    line = int(sys.argv[1])
    confine_by_rlimits(Policy.from_json(sys.argv[2]), [line])
    os.dup2(1, 2)  # nothing that a student's code says is for the instructor's terminal
    Runner(Link(socket.socket(fileno=line))).serve()
