# SPDX-License-Identifier: GPL-3.0-or-later
"""What check_dns_secondary's own options take. Each run ends at a wrong
value, before anything is sent."""

import os
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# pylint: disable=wrong-import-position
from tap import main, same, test  # noqa: E402
from usage import refused_by  # noqa: E402

refused = refused_by("check_dns_secondary")
KEY = 'key "k" { algorithm hmac-sha256; secret "c2VjcmV0c2VjcmV0"; };\n'


@test
def wrong_servers_are_named():
    for option in ("--primary", "--secondary"):
        for typed in ("", "[192.0.2.1", "[192.0.2]:53", "[192.0.2.1]:0",
                      "[192.0.2.1]:65536", "[192.0.2.1]53", "ns1..example.org"):
            refused(option, typed, about=(option, typed))


@test
def wrong_probes_are_named():
    for typed in ("", "MX", "/MX", "@/", "@/MXX", "@/ANY", "@/DNSKEY",
                  "@/TYPE65542", "www.example.net/A", "a..b.example.org/A"):
        refused("--probe", typed, about=("--probe", typed))


@test
def wrong_networks_and_places_are_named():
    refused("--lost", "192.0.2.0/33", about=("--lost", "192.0.2.0/33"))
    refused("--state-dir", "state", about=("--state-dir", "state"))


@test
def what_excludes_each_other_is_named():
    refused("--independent", "--primary", "192.0.2.1",
            about=("--independent", "--primary"))
    refused("--independent", "--min-survivors", "2",
            about=("--independent", "--min-survivors"))
    refused("--zonemd", about=("--zonemd", "--tsig-file"))
    refused("--axfr-secondary", about=("--axfr-secondary", "--tsig-file"))


@test
def a_key_is_read_and_never_shown():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "key")
        with open(path, "w", encoding="ascii") as out:
            out.write(KEY)
        os.chmod(path, 0o640)
        # Nothing would be transferred, and nobody be told.
        refused("--independent", "--tsig-file", path,
                about=("--tsig-file", "--axfr-secondary"))
        os.chmod(path, 0o644)
        refused("--tsig-file", path, about=("--tsig-file", path))
        with open(path, "w", encoding="ascii") as out:
            out.write(KEY.replace('";', '#";'))
        os.chmod(path, 0o600)
        text = refused("--tsig-file", path, about=("--tsig-file",))
        same("c2VjcmV0" in text, False, "the secret is shown")


if __name__ == "__main__":
    main()
