# SPDX-License-Identifier: GPL-3.0-or-later
"""From argv to the exit code, with a plugin that finds what it is told."""

import json
import os
import re
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# pylint: disable=wrong-import-position
from tap import BUILD, Skip, main, none_of, same, test  # noqa: E402

EXAMPLE = os.path.join(BUILD, "tests/unit/check_example")
HOST = ["-H", "example.org"]
OK, WARNING, CRITICAL, UNKNOWN = range(4)
BUSY_S = 30  # for so long a busy machine may hold up a run


class Result:
    """What one run printed, and how it ended."""

    def __init__(self, args, env=None, stdin=b"", **how):
        environment = {"PATH": os.environ.get("PATH", "")}
        for name, value in os.environ.items():
            if name.endswith("SAN_OPTIONS"):
                environment[name] = value
        environment.update(env or {})
        done = subprocess.run([EXAMPLE, *args], env=environment, input=stdin,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=60, check=False, **how)
        self.code = done.returncode
        self.output = done.stdout.decode()
        same(done.stderr, b"", "stderr")

    @property
    def line(self):
        """Line 1."""
        return self.output.split("\n", 1)[0]

    @property
    def perfdata(self):
        """Label to all that is behind the equals sign."""
        same(self.output.count("|"), 1, f"bars in {self.output!r}")
        items = self.output.split("|")[1].rstrip("\n").split(" ")
        return dict(item.split("=") for item in items)


def check(*args, **how):
    """Runs the example about a host."""
    return Result([*HOST, *args], **how)


def json_of(*args, **how):
    """The result as an object, its state being the exit code."""
    result = check("--output=json", *args, **how)
    root = json.loads(result.output)
    same(root["state"], result.code, "exit code")
    return root


def rules_found(root):
    """Rule and state of each finding."""
    return [(f["rule"], f["state"]) for f in root["findings"]]


def refused(*args, about, permitted="", plain=False, **how):
    """Holds where this is a usage error of one line that names things."""
    result = Result(args, **how) if plain else check(*args, **how)
    same(result.code, UNKNOWN, f"exit code of {args}")
    same(result.output.count("\n"), 1, f"lines of {result.output!r}")
    same(result.output.startswith("EXAMPLE UNKNOWN - "), True, "start")
    for part in (about, permitted, "see --help"):
        same(part in result.output, True, f"{part!r} in {result.output!r}")
    same("|" in result.output, False, "a bar")
    return result


def written(text, mode=0o600):
    """A file with this text."""
    handle, path = tempfile.mkstemp(dir=FOLDER.name)
    with os.fdopen(handle, "wb") as file:
        file.write(text if isinstance(text, bytes) else text.encode())
    os.chmod(path, mode)
    return path


FOLDER = tempfile.TemporaryDirectory()


@test
def golden_text():
    result = check("--silent", "ns2.example.net/192.0.2.2",
                   "--silent", "ns1.example.net", "--blind", "no route",
                   "-w", "2d", "--server", "ns1.example.net")
    same(result.code, WARNING, "exit code")
    head, time_s = result.output.rsplit(" time=", 1)
    same(float(time_s.removesuffix("s\n")) < BUSY_S, True, "time")
    same(head,
         "EXAMPLE WARNING - example.org: ns1.example.net does not answer "
         "(+2 more) (IPv6 not judged: no route)\n"
         "[example-silent] WARNING: ns1.example.net does not answer\n"
         "[example-silent] WARNING: ns2.example.net (192.0.2.2) does not "
         "answer\n"
         "[threshold] WARNING: cover is 1 d, expected at least 2 d\n"
         "not judged: example-family (IPv6): no route\n"
         "|cover=86400s;172800: factor=4 descriptor=3 not_judged=1")


@test
def exit_code_is_the_worst():
    same(check().code, OK)
    same(check("--remark", "x").code, OK)
    same(check("--silent", "x").code, WARNING)
    same(check("--silent", "x", "--grave", "y").code, CRITICAL)
    same(check("--unreached", "x").code, UNKNOWN)
    same(check("--unreached", "x", "--silent", "y").code, WARNING)
    same(check("--failure", "no memory").code, UNKNOWN)


