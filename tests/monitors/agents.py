# SPDX-License-Identifier: GPL-3.0-or-later
"""NRPE, and what Checkmk's agent and server make of a plugin: what they do is
written down here once more, since Debian has neither of the latter."""

import concurrent.futures
import pathlib
import re
import subprocess
import urllib.parse

import monitors
from monitors import labs

COMMANDS = monitors.CONTRIB / "nrpe" / "lifeline.cfg"
MRPE = monitors.CONTRIB / "checkmk" / "mrpe.cfg"
LOCAL = monitors.CONTRIB / "checkmk" / "lifeline_local"
AS_USER = "runuser -u nagios -- "
PORT = "5666"

# A result of a local check: state, name with or without quotes, metrics, text.
LOCAL_LINE = re.compile(
    r"([0-3P]) (?:\"([^\"']+)\"|'([^\"']+)'|([^ \"']+)) ([^ ]+)(?: +(.*))?")
CACHED = re.compile(r"cached\(([0-9]+),([0-9]+)\) ")


def daemon():
    """NRPE itself."""
    return monitors.program("sbin/nrpe")


def client():
    """What a monitor asks it by."""
    return monitors.program("lib/nagios/plugins/check_nrpe")


class Nrpe:
    """A folder with a configuration, and the daemon that runs on it."""

    def __init__(self, lab, commands, timeout_s=60):
        self.folder = pathlib.Path(lab.folder("nrpe"))
        (self.folder / "lifeline.cfg").write_text(commands)
        # As in Debian's own, but for places. It refuses to run as root; to
        # be somebody else by name only leaves it the lab's files.
        (self.folder / "nrpe.cfg").write_text(f"""
server_address=127.0.0.1
server_port={PORT}
allowed_hosts=127.0.0.1
dont_blame_nrpe=0
command_timeout={timeout_s}
pid_file={self.folder}/nrpe.pid
log_file={self.folder}/nrpe.log
include={self.folder}/lifeline.cfg
""")
        with open(self.folder / "output", "wb") as log:
            self.process = subprocess.Popen(
                ["unshare", "--user", "--map-user=65534",
                 "--map-group=65534", daemon(), "-c",
                 str(self.folder / "nrpe.cfg"), "-n", "-f"],
                env=monitors.environment(), stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, start_new_session=True)
        monitors.await_value(
            lambda: self.ask().returncode == 0 or None,
            "NRPE", self.process)

    @staticmethod
    def ask(*command, wait="60:3"):
        """What check_nrpe says of a command, or of NRPE itself."""
        return monitors.run(
            client(), "-H", "127.0.0.1", "-p", PORT, "-n", "-t", wait,
            *command, env=monitors.environment(), timeout_s=70)

    def command(self, name, *more):
        """The result of a command: its exit code, text and metrics."""
        done = self.ask("-c", name, *more)
        labs.same(done.stderr, "", f"stderr of {name}")
        labs.check("|" in done.stdout, f"metrics in {done.stdout}")
        return (done.returncode, done.stdout.split("|")[0],
                monitors.perfdata(done.stdout))

    def stop(self):
        """Ends the daemon."""
        monitors.stop(self.process)


def metrics(items):
    """What Checkmk's server reads of metrics: of each a name without what it
    refuses there, a number, what its unit leaves of it, and of levels and
    bounds what is a number, of a range its end. What it can't read makes the
    result UNKNOWN."""
    read = {}
    for item in items:
        name, sign, values = item.partition("=")
        labs.check(sign and re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name),
                   f"a name in {item}")
        value, *levels = values.split(";")
        found = re.fullmatch(r"(-?[0-9]+(?:\.[0-9]+)?)(s|B|%|c|)", value)
        labs.check(found, f"a value in {item}")
        labs.check(len(levels) <= 4, item)
        for level in levels:
            labs.check(re.fullmatch(r"@?(~|-?[0-9.]+)?:?(-?[0-9.]+)?", level),
                       f"a level in {item}")
        read[name] = float(found[1])
    labs.same(len(read), len(items), f"names in {items}")
    return read


