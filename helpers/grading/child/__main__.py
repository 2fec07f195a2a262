"""`python -m helpers.grading.child FD`: a student's process that was started as a program of its own, by bubblewrap."""

from __future__ import annotations

import socket
import sys

from helpers.grading.child.runner import Runner
from helpers.grading.link import Link

if __name__ == "__main__":
    Runner(Link(socket.socket(fileno=int(sys.argv[1])))).serve()