@test
def every_way_to_write_an_option():
    for args in (["--factor=7"], ["--factor", "7"], ["-f7"], ["-f", "7"],
                 ["-vf7"], ["-vvf", "7"], ["-f", "3", "--factor=7"],
                 ["-f7", "--"], ["--factor=007"]):
        same(check(*args).perfdata["factor"], "7", args)
    same(Result(["-Hexample.org"]).code, OK)
    same(Result(["--host", "example.org"]).code, OK)
    # A value may look like an option.
    same(check("-w", "-5:").code, OK)
    same(check("-c", "-5:-4").code, CRITICAL)


@test
def wrong_usage_is_named():
    refused("--factors=3", about="--factors")
    refused("--fact=3", about="--fact ")  # no abbreviations
    refused("-x", about="-x")
    refused("-vx", about="-x")
    refused("example.com", about="example.com")
    refused("", about="only options")
    refused("-", about="only options")
    refused("--", "example.com", about="example.com")
    refused("--factor", about="--factor", permitted="N")
    refused("--hang=yes", about="--hang takes no value")
    refused("--hang=", about="--hang takes no value")
    refused(plain=True, about="-H NAME")
    refused("-H", "a b", plain=True, about="-H a b")
    refused(b"-H\xff", plain=True, about="argument 1 is not valid UTF-8")
    refused("--mode=odd", about="--mode odd", permitted="plain, fancy")
    refused("--timeout-result=bad", about="--timeout-result bad",
            permitted="ok, warning, critical, unknown")
    refused("--factor=a|b\nc", about="--factor a!b c")
    refused("--raw", "x" * 5000, "--factor=" + "9" * 5000, about="--factor")


@test
def numbers_are_strict_and_say_why():
    words = set()
    for value in ("x", "0", "21", "10%", "5,5", "0x5", "1e1", "+5", " 5", ""):
        words.add(refused(f"--factor={value}", about=f"--factor {value}",
                          permitted="1 to 20").output.split(": ")[1])
    same(len(words), 3, words)  # no number, too small, too large
    for value in ("5x", "99ms", "11m", "5,5s", "8 s", "-1"):
        words.add(refused("-t", value, about=f"-t {value}",
                          permitted="100ms to 10m").output.split(": ")[1])
    same(len(words), 4, words)  # and an unknown unit
    same(check("-f", "010").perfdata["factor"], "10")


@test
def wrong_ranges_and_rules_are_named():
    for value in ("20:10", "@", "", "10%", "5,5", "cover=", "cover=20:10"):
        refused("-w", value, about=f"--warning {value}")
        refused("--critical", value, about=f"--critical {value}")
    refused("--warning", "nothing=10", about="nothing=10",
            permitted="--list-metrics")
    refused("--rule", "nothing=ok", about="nothing=ok",
            permitted="--list-rules")
    refused("--rule", "example-grave=bad", about="bad", permitted="ignore")
    refused("--rule", "example-grave", about="example-grave")


@test
def help_and_version_win():
    for args in (["-h"], ["--help"], ["--nonsense", "-h"], ["-V", "-h"],
                 ["positional", "-vh"], ["--factor=x", "--help"],
                 ["-h", "--extra-opts=nothing@/nonexistent"]):
        result = Result(args)
        same(result.code, UNKNOWN, args)
        same("Usage: check_example " in result.output, True, args)
    for args in (["-V"], ["--nonsense", "--version"]):
        result = Result(args)
        same(result.code, UNKNOWN, args)
        same(result.output.startswith("check_example ("), True, args)
        same(result.output.count("\n"), 1, args)
    # The value of an option is none itself.
    same("Usage" in Result(["-H", "-h"]).output, False)


@test
def help_has_80_columns_and_all_options():
    text = Result(["-h"]).output
    none_of([line for line in text.splitlines() if len(line) > 79])
    for row in Result(["--list-options"]).output.splitlines():
        same(f"{row.split(chr(9))[1]}" in text, True, row)
    for part in ("default 8s", "default 4)", "default plain",
                 "default unknown", "default answers.txt", "1 to 20",
                 "$EXAMPLE_PASSWORD", "(required)", "less is worse"):
        same(part in " ".join(text.split()), True, part)


