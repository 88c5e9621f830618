"""pip install ./python/winsys; everything else is said in pyproject.toml."""

import sys

from setuptools import setup

if sys.platform == "win32":
    sys.exit("mailslot-winsys: Windows has the real winsys; this one would take its place")

setup()
