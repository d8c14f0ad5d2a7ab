#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plugins under Prometheus: its own tools judge the examples, and
node_exporter reads what the script writes for it."""

import contextlib
import os
import re
import socket
import subprocess
import sys
import urllib.error
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

# pylint: disable=wrong-import-position
import monitors  # noqa: E402
from monitors import labs  # noqa: E402

CONTRIB = monitors.CONTRIB / "prometheus"
SCRIPT = CONTRIB / "lifeline-textfile"
EXAMPLE = monitors.BUILD / "tests" / "unit" / "check_example"


def promtool(*words):
    """Runs promtool; what it printed, once it was content."""
    done = monitors.run(monitors.program("bin/promtool"), *words,
                        env=monitors.environment())
    labs.same(done.returncode, 0, f"{words}: {done.stdout}{done.stderr}")
    return done.stdout + done.stderr


@labs.case("promtool accepts the configuration and the rules")
def files_are_valid(_lab):
    said = promtool("check", "config", CONTRIB / "prometheus.yml")
    labs.check("1 rule files found" in said, said)
    said = promtool("check", "rules", CONTRIB / "lifeline-rules.yml")
    labs.check("6 rules found" in said, said)


@labs.case("the alerts fire when they should, and name the culprit")
def alerts_fire(_lab):
    promtool("test", "rules",
             monitors.TOP / "tests" / "monitors" / "prometheus_rules.yml")


def scripts():
    """Each script of script_exporter.yml: its name, plugin, arguments, the
    most that it may take and all of its text."""
    with open(CONTRIB / "script_exporter.yml", encoding="utf-8") as file:
        parts = file.read().split("\n  - name: ")[1:]
    for part in parts:
        words = re.findall(r"(?m)^      - (.*)$", part)
        yield (part.split("\n", maxsplit=1)[0], words[0], words[1:],
               int(re.search(r"max_timeout: (\d+)\n", part)[1]), part)


@labs.case("script_exporter's arguments are options of the plugins")
def scripts_are_right(_lab):
    seen = []
    for name, command, words, most_s, text in scripts():
        plugin = os.path.basename(command)
        seen.append(plugin)
        labs.check(name.startswith("lifeline_" + plugin[len("check_"):]),
                   f"{name} is how the alerts know it")
        labs.check("--output=prometheus" in words, f"{words}")
        timeout_s = [int(word[10:-1]) for word in words
                     if re.fullmatch(r"--timeout=\d+s", word)]
        labs.check(len(timeout_s) == 1 and timeout_s[0] < most_s,
                   f"{name} ends by itself in time")
        labs.check("cache:" not in text or "cache_on_error: true\n" in text,
                   f"{name} is kept in any state")
        if not (monitors.BUILD / "plugins" / plugin).exists():
            raise labs.Missing(f"{plugin} is not built, for want of libraries")
        # A file that is not there would be wrong usage, too.
        words = [word for word in words if "--extra-opts=" not in word]
        done = monitors.run(monitors.BUILD / "plugins" / plugin, *words,
                            "--list-options")
        labs.check(done.returncode == 3 and "\t" in done.stdout,
                   f"{words}: {done.stdout}")
    with open(CONTRIB / "prometheus.yml", encoding="utf-8") as file:
        targets = re.findall(r"(?m)^ +- (lifeline_\w+)$", file.read())
    labs.same(sorted(targets), sorted(name for name, *_ in scripts()),
              "targets in prometheus.yml")
    labs.same(sorted(seen), sorted(
        path.name[:-2] for path in
        (monitors.TOP / "plugins").glob("check_*.c")), "plugins")


def textfile(folder, *words, plugin=EXAMPLE, env=None):
    """Runs the script; how it ended and what it printed."""
    return monitors.run(SCRIPT, "-d", folder, *words[:1], plugin, *words[1:],
                        env=env)


def fake(lab, *lines):
    """A plugin that is these lines of shell; its path."""
    path = os.path.join(lab.folder("plugin"), "check_fake")
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(("#!/bin/sh", *lines, "")))
    os.chmod(path, 0o755)
    return path


def written(folder, name):
    """The lines of a file in the folder, which holds no other than *.prom."""
    left = [entry for entry in os.listdir(folder)
            if not entry.endswith(".prom")]
    labs.same(left, [], "other files left")
    with open(f"{folder}/{name}.prom", encoding="utf-8") as file:
        return file.read().splitlines()


@labs.case("the script writes a result of any state whole")
def results_are_written(lab):
    folder = lab.folder("textfile")
    for code, words in ((0, []), (1, ["--silent", "ns1"]),
                        (2, ["--grave", "it's \"lost\""]),
                        (3, ["--unreached", "no $route"])):
        done = textfile(folder, "example.org", "-H", "example.org", *words)
        labs.same((done.returncode, done.stdout, done.stderr), (0, "", ""),
                  f"how {words} ended")
        lines = written(folder, "example.org")
        labs.same(lines[-1], "# EOF", "the end")
        for line in ('lifeline_textfile_success{file="example.org"} 1',
                     f'lifeline_textfile_exit_code{{file="example.org"}} '
                     f'{code}',
                     f'lifeline_state{{check="example",'
                     f'subject="example.org"}} {code}'):
            labs.same(lines.count(line), 1, line)
        labs.same(os.stat(f"{folder}/example.org.prom").st_mode & 0o777,
                  0o644, "mode")


@labs.case("what is no result leaves no old one behind")
def failures_are_written(lab):
    folder = lab.folder("textfile")
    for words, plugin, code in (
            (["-H", "a", "--mode=none"], EXAMPLE, 3),
            (["-H", "a", "--raw", "this alone"], EXAMPLE, 3),
            ([], "/nonexistent", 127),
            ([], fake(lab, "echo 'lifeline_state 0'", "kill -9 $$"), 137)):
        labs.same(textfile(folder, "x", "-H", "a").returncode, 0, "before")
        done = textfile(folder, "x", *words, plugin=plugin)
        labs.same(done.returncode, 1, f"how {words} ended")
        labs.check("gave no result" in done.stderr, done.stderr)
        lines = written(folder, "x")
        labs.same([line for line in lines if not line.startswith("#")],
                  ['lifeline_textfile_success{file="x"} 0',
                   f'lifeline_textfile_exit_code{{file="x"}} {code}'],
                  "what is left")


@labs.case("wrong usage of the script writes nothing")
def usage_is_checked(lab):
    folder = lab.folder("textfile")
    for name in ("", ".x", "../x", "a b", "a/b", "a\nb"):
        done = textfile(folder, name, "-H", "a")
        labs.same((done.returncode, done.stdout), (2, ""), f"code of {name!r}")
    labs.same(monitors.run(SCRIPT, "-d", folder, "x").returncode, 2,
              "no plugin")
    labs.same(monitors.run(SCRIPT, "-q").returncode, 2, "no such option")
    labs.same(os.listdir(folder), [], "files")
    labs.same(textfile(folder + "/none", "x", "-H", "a").returncode, 1,
              "no such folder")
    done = monitors.run(SCRIPT, "-h")
    labs.check(done.returncode == 0 and done.stdout.startswith("Usage: "),
               done.stdout)


@labs.case("whoever reads meanwhile reads one result or the other")
def writing_is_atomic(lab):
    folder = lab.folder("textfile")
    textfile(folder, "x", "-H", "a")
    # The plugin waits behind its first line, until the test has read.
    fifo = os.path.join(lab.folder("fifo"), "fifo")
    os.mkfifo(fifo)
    plugin = fake(lab, "echo '# TYPE lifeline_state gauge'",
                  f"echo begun >'{fifo}'", f"read -r _ <'{fifo}'",
                  "echo 'lifeline_state 2'", "echo '# EOF'")
    with open(f"{folder}/x.prom", encoding="utf-8") as file:
        before = file.read()
    with subprocess.Popen([SCRIPT, "-d", folder, "x", plugin]) as running:
        with open(fifo, encoding="utf-8") as file:
            labs.same(file.read(), "begun\n", "what the plugin says")
        with open(f"{folder}/x.prom", encoding="utf-8") as file:
            labs.same(file.read(), before, "the file meanwhile")
        labs.same([name for name in os.listdir(folder)
                   if name.endswith(".prom")], ["x.prom"], "what is read")
        with open(fifo, "w", encoding="utf-8") as file:
            file.write("go\n")
        labs.same(running.wait(20), 0, "exit code")
    labs.check("lifeline_state 2" in written(folder, "x"), "the new result")


@contextlib.contextmanager
def node_exporter(folder):
    """node_exporter over the folder; a function that gets what it exports."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    # pylint: disable=consider-using-with
    process = subprocess.Popen(
        [monitors.program("bin/prometheus-node-exporter"),
         f"--web.listen-address=127.0.0.1:{port}",
         "--web.disable-exporter-metrics", "--collector.disable-defaults",
         "--collector.textfile", f"--collector.textfile.directory={folder}"],
        env=monitors.environment(), stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL)

    def get():
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics",
                                        timeout=10) as answer:
                return answer.read().decode().splitlines()
        except urllib.error.URLError:
            return None
    try:
        monitors.await_value(get, "answer of node_exporter", process)
        yield get
    finally:
        monitors.stop(process)