@test
def lists_are_tables():
    rules = Result(["--list-rules"])
    same(rules.code, UNKNOWN)
    rows = [line.split("\t") for line in rules.output.splitlines()]
    same({len(row) for row in rows}, {5})
    same(rows[0], ["example-reached", "critical", "essential",
                   "the host is not reached", "RFC 1034 section 4.2"])
    same(rows[-1][0], "threshold")
    metrics = Result(["--list-metrics"])
    same(metrics.code, UNKNOWN)
    rows = [line.split("\t") for line in metrics.output.splitlines()]
    same({len(row) for row in rows}, {4})
    same(rows[0][:3], ["cover", "s", "headline,less-is-worse"])
    same([row[0] for row in rows[-2:]], ["not_judged", "time"])
    same([row[2] for row in rows if row[0] == "answer"], ["per-server"])
    options = Result(["--list-options"])
    same(options.code, UNKNOWN)
    rows = {line.split("\t")[1]: line.split("\t")
            for line in options.output.splitlines()}
    same({len(row) for row in rows.values()}, {7})
    same(rows["--host"][:6],
         ["-H", "--host", "string", "NAME", "-", "required"])
    same(rows["--mode"][4], "plain, fancy")
    same(rows["--hang"][2:5], ["flag", "-", "-"])
    refused("--list-rules", "--nonsense", about="--nonsense")


@test
def thresholds_judge_by_metric():
    # Of the headline less is worse; it is 86400.
    same(check("-w", "86400").code, OK)
    same(check("-w", "86401").code, WARNING)
    same(check("-w", "25h").code, WARNING)
    same(check("--warning", "cover=2d", "--critical=2d").code, CRITICAL)
    same(check("-w", "factor=3").code, WARNING)
    same(check("-w", "factor=4", "-c", "factor=4:").code, OK)
    same(check("-w", "factor=3", "-w", "factor=5").code, OK)  # the last
    same(check("-c", "time=0").code, CRITICAL)
    same(check("-c", "not_judged=0").code, OK)
    same(check("-c", "not_judged=0", "--blind", "x").code, CRITICAL)
    root = json_of("-c", "answer=20ms", "--server", "192.0.2.1",
                   "--server", "ns2.example.net")
    same(rules_found(root), [("threshold", CRITICAL)])
    same(root["findings"][0]["culprit"]["name"], "ns2.example.net")
    root = json_of("-w", "never=5")
    same(root["not_judged"][0]["rule"], "threshold")
    same(root["metrics"]["not_judged"], 1)


@test
def rules_are_overridden():
    silent = ["--silent", "ns1/192.0.2.1", "--silent", "ns2/192.0.2.2"]
    same(check(*silent, "--rule", "example-silent=ok").code, OK)
    root = json_of(*silent, "--rule", "example-silent@192.0.2.1=ignore",
                   "--rule=example-silent=critical")
    same(rules_found(root), [("example-silent", CRITICAL)])
    same(root["findings"][0]["culprit"]["address"], "192.0.2.2")
    same(check("--unreached", "x", "--rule", "example-reached=ignore").code,
         OK)


@test
def json_is_what_text_is():
    args = ["--silent", "b\u00fccher/192.0.2.1", "--grave", "a|b <c>",
            "--blind", "no route", "--server", "192.0.2.1", "-c", "7d"]
    root = json_of(*args)
    text = check(*args)
    same(root["schema"], 1)
    same(root["summary"], text.line)
    same(root["state"], text.code)
    same(root["state_name"], "CRITICAL")
    same(abs(root["time"] - time.time()) < 60, True, "time")
    same(isinstance(root["duration"], float), True, "duration")
    same(root["findings"][0]["text"], "a!b (c)")
    same(root["findings"][2]["culprit"]["name"], "b\u00fccher")
    same(root["server_metrics"],
         [{"metric": "answer", "server": "192.0.2.1", "value": 0.0125}])
    same(root["thresholds"],
         [{"metric": "cover", "warning": None, "critical": "604800:"}])
    same(root["bulk"], [])
    same(root["truncated"], False)
    for name, value in text.perfdata.items():
        number = float(value.split(";")[0].rstrip("sB"))
        if name != "time":
            same(root["metrics"][name], number, name)


SAMPLE = re.compile(r'''([a-z_][a-z0-9_]*)   # name
    \{((?:[a-z0-9_]+="(?:[^"\\\n]|\\["\\])*",?)+)\}
    \ (-?[0-9]+(?:\.[0-9]+)?)''', re.X)


