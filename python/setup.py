"""pip install ./python: builds the C++ library into the module mailslot._mailslot, with CMake, from this clone.

Needs the packages that scripts/install-deps installs. Everything else is in pyproject.toml.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

ROOT = Path(__file__).resolve().parent.parent


class CMakeBuild(build_ext):
    def build_extension(self, ext):
        if not (ROOT / "CMakeLists.txt").is_file():
            sys.exit("the C++ sources are not here: install from a clone, with `pip install ./python`")
        target = Path(self.get_ext_fullpath(ext.name)).resolve()
        folder = Path(self.build_temp).resolve() / "cmake"
        generator = ["-G", "Ninja"] if shutil.which("ninja") else []
        subprocess.run(
            ["cmake", "-S", ROOT, "-B", folder, *generator, "-DCMAKE_BUILD_TYPE=Release",
             "-DCMAKE_CXX_FLAGS_RELEASE=-O2 -DNDEBUG", "-DMAILSLOT_PYTHON=ON",
             f"-DPython_EXECUTABLE={sys.executable}", "-DMAILSLOT_TESTS=OFF", "-DMAILSLOT_TOOLS=OFF",
             "-DMAILSLOT_EXAMPLES=OFF"], check=True)
        subprocess.run(["cmake", "--build", folder, "--target", "mailslot_python", "--parallel",
                        str(os.cpu_count() or 1)], check=True)
        built = next((folder / "python" / "mailslot").glob("_mailslot*.so"))
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(built, target)


setup(ext_modules=[Extension("mailslot._mailslot", sources=[])], cmdclass={"build_ext": CMakeBuild})
