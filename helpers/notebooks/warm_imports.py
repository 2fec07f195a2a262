"""What the warm runner's first process imports once, so that no notebook pays for it again.

Only `helpers.notebooks.warm` imports this, in a process of its own.
"""

import importlib
import os

# matplotlib reads this when it is first imported; ipykernel sets the same before a kernel starts.
os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"

for _name in ("boto3", "ipywidgets", "matplotlib.pyplot", "moto", "pandas", "helpers"):
    importlib.import_module(_name)