def samples_of(text):
    """Name and labels of each sample to its value: each family in one piece
    behind its head, no sample twice, and the end."""
    lines = text.split("\n")
    same(lines[-2:], ["# EOF", ""], "the end")
    found, families = {}, []
    for line in lines[:-2]:
        if line.startswith("# HELP "):
            families.append(line.split()[2])
        elif line.startswith("# TYPE "):
            same(line, f"# TYPE {families[-1]} gauge")
        elif line.startswith("# UNIT "):
            _, _, name, unit = line.split(" ")
            same((name, name.endswith("_" + unit)), (families[-1], True))
        else:
            match = SAMPLE.fullmatch(line)
            same(match is not None, True, f"{line!r} is a sample")
            same(match[1], families[-1], line)
            same(match[1].startswith("lifeline_"), True, line)
            key = match[1], match[2]
            same(key in found, False, f"{line!r} comes once")
            found[key] = float(match[3])
    same(len(families), len(set(families)), "families in one piece")
    return found


@test
def prometheus_is_what_json_is():
    for args in ([], ["--silent", "b\u00fccher/192.0.2.1", "--grave", "a|b <c>"],
                 ["--remark", "fine"], ["--unreached", "no route"],
                 ["--failure", "out of luck"], ["--server", "a 192.0.2.1",
                  "--server", "a 192.0.2.1", "-c", "7d", "-vvv"]):
        result = check("--output=prometheus", *args)
        root = json_of(*args)
        base = 'check="example",subject="example.org"'
        found = samples_of(result.output)
        same(result.code, root["state"], "exit code")
        same(found["lifeline_state", base], root["state"])
        same(found["lifeline_not_judged", base],
             root["metrics"]["not_judged"])
        same(found["lifeline_example_cover_seconds", base],
             root["metrics"]["cover"])
        same(abs(found["lifeline_run_timestamp_seconds", base]
                 - root["time"]) < 60, True)
        same(sorted(found[key] for key in found
                    if key[0] == "lifeline_finding_state"),
             sorted(f["state"] for f in root["findings"] if f["state"]))
        same(sum(found[key] for key in found
                 if key[0] == "lifeline_example_answer_seconds"),
             max([m["value"] for m in root["server_metrics"]], default=0))


@test
def wrong_usage_is_no_exposition():
    refused("--output=prometheus", "--mode=none", about="--mode")
    refused("--output=openmetrics", about="--output", permitted="prometheus")


@test
def labels_are_given_to_every_sample():
    result = check("--output=prometheus", "--label", "way=a \"b\" = c",
                   "--label=team=dns", "--server", "ns1 192.0.2.1",
                   "--silent", "ns1", "--blind", "no route", "-w", "1d:")
    found = samples_of(result.output)
    same(len(found) > 15, True, "samples")
    none_of([labels for _, labels in found if not labels.startswith(
        'check="example",subject="example.org",'
        'way="a \\"b\\" = c",team="dns"')])
    for label in ("way", "way=", "=x", "", "1st=x", "a-b=x", "A=x", "__x=y",
                  "a b=x", "check=x", "subject=x", "state=x", "le=1", "quantile=1",
                  "x" * 65 + "=y", "w\u00e9=x"):
        refused("--label", label, about="--label")
    refused("--label=a=x", "--label=a=y", about="--label a=y")
    refused(*[f"--label=l{i}=x" for i in range(17)], about="--label l16=x")
    same(len(samples_of(check("--output=prometheus", *[
        f"--label=l{i}=" + "\u20ac" * 2000 for i in range(16)]).output)) > 9,
        True, "long labels")


@test
def output_has_its_limits():
    root = json_of("--bulk", "100000")
    same(root["truncated"], True)
    same("bulk" in root, False)
    many = [arg for i in range(500) for arg in ("--silent", f"ns{i}.example")]
    text = check(*many).output
    same(text.index("|") <= 2048, True, "2 KB")
    same(len(text.split("\n")[0]) <= 160, True, "160 characters")
    text = check(*many, "-v").output
    same(text.count("[example-silent]"), 500)
    text = check("-vvv", "--bulk", "1000000").output
    same(len(text) <= 1024 * 1024, True, "1 MiB")
    same(text.count("|"), 1)
    same(text.split("|")[1].startswith("cover="), True, "perfdata")


@test
def perfdata_of_each_server_only_when_asked():
    args = ["--server", "ns1.example.net", "--server", "NS1.example-net"]
    same("answer_ns1_example_net" in check(*args).perfdata, False)
    labels = check(*args, "--perfdata=all").perfdata
    same(labels["answer_ns1_example_net"], "0.025s")
    same(labels["answer_ns1_example_net_2"], "0.0125s")


