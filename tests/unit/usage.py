# SPDX-License-Identifier: GPL-3.0-or-later
"""What the options of a plugin take: runs that end before anything is sent.
Where one does not, what it sends is sent to this host."""

import os
import subprocess
import tempfile

from tap import BUILD, same


def refused_by(plugin):
    """The function that runs the plugin with wrong options."""
    path = os.path.join(BUILD, "plugins", plugin)

    def refused(*args, about):
        """Holds where this is a usage error of one line that names the
        option and what was typed; returns what was said."""
        with tempfile.NamedTemporaryFile("w", suffix=".hints") as hints:
            hints.write(". 3600 NS a.invalid.\n"
                        "a.invalid. 3600 A 127.0.0.1\n")
            hints.flush()
            done = subprocess.run(
                [path, "-H", "example.org", "--root-hints", hints.name, *args],
                check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        text = done.stdout.decode()
        same(done.returncode, 3, f"exit code of {args}")
        same(text.count("\n"), 1, f"lines of {text!r}")
        for part in (*about, "see --help"):
            same(part in text, True, f"{part!r} in {text!r}")
        return text

    return refused
