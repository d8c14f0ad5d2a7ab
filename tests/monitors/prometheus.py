# SPDX-License-Identifier: GPL-3.0-or-later
"""Prometheus itself, and what belongs to it, running."""

import contextlib
import json
import re
import socket
import subprocess
import urllib.error
import urllib.parse
import urllib.request

import monitors
from monitors import labs

SAMPLE = re.compile(r"(\w+)\{(.*)\} (\S+)")


class Samples:
    """What a Prometheus has read, by families and series."""

    def __init__(self):
        self.heads = {}  # {family: {"HELP": the line, ...}}
        self.series = {}  # {(family, labels): {time: value}}

    def read(self, text, times):
        """What a plugin says, or lifeline-textfile, at all of these times."""
        for line in text.splitlines():
            if line.startswith("# "):
                words = line.split(" ", 3)
                if len(words) > 2:
                    self.heads.setdefault(words[2], {})[words[1]] = line
                continue
            name, labels, value = SAMPLE.fullmatch(line).groups()
            self.series.setdefault((name, labels), {}).update(
                dict.fromkeys(times, value))

    def text(self):
        """All of it as OpenMetrics, line by line."""
        families = {}
        for (family, labels), values in sorted(self.series.items()):
            families.setdefault(family, []).append((labels, values))
        for family, head in sorted(self.heads.items()):
            yield from head.values()
            for labels, values in families[family]:
                for when, value in sorted(values.items()):
                    yield (f'{family}{{instance="monitor:9100",job="node",'
                           f"{labels}}} {value} {when:.0f}")
        yield "# EOF"

    def store(self, folder):
        """Makes the data of a Prometheus below the folder of it."""
        path = f"{folder}/openmetrics"
        with open(path, "w", encoding="utf-8") as file:
            for line in self.text():
                file.write(line + "\n")
        done = monitors.run(
            monitors.program("bin/promtool"), "tsdb", "create-blocks-from",
            "openmetrics", "-q", path, f"{folder}/data",
            env=monitors.environment(), timeout_s=600)
        labs.same(done.returncode, 0, f"promtool: {done.stdout}{done.stderr}")


def free_port():
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def fetch(url):
    """What is there, or None where nobody answers yet."""
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            return answer.read().decode()
    except urllib.error.HTTPError as error:
        if error.code == 503:
            return None
        raise AssertionError(f"{url}: {error.read().decode()}") from error
    except OSError:  # one of urllib's own, or that of a connection
        return None


@contextlib.contextmanager
def running(tool, ready, *words):
    """A program, from when it answers at a URL on."""
    # pylint: disable=consider-using-with
    process = subprocess.Popen(
        [monitors.program(f"bin/{tool}"), *words],
        env=monitors.environment(), stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL)
    try:
        monitors.await_value(lambda: fetch(ready), f"answer of {tool}",
                             process)
        yield process
    finally:
        monitors.stop(process)


@contextlib.contextmanager
def prometheus(folder, config):
    """Prometheus, with its data below the folder; a function that asks its
    API, and it as a process. config: prometheus.yml, as JSON."""
    at = f"127.0.0.1:{free_port()}"
    path = f"{folder}/prometheus.yml"
    with open(path, "w", encoding="utf-8") as file:
        json.dump(config, file)

    def ask(path, **parameters):
        query = urllib.parse.urlencode(parameters, doseq=True)
        return json.loads(fetch(f"http://{at}/api/v1/{path}?{query}"))["data"]
    with running("prometheus", f"http://{at}/-/ready",
                 f"--config.file={path}", f"--web.listen-address={at}",
                 f"--storage.tsdb.path={folder}/data",
                 "--storage.tsdb.retention.time=10y") as process:
        yield ask, process