@test
def timeout_ends_the_run():
    for timeout_s in (0.1, 0.4):
        start = time.monotonic()
        result = check("--hang", "-t", str(timeout_s), "--unreached", "x")
        took_s = time.monotonic() - start
        # It would hang for a minute; a busy machine may hold it up.
        same(timeout_s - 0.06 < took_s < timeout_s + BUSY_S, True, took_s)
        same(result.code, UNKNOWN)
        same("waiting for the host" in result.line, True, result.line)
    for word, code in (("warning", 1), ("critical", 2), ("2", 2), ("ok", 0)):
        same(check("--hang", "-t100ms", "--unreached", "x",
                   f"--timeout-result={word}").code, code, word)
    # Where nothing essential is missing, the findings say it all.
    same(check("--hang", "-t100ms", "--timeout-result=critical").code, OK)


@test
def memory_that_is_exhausted_is_unknown():
    result = check("--exhaust")
    same(result.code, UNKNOWN)
    same("UNKNOWN - out of memory" in result.line, True, result.line)


@test
def raw_output_is_printed_alone():
    result = check("--raw", "this | alone")
    same((result.code, result.output), (UNKNOWN, "this | alone"))


@test
def closed_descriptors_are_not_reused():
    for closed in ((0,), (2,), (0, 2)):
        def close(closed=closed):
            for descriptor in closed:
                os.close(descriptor)
        result = check(preexec_fn=close)
        same(result.perfdata["descriptor"], "3", closed)
    command = [EXAMPLE, *HOST]
    done = subprocess.run(command, preexec_fn=lambda: os.close(1),
                          timeout=60, check=False)
    same(done.returncode, UNKNOWN, "standard output closed")
    with open("/dev/full", "wb") as full:
        done = subprocess.run(command, stdout=full, timeout=60, check=False)
    same(done.returncode, UNKNOWN, "standard output full")
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(command, stdout=writer, timeout=60, check=False)
    os.close(writer)
    same(done.returncode, UNKNOWN, "reader gone")


# Options from a file.

@test
def file_gives_options_and_argv_wins():
    path = written("# comment\n; comment\n[other]\nfactor=3\nnot parsed\n"
                   "[check_example]\n  H =  example.net \nfactor = 7\n\n"
                   "verbose=\r\n[mine]\nfactor=9\n[check_example]\nm=fancy")
    result = Result([f"--extra-opts=@{path}"])
    same(result.line, "EXAMPLE OK - example.net: example.net in fancy mode")
    same(result.perfdata["factor"], "7")
    same("holds:" in result.output, True, "verbose")
    same(Result([f"--extra-opts=@{path}", "-f8"]).perfdata["factor"], "8")
    same(Result(["-f8", "--extra-opts", f"@{path}"]).perfdata["factor"], "8")
    same(check(f"--extra-opts=mine@{path}").perfdata["factor"], "9")
    # Several files, in their order; lists add up.
    more = written("[check_example]\nsilent=a\nfactor=5\nsilent=b\n")
    result = Result([f"--extra-opts=@{path}", f"--extra-opts=@{more}",
                     "--silent=c"])
    same(result.perfdata["factor"], "5")
    same(result.output.count("[example-silent]"), 3)
    # A value may have an equals sign in it.
    rule = written("[check_example]\nrule = example-silent=critical\n")
    same(check(f"--extra-opts=@{rule}", "--silent", "x").code, CRITICAL)


@test
def file_is_searched_for():
    path = written("[check_example]\nfactor=7\n")
    folder = tempfile.mkdtemp(dir=FOLDER.name)
    os.link(path, os.path.join(folder, "plugins.ini"))
    folders = f"/nonexistent:{folder}"
    for env in ({"MP_CONFIG_FILE": path}, {"NAGIOS_CONFIG_PATH": folders}):
        same(check("--extra-opts", env=env).perfdata["factor"], "7", env)
        same(check("--extra-opts=", "-v", env=env).perfdata["factor"], "7")
        same(check("--extra-opts", "check_example", env=env)
             .perfdata["factor"], "7", env)
        refused("--extra-opts=other", env=env, about="[other]")
    same(check("--extra-opts=@-", stdin=b"[check_example]\nfactor=6\n")
         .perfdata["factor"], "6")


