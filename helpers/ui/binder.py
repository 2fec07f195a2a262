"""On Binder a lab says that work there is lost, and offers its notebook as a download. Elsewhere it says nothing.

BinderHub sets BINDER_LAUNCH_HOST and BINDER_REPO_URL for each server that it starts (`get_env` of
https://github.com/jupyterhub/binderhub/blob/main/binderhub/binderspawner_mixin.py). A server of mybinder.org ends after
10 minutes without use, and after about 6 hours in any case
(https://mybinder.readthedocs.io/en/latest/about/user-guidelines.html).
"""

from __future__ import annotations

import html
import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from IPython import get_ipython
from IPython.display import display

from helpers.ui.lab_card import Note


def on_binder(environment: Mapping[str, str]) -> bool:
    """Whether a process with these variables was started by a BinderHub."""
    return "BINDER_LAUNCH_HOST" in environment or "BINDER_REPO_URL" in environment


def download_address(environment: Mapping[str, str]) -> str | None:
    """The path, on the server itself, from which a browser downloads the open notebook; None if it is not known.

    Jupyter Server gives a kernel the notebook's path in JPY_SESSION_NAME, JupyterHub the server's address in
    JUPYTERHUB_SERVICE_PREFIX, and the image its own folder, where the server starts, in REPO_DIR.
    """
    prefix, root, notebook = (
        environment.get(name, "") for name in ("JUPYTERHUB_SERVICE_PREFIX", "REPO_DIR", "JPY_SESSION_NAME")
    )
    # One slash at the start keeps the address on this server, whatever stands in the variable.
    if not (root and notebook.endswith(".ipynb") and Path(notebook).is_relative_to(root)):
        return None
    inside = Path(notebook).relative_to(root).as_posix()
    return f"/{prefix.strip('/')}/files/{quote(inside)}?download=1".replace("//", "/")


def notice(environment: Mapping[str, str]) -> str:
    """The words of the notice as HTML, with a link where the notebook's address is known."""
    words = (
        "<p><strong>You are on Binder. Your work is lost</strong> after 10 minutes without use, and after about "
        "6 hours in any case. Save, then "
    )
    address = download_address(environment)
    if address is None:
        return words + "choose <em>File &gt; Download</em> before you leave.</p>"
    link = f'<a href="{html.escape(address)}" download>download your notebook</a>'
    return words + f"{link} (or choose <em>File &gt; Download</em>) before you leave.</p>"


def show_notice() -> None:
    """Show the notice in a notebook on Binder; otherwise do nothing."""
    if on_binder(os.environ) and get_ipython() is not None:
        display(Note(notice(os.environ)))
