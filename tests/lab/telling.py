# SPDX-License-Identifier: GPL-3.0-or-later
"""An outage told to a person: commands, and what they print."""


def say(lab, zone, text, *options, unsaid=()):
    """A heading, and what the plugin says now.

    unsaid: options that only this internet needs.
    """
    print(f"\n{text}\n\n  $ {' '.join([lab.tested, '-H', zone, *options])}")
    return show(lab, [lab.plugin(), "-H", zone, *lab.arguments(),
                      *lab.state_arguments(), *unsaid, *options])


def show(lab, command, **settings):
    """Runs a command and prints what it prints; returns its exit code."""
    code, output, errors, seconds = lab.run(command, **settings)
    for line in (output + errors).splitlines():
        print(f"  {line}")
    print(f"  (exit code {code}, {seconds:.2f} s)", flush=True)
    return code
