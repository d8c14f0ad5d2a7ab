# SPDX-License-Identifier: GPL-3.0-or-later
"""What check_dns_delegation's own options take. Each run ends at a wrong
value, before anything is sent."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# pylint: disable=wrong-import-position
from tap import main, test  # noqa: E402
from usage import refused_by  # noqa: E402

refused = refused_by("check_dns_delegation")
DIGEST = "e2d3c916f6deeac73294e8268fb5885044a833fc5459588f4a9184cfc41a5766"


@test
def wrong_ds_are_named():
    for typed in ("", "1 13", "1 13 2 abcd", "1 13 2 " + DIGEST[:-1] + "g",
                  "65536 13 2 " + DIGEST, "1 256 2 " + DIGEST):
        refused("--ds", typed, about=("--ds", typed))
    # The first of two is fine.
    refused("--ds", "1 13 2 " + DIGEST.upper(), "--ds", "2 13 2 ab",
            about=("--ds", "2 13 2 ab"))


@test
def wrong_name_servers_are_named():
    for typed in ("", "/192.0.2.1", "ns1.example.org/",
                  "ns1.example.org/192.0.2", "ns1.example.org/192.0.2.1/32",
                  "ns1..example.org", "a" * 64 + ".example.org"):
        refused("--ns", typed, about=("--ns", typed))
    refused("--ns", "ns.example.net", "--ns", "ns1.example.org/192.0.2.1",
            "--ns", "ns1.example.org/2001:db8::1", "--ns", "x/y",
            about=("--ns", "x/y"))


@test
def wrong_durations_are_named():
    for option in ("--sig-warning", "--sig-critical"):
        for typed in ("soon", "-1", "3 d", "1e3", "99999d"):
            refused(f"{option}={typed}", about=(option, typed))


@test
def wrong_anchors_are_named():
    refused("--trust-anchor", "/nonexistent/anchor",
            about=("--trust-anchor", "/nonexistent/anchor"))


main()