@test
def wrong_files_are_named():
    def file(text, **how):
        path = written(text)
        refused(f"--extra-opts=@{path}", **how)
    file("[check_example]\nfactor\n", about="line 2")
    file("[check_example]\nfactors=1\n", about="--factors")
    file("[check_example]\nfactor=x\n", about="--factor", permitted="1 to 20")
    file("[check_example]\nfactor=\n", about="--factor", permitted="N")
    file("[check_example]\nhang=yes\n", about="--hang")
    file("[check_example]\nextra-opts=@x\n", about="--extra-opts")
    file("[check_example]\nhelp=\n", about="--help")
    file("[check_example\nfactor=1\n", about="line 1")
    file("[other]\nfactor=1\n", about="[check_example]")
    file("", about="[check_example]")
    file(b"[check_example]\nanswers=\xff\n", about="UTF-8")
    file(b"[check_example]\nfactor=1\0\n", about="UTF-8")
    file(b"#" * (1 << 20), about="too long")
    refused("--extra-opts=@/nonexistent", about="/nonexistent")
    refused(f"--extra-opts=@{FOLDER.name}", about=FOLDER.name)
    refused("--extra-opts", env={"NAGIOS_CONFIG_PATH": "/nonexistent",
                                 "MP_CONFIG_FILE": "/nonexistent/x"},
            about="/nonexistent/x")


@test
def file_can_not_hold_up_the_run():
    pipe = os.path.join(FOLDER.name, "pipe")
    os.mkfifo(pipe)
    start = time.monotonic()
    refused(f"--extra-opts=@{pipe}", "-t", "200ms", about=pipe)
    same(time.monotonic() - start < BUSY_S, True, "time")


@test
def secrets_want_closed_files():
    text = "[check_example]\npassword = geheim\n"
    for mode in (0o600, 0o640, 0o660, 0o400):
        path = written(text, mode)
        same(check(f"--extra-opts=@{path}").perfdata["secret"], "6B", mode)
    for mode in (0o644, 0o604, 0o601, 0o602):
        path = written(text, mode)
        result = refused(f"--extra-opts=@{path}", about=path,
                         permitted="0640")
        same("geheim" in result.output, False, "secret is told")
        # Even where argv replaces it: it is out.
        refused(f"--extra-opts=@{path}", "--password=x", about=path)
        same(check(f"--extra-opts=@{path}", "--permit-open-secrets")
             .perfdata["secret"], "6B", mode)
    result = refused("--pin=geheim", about="--pin")
    same("geheim" in result.output, False, "secret is told")
    path = written("[check_example]\nfactor=7\n", 0o644)
    same(check(f"--extra-opts=@{path}").perfdata["factor"], "7")
    with open(written(text, 0o644), "rb") as file:
        done = subprocess.run([EXAMPLE, *HOST, "--extra-opts=@-"], stdin=file,
                              stdout=subprocess.PIPE, timeout=60, check=False)
    same(done.returncode, UNKNOWN, "an open file as standard input")


@test
def environment_gives_what_argv_does_not():
    env = {"EXAMPLE_PASSWORD": "1234567"}
    same(check(env=env).perfdata["secret"], "7B")
    same(check("--password=12", env=env).perfdata["secret"], "2B")
    same("secret" in check(env={"EXAMPLE_PASSWORD": ""}).perfdata, False)
    path = written("[check_example]\npassword=123\n")
    same(check(f"--extra-opts=@{path}", env=env).perfdata["secret"], "3B")


def make_locale(name):
    """The environment of a locale that is made here, not the host's."""
    path = os.path.join(FOLDER.name, name)
    try:
        subprocess.run(["localedef", "-i", name.split(".")[0], "-f",
                        name.split(".")[1], path], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError) as error:
        raise Skip(f"localedef can't make {name}") from error
    env = {"LOCPATH": FOLDER.name, "LC_ALL": name}
    point = subprocess.run(["locale", "decimal_point"], check=True, env=env,
                           stdout=subprocess.PIPE).stdout
    same(point, b",\n", "decimal point")
    return env


@test
def locale_has_no_say():
    env = make_locale("de_DE.UTF-8")
    result = check("--cover", "1.5", "-w", "0.5", "-c", "answer=1.5",
                   "--server", "x", "--perfdata=all", env=env)
    same(result.perfdata["cover"], "1.5s;0.5:")
    same(result.perfdata["answer_x"], "0.0125s;;1.5")
    same(json_of("--cover", "1.5", env=env)["metrics"]["cover"], 1.5)
    refused("--cover", "1,5", about="--cover 1,5", env=env)


main()
