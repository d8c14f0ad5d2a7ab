# SPDX-License-Identifier: GPL-3.0-or-later
"""What check_mx's own options take. Each run ends at a wrong value, before
anything is sent."""

import os
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# pylint: disable=wrong-import-position
from tap import main, test  # noqa: E402
from usage import refused_by  # noqa: E402

refused = refused_by("check_mx")


@test
def what_is_no_mailbox_is_named():
    for option in ("--rcpt", "--rcpt-invalid", "--relay-test", "--mail-from"):
        for typed in ("", "user", "@example.com", "user@", "u ser@example.com",
                      "user@exam ple.com", "user@example.com\r\nDATA",
                      "x" * 65 + "@example.com"):
            refused(option, typed, about=(option,))


@test
def mailboxes_that_contradict_the_test_are_named():
    refused("--rcpt", "user@example.org", "--rcpt-invalid", "user@example.org",
            about=("--rcpt-invalid", "--rcpt"))
    # What the domain itself takes is no relaying.
    for typed in ("user@example.org", "user@EXAMPLE.org",
                  "user@sub.example.org"):
        refused("--relay-test", typed, about=("--relay-test", typed))


@test
def what_is_no_name_is_named():
    for typed in ("", "two words", "a,b", "probe.example.net\r\nDATA",
                  "-.example.net@", "[192.0.2.1"):
        refused("--helo", typed, about=("--helo",))
    for typed in ("", "a..b", "two words", "user@example.net"):
        refused("--control", typed, about=("--control", typed))


@test
def what_is_no_network_and_no_exchanger_is_named():
    for typed in ("", "192.0.2.0/33", "2001:db8::/129", "192.0.2.0/",
                  "mx1.example.org/24", "a..b"):
        refused("--lost", typed, about=("--lost", typed))


@test
def what_is_no_certificate_is_named():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "cert.pem")
        for option in ("--next-cert", "--ca-file"):
            refused(option, path, about=(option, path))
        for text in ("", "no certificate\n",
                     "-----BEGIN PRIVATE KEY-----\n"):
            with open(path, "w", encoding="ascii") as out:
                out.write(text)
            for option in ("--next-cert", "--ca-file"):
                refused(option, path, about=(option, path))


if __name__ == "__main__":
    main()