def mrpe_lines(text):
    """(name, seconds between runs, command) of each line."""
    for line in text.splitlines():
        if line and not line.startswith("#"):
            labs.check("\\" not in line, "what the agent's read takes away")
            name, rest = line.split(" ", 1)
            interval, command = re.fullmatch(
                r"\(interval=([0-9]+)\) (.*)", rest).groups()
            yield urllib.parse.unquote(name), int(interval), command


def run_mrpe(command):
    """(state, text, metrics) as the server reads a line of the agent: a shell
    runs it, what it says on stderr is lost, line ends become \\1, and words
    are what blanks part."""
    done = monitors.run("bash", "-c", 'eval "$1" 2>/dev/null', "-", command)
    sent = f"{done.returncode} " + done.stdout.rstrip("\n").replace("\n", "\1")
    state, *words = sent.split(" ")
    lines = " ".join(words).split("\1")
    texts, items = [], []
    are_items = False
    for number, line in enumerate(lines):
        if are_items:
            items += line.split()
            continue
        text, mark, rest = line.partition("|")
        texts.append(text.strip())
        items += rest.split()
        are_items = bool(mark) and number > 0
    return int(state), "\n".join(texts), items


def local_results(lab, script):
    """(name, state, metrics, text) of each line that a local check prints. In
    a folder with a number the agent keeps them so long, and says so."""
    path = pathlib.Path(lab.folder("local")) / "lifeline"
    path.write_text(script)
    path.chmod(0o755)
    done = monitors.run(path)
    labs.same(done.stderr, "", "stderr")
    for line in done.stdout.splitlines():
        yield local_result(line)
        kept = f"cached(1700000000,300) {line}"
        labs.same(local_result(kept), local_result(line), "the cached form")


def local_result(line):
    """What the server reads in a line."""
    found = LOCAL_LINE.fullmatch(CACHED.sub("", line))
    labs.check(found, line)
    state, double, single, bare, items, text = found.groups()
    labs.check(state != "P", f"a state that metrics decide: {line}")
    return (double or single or bare, int(state),
            [] if items == "-" else items.split("|"),
            (text or "").replace("\\n", "\n"))


class Agents:
    """All three with the examples, changed as a lab needs them."""

    def __init__(self, lab, change):
        self.lab = lab
        self.commands = change(COMMANDS.read_text())
        self.nrpe = Nrpe(lab, self.commands)
        self.mrpe = change(MRPE.read_text()).replace(AS_USER, "")
        self.local = change(LOCAL.read_text()).replace(AS_USER, "")

    def by_nrpe(self, plugin):
        """(state, text, metrics) of the example of a plugin, by NRPE."""
        return self.nrpe.command(plugin.replace("check_", "lifeline_"))

    def by_mrpe(self, plugin):
        """The same by Checkmk's agent."""
        return run_mrpe(next(command for _, _, command
                             in mrpe_lines(self.mrpe)
                             if f"/{plugin} " in command))

    def by_local_check(self, plugin):
        """The same by its local checks, of which only this one is run."""
        head, *calls = self.local.split("\nlocal_check ")
        call = next(call for call in calls if f"/{plugin} " in call)
        (_, state, items, text), = local_results(
            self.lab, f"{head}\nlocal_check {call}")
        return state, text, items

    def all(self, plugin, state, at_once=False):
        """[(text, metrics)] as each of them has it: all have this state, as
        many lines, and as many metrics, which are numbers. at_once: where the
        plugin remembers nothing."""
        with concurrent.futures.ThreadPoolExecutor(3 if at_once else 1) as go:
            found = list(go.map(lambda by: by(plugin), (
                self.by_nrpe, self.by_mrpe, self.by_local_check)))
        for code, text, items in found:
            labs.same(code, state, text)
            labs.check(len(text.splitlines()[0]) <= 160, text)
            metrics(items)
        labs.same(len({len(items) for _, _, items in found}), 1,
                  f"numbers of metrics in {found}")
        labs.same(len({len(text.strip().splitlines())
                       for _, text, _ in found}), 1,
                  f"numbers of lines in {found}")
        return [(text, items) for _, text, items in found]

    def stop(self):
        """Ends what goes on by itself."""
        self.nrpe.stop()
