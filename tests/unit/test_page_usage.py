# SPDX-License-Identifier: GPL-3.0-or-later
"""What check_status_page's own options take. Each run ends at a wrong value,
before anything is sent; where one does not, it asks a closed port of this
host."""

import os
import socket
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# pylint: disable=wrong-import-position
from tap import BUILD, main, same, test  # noqa: E402
from usage import refused_by  # noqa: E402

# Nobody listens there, nor is anybody else given it.
CLOSED = socket.socket()
CLOSED.bind(("127.0.0.1", 0))
URL = f"http://127.0.0.1:{CLOSED.getsockname()[1]}/"
PLUGIN = os.path.join(BUILD, "plugins", "check_status_page")

refused = refused_by("check_status_page", "-u", URL)
refused_bare = refused_by("check_status_page", "--no-state")


def taken(*args):
    """Runs with options that are fine: the page can't be reached."""
    done = subprocess.run(
        [PLUGIN, "-u", URL, "--no-state", *args], check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    same(done.returncode, 2, done.stdout.decode())
    same("page-unreachable" in done.stdout.decode(), True, args)


@test
def what_is_no_url_is_named():
    refused_bare(about=("-u", "URL"))
    for typed in ("", "status.example.com", "ftp://status.example.com/",
                  "https://", "https://user:secret@status.example.com/",
                  "https://status .example.com/", "file:///etc/passwd",
                  "https://status.example.com:99999/"):
        refused_bare("-u", typed, about=("--url", typed))
        refused("--also", typed, about=("--also", typed))
        refused("--control", typed, about=("--control", typed))
        refused("--probe", typed, about=("--probe", typed))


@test
def modes_exclude_each_other():
    refused("--own", "--upstream", about=("--own", "--upstream"))
    refused("-4", "-6", about=("-4", "-6"))
    refused("--upstream", "--probe", URL, about=("--upstream", "--probe"))
    refused("-4", "--address", "2001:db8::1", about=("--address",))
    refused("-6", "--address", "192.0.2.1", about=("--address",))


@test
def what_selects_is_read():
    for option in ("--component", "--group", "--ignore"):
        for typed in ("", "~", "~(", "~a{1"):
            refused(option, typed, about=(option, typed))
    taken("--component", "API", "--group", "Europe", "--ignore", "~^Visit ")


@test
def what_maps_is_read():
    for typed in ("", "none", "none=", "=ok", "none=fine", "none=ok=x"):
        refused("--map", typed, about=("--map", typed))
    taken("--map", "none=ok", "--map", "a=b=critical")
    refused("--maintenance", "no", about=("--maintenance", "skip"))


@test
def what_is_no_format_is_named():
    for typed in ("", "json", "unknown", "Statuspage"):
        refused("--format", typed, about=("--format", typed, "statuspage"))
    for typed in ("statuspage", "cachet-components", "html"):
        taken("--format", typed)


@test
def what_is_no_zone_is_named():
    for typed in ("", "CET", "+2", "+02:60", "+15:00", "02:00", "+02:00 ",
                  "+02:0"):
        refused("--zone", typed, about=("--zone", typed))
    for typed in ("UTC", "Z", "+02:00", "-0330", "+1400"):
        taken("--zone", typed)


@test
def what_is_no_pattern_is_named():
    for option in ("--expect", "--reject"):
        for typed in ("", "(", "(a)\\1", "a" * 300):
            refused(option, typed, about=(option,))
    taken("--expect", "all systems", "--reject", "outage|degraded")


@test
def what_is_no_address_is_named():
    for typed in ("", "192.0.2", "status.example.com", "192.0.2.1/24"):
        refused("--address", typed, about=("--address", typed))
        refused("--resolver", typed, about=("--resolver", typed))
    for typed in ("192.0.2.1:", "192.0.2.1:0", "192.0.2.1:x", "[::1",
                  "[::1]53"):
        refused("--resolver", typed, about=("--resolver", typed))
    for typed in ("", "192.0.2.0/24", "64:ff9b::/97", "64:ff9b::/16"):
        refused("--nat64", typed, about=("--nat64", typed))
    taken("--resolver", "192.0.2.1", "--resolver", "192.0.2.1:5353",
          "--resolver", "::1", "--resolver", "[::1]:5353",
          "--nat64", "2001:db8:64::/96")


@test
def what_is_no_certificate_is_named():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "cert.pem")
        refused("--ca-file", path, about=("--ca-file", path))
        with open(path, "w", encoding="ascii") as out:
            out.write("no certificate\n")
        refused("--ca-file", path, about=("--ca-file", path))


@test
def limits_come_in_their_order():
    for name in ("copy", "silence", "limbo", "stale", "unexplained",
                 "overdue", "drill", "first-post"):
        refused(f"--{name}-warning", "2d", f"--{name}-critical", "1d",
                about=(f"--{name}-warning", f"--{name}-critical"))
        taken(f"--{name}-warning", "1d", f"--{name}-critical", "1d")
    refused("--cert-warning", "1d", "--cert-critical", "2d",
            about=("--cert-warning", "--cert-critical"))
    refused("--size-warning", "9", "--size-critical", "8",
            about=("--size-warning", "--size-critical"))


@test
def probes_are_read():
    for typed in ("API=", "API=www.example.com", "~(=http://www.example.com/",
                  "API=http://" + "x" * 1100 + ".example.com/"):
        refused("--probe", typed, about=("--probe",))
    taken("--probe", URL, "--probe", "API=" + URL, "--probe",
          "a=b=" + URL + "?x=http://www.example.com/")


@test
def command_stands_behind_all_options():
    refused("--probe-command", about=("--probe-command", "--"))
    refused("--probe-command", "--", about=("--probe-command", "--"))
    refused("--", "true", about=("--probe-command",))
    refused("--probe-command", "API", "--probe-command", "Mail", "--", "true",
            about=("--probe-command",))
    refused("--probe-command=~(", "--", "true", about=("--probe-command",))
    taken("--probe-command", "--", "true")
    taken("--probe-command=API", "--", "true", "-v", "--help")
    taken("--probe-command", "API=", "--", "true")


@test
def arguments_of_the_command_are_not_kept():
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for word in ("s3cret", "s3crets", "s3cret"):
            subprocess.run(
                [PLUGIN, "-u", URL, "--state-dir", folder,
                 "--probe-command", "--", "true", "-p", word],
                check=False, stdout=subprocess.DEVNULL)
            files = [name for name in os.listdir(folder)
                     if name.endswith(".json")]
            same([name for name in os.listdir(folder) if "s3cr" in name], [])
            for name in files:
                with open(os.path.join(folder, name), encoding="utf-8") as f:
                    same("s3cr" in f.read(), False, name)
        # Other arguments are another probe, all the same.
        same(len(files), 2)


@test
def state_directory_is_absolute():
    refused("--state-dir", "state", about=("--state-dir", "state"))


if __name__ == "__main__":
    main()
