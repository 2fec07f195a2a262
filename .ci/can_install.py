"""Say in one line why this Python cannot install the course, if so. Runs before anything is installed."""

import os
import sys

OLDEST = (3, 11)


def obstacle() -> str:
    """One sentence that names the obstacle and what removes it; empty if there is none."""
    version = ".".join(str(part) for part in sys.version_info[:2])
    if sys.version_info < OLDEST:
        return "The course needs Python 3.11 or newer; this is {}. Name another: make lab PYTHON=python3.12".format(
            version
        )
    try:
        import ensurepip  # noqa: F401  # only its presence counts
        import venv  # noqa: F401
    except ImportError:
        return (
            "This Python {0} cannot make virtual environments. "
            "On Debian and Ubuntu the package python{0}-venv (or python3-venv) is missing: "
            "apt install python3-venv"
        ).format(version)
    return ""


if __name__ == "__main__":
    if sys.argv[1:] == ["--root-flag"]:
        # JupyterLab refuses to run as root unless it is told to, as in a container.
        print("--allow-root" if hasattr(os, "geteuid") and os.geteuid() == 0 else "")
        sys.exit(0)
    sys.exit(obstacle() or 0)