@labs.case("node_exporter reads several results beside each other")
def collector_reads(lab):
    folder = lab.folder("textfile")
    ways = [f"--label=way={way}" for way in ("direct", "backup")]
    for name, words in (("a", ["-H", "example.org", ways[0]]),
                        ("b", ["-H", "example.org", ways[1], "--silent",
                               "ns1.example.org/192.0.2.1", "-w", "9d"]),
                        ("c", ["-H", 'a"b\\c', "--blind", "no route",
                               "--server", "ns1.example.org 192.0.2.1"])):
        labs.same(textfile(folder, name, *words).returncode, 0, name)
    textfile(folder, "d", "-H", "x", "--mode=none")
    with node_exporter(folder) as get:
        lines = get()
    wanted = (
        "node_textfile_scrape_error 0",
        'lifeline_state{check="example",subject="example.org",'
        'way="direct"} 0',
        'lifeline_state{check="example",subject="example.org",'
        'way="backup"} 1',
        'lifeline_finding_state{address="192.0.2.1",check="example",'
        'culprit="ns1.example.org",rule="example-silent",'
        'subject="example.org",way="backup"} 1',
        'lifeline_textfile_success{file="a"} 1',
        'lifeline_textfile_success{file="d"} 0')
    for line in wanted:
        labs.same(lines.count(line), 1, f"{line} in {lines}")
    labs.check(any(line.startswith("lifeline_example_answer_seconds{")
                   and 'subject="a\\"b\\\\c"' in line for line in lines),
               f"a subject with quotes in {lines}")
    labs.same(len([line for line in lines
                   if line.startswith("lifeline_state{")]), 3, "states")


if __name__ == "__main__":
    labs.main()
