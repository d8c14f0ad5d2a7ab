#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the plugins print, read by parsers that are not ours, in a locale
with a decimal comma as well."""

import functools
import importlib
import json
import math
import os
import re
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

# pylint: disable=wrong-import-position
import monitors  # noqa: E402
import zabbix_items  # noqa: E402
from monitors import labs, posts  # noqa: E402
import demo  # noqa: E402

EXAMPLE = monitors.BUILD / "tests" / "unit" / "check_example"
GERMAN = "de_DE.UTF-8"

# Ways to each of the states, and through what could go wrong.
EXAMPLES = (
    (0, []),
    (0, ["-v", "--remark", "2 | 3 = 1,5"]),
    (0, ["--cover", "1ms"]),
    (0, ["-w", "60:", "-c", "10", "--cover", "1.5h"]),
    (0, ["--perfdata=all", "--server", "ns1.example.org",
         "--server", "ns1-example.org", "--server", "2001:db8::1"]),
    (1, ["--warning", "factor=3", "--critical", "factor=1:20"]),
    (1, ["--warning", "factor=@1:10", "--factor", "10", "-vvv"]),
    (1, ["--silent", "ns1.example.org/192.0.2.1"]),
    (2, ["--grave", "a|b=1 'c'=2;3", "-c", "1.5"]),
    (2, ["-c", "2d:", "--cover", "1.25d"]),
    (3, ["--unreached", "100% = no | route"]),
    (3, ["--failure", "out of luck | x=1"]),
)
# Bare values mean less where less is worse; the guidelines' reading of them
# is tried on a metric where more is.
RANGES = ("10:", "~:10", "10:20", "@10:20", "0:10", "-5:5", "~:-1", "@~:5",
          "@0:9.5", "9.5:9.75", "10:10", "@10:", "~:", "0.125:")
BARE_RANGES = ("10", "0", "9.5", "@10", "@1", "1", *RANGES)
NO_RANGES = ("20:10", "10%", "5,5", "1e3", "", "ten", "10:20:30", "0x10:",
             " 10", "10 ", "~", "10:~", "+1:2", "1..2", "nan", "inf:")


@functools.lru_cache(None)
def german(folder):
    """The environment for numbers like 1,5, with its files in the folder."""
    env = dict(monitors.environment(), LC_ALL=GERMAN, LOCPATH=folder,
               I18NPATH=f"{monitors.ROOT}/usr/share/i18n")
    monitors.run("localedef", "-i", "de_DE", "-f", "UTF-8",
                 f"{folder}/{GERMAN}", env=env)
    shown = monitors.run("/usr/bin/printf", "%.1f", "1,5", env=env)
    if shown.stdout != "1,5":
        raise labs.Missing(f"no locale {GERMAN}: package locales")
    # With LOCPATH newlocale() of glibc leaks, which a library of libcurl calls
    # before main() is there.
    env["ASAN_OPTIONS"] = env.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
    return env


def locales(lab):
    """The environments in which the plugins are tried."""
    return (dict(os.environ, LC_ALL="C"), german(lab.root))


def example(words, env):
    """Runs the test plugin; asserts what holds for every run."""
    labs.check(EXAMPLE.exists(), f"{EXAMPLE} is built")
    done = monitors.run(EXAMPLE, "-H", "example.org", *words, env=env)
    labs.same(done.stderr, "", f"stderr of {words}")
    return done


def ask_perl(question):
    """What Monitoring::Plugin answers."""
    script = os.path.join(os.path.dirname(__file__), "monitoring_plugin.pl")
    env = monitors.environment()
    found = monitors.run("perl", "-MMonitoring::Plugin", "-e", "1", env=env)
    if found.returncode:
        raise labs.Missing("Monitoring::Plugin is not here: "
                           "contrib/peers monitors")
    done = monitors.run("perl", script, env=env, text=json.dumps(question))
    labs.same(done.stderr, "", "stderr of Monitoring::Plugin")
    return json.loads(done.stdout)


def number(text):
    """The number of a plain decimal."""
    labs.check(re.fullmatch(r"-?\d+(\.\d+)?", text), f"{text} is plain")
    return float(text)


def split_item(item):
    """label, value, unit, warning, critical of an item."""
    match = re.fullmatch(r"([a-z0-9_]+)=(-?[0-9.]+)(s|%|B|)"
                         r"(?:;([^;]*)(?:;([^;]*))?)?", item)
    labs.check(match, f"{item} is an item that every reader takes")
    label, value, unit, warning, critical = match.groups()
    return label, number(value), unit, warning or "", critical or ""


def plain_threshold(text):
    """What Icinga 2 makes of a threshold: a number, or nothing."""
    return float(text) if re.fullmatch(r"-?[0-9.]+", text) else None


def holds_perfdata(output):
    """Icinga 2 and Monitoring::Plugin read in it what stands there."""
    items = monitors.perfdata(output)
    labels = [split_item(item)[0] for item in items]
    labs.same(len(labels), len(set(labels)), f"unique labels in {labels}")
    icinga = monitors.icinga_perfdata(items)
    perl = ask_perl({"perfdata": " ".join(items)})
    labs.same(len(perl), len(items), f"items that Perl finds in {items}")
    for item, by_icinga, by_perl in zip(items, icinga, perl):
        label, value, unit, warning, critical = split_item(item)
        labs.same((by_icinga["label"], by_perl["label"]), (label, label),
                  f"label of {item}")
        labs.check(math.isclose(by_icinga["value"], value, abs_tol=1e-9)
                   and float(by_perl["value"]) == value, f"value of {item}")
        labs.same(by_icinga["unit"], {"s": "seconds", "%": "percent",
                                      "B": "bytes", "": ""}[unit],
                  f"unit of {item}")
        labs.same(by_perl["uom"] or "", unit, f"unit of {item}")
        labs.same((by_icinga["warn"], by_icinga["crit"]),
                  (plain_threshold(warning), plain_threshold(critical)),
                  f"thresholds of {item} for Icinga 2")
        if "@" not in item:  # which Monitoring::Plugin does not read there
            labs.same((by_perl["warning"] or "", by_perl["critical"] or ""),
                      (warning, critical), f"thresholds of {item} for Perl")
    return items


def holds_json(text, code):
    """It is one JSON object with numbers as numbers; that."""
    got = json.loads(text)
    labs.same(got["state"], code, "state and exit code")
    values = list(got["metrics"].values()) + [
        m["value"] for m in got["server_metrics"]]
    labs.check(values and all(type(v) in (int, float) for v in values),
               f"numbers in {values}")
    return got


@labs.case("every item of the test plugin is read as it was meant")
def example_perfdata(lab):
    for env in locales(lab):
        for code, words in EXAMPLES:
            done = example(words, env)
            labs.same(done.returncode, code, f"exit code of {words}")
            if "--failure" in words:
                continue
            holds_perfdata(done.stdout)


@labs.case("text and JSON say the same in both locales")
def same_in_json(lab):
    for code, words in EXAMPLES:
        seen = []
        for env in locales(lab):
            text = example(words, env)
            done = example([*words, "--output=json"], env)
            labs.same((text.returncode, done.returncode), (code, code),
                      f"exit codes of {words}")
            got = holds_json(done.stdout, code)
            if "--failure" not in words:
                texts = {i[0]: i[1] for i in
                         map(split_item, monitors.perfdata(text.stdout))}
                for label, value in got["metrics"].items():
                    if label != "time":
                        labs.check(abs(texts[label] - value) < 1e-6,
                                   f"{label}: {texts[label]}, {value}")
            for volatile in ("time", "duration", "metrics"):
                del got[volatile]
            seen.append(got)
        labs.same(seen[0], seen[1], f"JSON of {words} in both locales")


@functools.lru_cache(None)
def client():
    """Prometheus' own parsers in Python: of OpenMetrics, and of the text
    format 0.0.4."""
    folder = str(monitors.ROOT / "usr/lib/python3/dist-packages")
    if folder not in sys.path:
        sys.path.append(folder)
    try:
        openmetrics = importlib.import_module(
            "prometheus_client.openmetrics.parser")
        plain = importlib.import_module("prometheus_client.parser")
    except ImportError as error:
        raise labs.Missing("prometheus_client is not here: "
                           "contrib/peers prometheus") from error
    return openmetrics, plain


def samples(families):
    """Name and labels to value, of families that are gauges."""
    found = {}
    for family in families:
        labs.same(family.type, "gauge", f"type of {family.name}")
        labs.check(family.samples and family.documentation,
                   f"{family.name} has samples and HELP")
        for sample in family.samples:
            key = (sample.name, *sorted(sample.labels.items()))
            labs.check(key not in found, f"{key} comes once")
            labs.same((sample.name, sample.timestamp), (family.name, None),
                      f"name and time of {key}")
            found[key] = sample.value
    return found


def holds_exposition(text, code):
    """promtool and both parsers read in it the same, of this state: that."""
    done = monitors.run(monitors.program("bin/promtool"), "check", "metrics",
                        env=monitors.environment(), text=text)
    labs.same((done.returncode, done.stdout + done.stderr), (0, ""),
              "what promtool has to say")
    openmetrics, plain = client()
    read = samples(openmetrics.text_string_to_metric_families(text))
    labs.same(samples(plain.text_string_to_metric_families(text)), read,
              "what both parsers read")
    states = [value for key, value in read.items()
              if key[0] == "lifeline_state"]
    labs.same(states, [code], "state and exit code")
    return read


@labs.case("Prometheus reads what JSON says, in both locales")
def same_for_prometheus(lab):
    for code, words in EXAMPLES:
        seen = []
        for env in locales(lab):
            done = example([*words, "--output=prometheus"], env)
            labs.same(done.returncode, code, f"exit code of {words}")
            read = holds_exposition(done.stdout, code)
            got = holds_json(
                example([*words, "--output=json"], env).stdout, code)
            base = (("check", "example"), ("subject", got["subject"]))
            for metric, name in (("cover", "example_cover_seconds"),
                                 ("factor", "example_factor"),
                                 ("not_judged", "not_judged")):
                labs.same(read["lifeline_" + name, *base],
                          got["metrics"][metric], f"{metric} of {words}")
            labs.same(sorted(value for key, value in read.items()
                             if key[0] == "lifeline_example_answer_seconds"),
                      sorted(m["value"] for m in got["server_metrics"]),
                      f"metrics of the servers for {words}")
            seen.append({key: value for key, value in read.items()
                         if not key[0].startswith("lifeline_run_")})
        labs.same(seen[0], seen[1], f"samples of {words} in both locales")


@labs.case("promtool has nothing against the name of any metric")
def names_of_metrics(_lab):
    suffixes = {"s": "_seconds", "B": "_bytes", "%": "_ratio", "-": ""}
    for path in sorted((monitors.BUILD / "plugins").glob("check_*")):
        if not os.access(path, os.X_OK) or path.is_dir():
            continue
        rows = [line.split("\t") for line in
                monitors.run(path, "--list-metrics").stdout.splitlines()]
        labs.check(len(rows) > 5, f"metrics of {path.name}")
        text = "".join(
            f"# HELP {name} {title}\n# TYPE {name} gauge\n{name} 1\n"
            for name, title in (
                (f"lifeline_{path.name[6:]}_{row[0]}{suffixes[row[1]]}",
                 row[3]) for row in rows))
        done = monitors.run(
            monitors.program("bin/promtool"), "check", "metrics",
            env=monitors.environment(), text=text)
        labs.same((done.returncode, done.stdout + done.stderr), (0, ""),
                  f"what promtool has to say of {path.name}")


@labs.case("jq reads the JSON")
def jq_reads(lab):
    jq = monitors.program("bin/jq")
    for env in locales(lab):
        for code, words in EXAMPLES:
            done = example([*words, "--output=json"], env)
            read = monitors.run(
                jq, "-e", "[.state, (.metrics | map(type) | unique)]",
                env=monitors.environment(), text=done.stdout)
            labs.same(json.loads(read.stdout), [code, ["number"]],
                      f"what jq reads for {words}")


@labs.case("a value alerts where Monitoring::Plugin says that it does")
def ranges_agree(lab):
    for metric, ranges, values in (
            ("factor", BARE_RANGES, (1, 5, 6, 9, 10, 11, 19, 20)),
            ("cover", RANGES, (0, 0.125, 0.5, 5, 5.001, 9.5, 9.625, 10,
                               10.001, 19.999, 20, 604800))):
        wanted = ask_perl({"ranges": list(ranges), "values": list(values)})
        both = {code for codes in wanted.values() for code in codes}
        labs.same(both, {0, 1}, "states in the table")
        for env in locales(lab):
            for text in ranges:
                got = [example([f"--{metric}", str(value), "--warning",
                                f"{metric}={text}"], env).returncode
                       for value in values]
                labs.same(got, wanted[text], f"{metric} by {text} "
                          f"at {values}")


@labs.case("what is no range is wrong usage")
def no_ranges(lab):
    for env in locales(lab):
        for text in NO_RANGES:
            for words in (["-w", text], ["--critical", f"factor={text}"]):
                done = example(words, env)
                labs.same(done.returncode, 3, f"exit code of {words}")
                labs.same(len(done.stdout.splitlines()), 1,
                          f"lines for {words}")


# What was on its way for the one run may have arrived for the other.
PASSING = {"oldest_outstanding"}


def holds_for_zone(command, env, headline):
    """What a plugin prints about a zone that is well is read as meant."""
    text = monitors.run(*command, env=env)
    done = monitors.run(*command, "--output=json", env=env)
    labs.same((text.returncode, done.returncode, text.stderr), (0, 0, ""),
              "exit codes and stderr")
    items = holds_perfdata(text.stdout)
    labs.check(len(items) > 8 and re.fullmatch(headline, items[0]),
               f"the headline and its thresholds first in {items}")
    got = holds_json(done.stdout, 0)
    texts = {split_item(item)[0] for item in items}
    labs.same(set(got["metrics"]) - texts - PASSING, set(),
              "metrics left out")
    labs.check(got["server_metrics"], "metrics of the servers")
    prepared = zabbix_items.prepare(got["plugin"], done.stdout)
    if prepared is not None:  # else tests/meta/test_zabbix.py says so
        labs.same(zabbix_items.misses(got["plugin"], prepared), [],
                  "what Zabbix does not find")
    done = monitors.run(*command, "--output=prometheus", env=env)
    read = holds_exposition(done.stdout, done.returncode)
    labs.same(done.returncode, 0, "exit code for Prometheus")
    check = os.path.basename(command[0])[len("check_"):]
    for name in set(got["metrics"]) - PASSING - {"not_judged", "time"}:
        labs.check(any(re.fullmatch(
            f"lifeline_{check}_{name}(_seconds|_bytes|_ratio)?", key[0])
            for key in read), f"{name} for Prometheus")
    labs.check(any("server" in dict(key[1:]) for key in read),
               "metrics of the servers for Prometheus")


def holds_exposed(command, env, code, *words):
    """Prometheus reads what a plugin says in this state, with what was given
    as a label: that. None as the code: it is CRITICAL or UNKNOWN."""
    way = 'a "b" \\c/ü'
    done = monitors.run(*command, *words, "--output=prometheus",
                        f"--label=way={way}", env=env)
    labs.check(done.returncode in ((2, 3) if code is None else (code,))
               and not done.stderr, f"exit code {done.returncode} of {words}")
    read = holds_exposition(done.stdout, done.returncode)
    check = os.path.basename(command[0])[len("check_"):]
    for key in read:
        row = dict(key[1:])
        labs.same((row["check"], row["way"]), (check, way), f"{key}")
    findings = sum(value for key, value in read.items()
                   if key[0] == "lifeline_findings")
    named = [key for key in read if key[0] == "lifeline_finding_state"]
    labs.check(bool(findings) == bool(named) and len(named) <= findings,
               f"{findings} findings in {named}")
    return read


def holds_in_any_state(lab, command, env):
    """Prometheus reads what a plugin says about what is well, is outside of a
    range, is cut off, or is asked for in a wrong way; the net is gone then."""
    holds_exposed(command, env, 0)
    holds_exposed(command, env, 1, "-w", "@~:")
    holds_exposed(command, env, 2, "-w", "0:1", "-c", "@~:")
    done = monitors.run(*command, "-w", "x", "--output=prometheus", env=env)
    labs.same((done.returncode, done.stdout.count("\n")), (3, 1),
              "wrong usage")
    labs.check("lifeline_" not in done.stdout, done.stdout)
    check = os.path.basename(command[0])[len("check_"):]
    for network in ("0.0.0.0/0", "::/0"):
        lab.net.silence(network)
    read = holds_exposed(command, env, None, "-t", "300ms")
    base = ("check", check)
    cut = [value for key, value in read.items()
           if key[0] == "lifeline_timed_out" and base in key]
    labs.same(cut, [1], "that it was cut off")


@labs.case("every item about a zone is read as it was meant")
def zone_perfdata(lab):
    lab.zone("in26.org", demo.many(26, 40, "in26.org"), on="knot")
    monitors.healthy_zone(lab)
    for env in locales(lab):
        holds_for_zone([lab.plugin(), "-H", "example.org", *lab.arguments(),
                        "--perfdata=all", "-w", "1.5", "-c", "2.5"], env,
                       r"slowest=[0-9.]+s;1\.5;2\.5")
    command = [lab.plugin(), *lab.arguments()]
    read = holds_exposed([*command, "-H", "in26.org"], env, 0)
    labs.same(len([key for key in read if key[0] ==
                   "lifeline_dns_delegation_answer_time_seconds"]), 52,
              "answers of 26 servers")
    for name in ("0/25.example.org", "exämple.org"):
        holds_exposed([*command, "-H", name], env, None)
    holds_in_any_state(lab, [*command, "-H", "example.org"], env)


@labs.case("every item about secondaries is read as it was meant")
def secondary_perfdata(lab):
    lab.tested = "check_dns_secondary"
    monitors.healthy_zone(lab)
    for env in locales(lab):
        for more in ([], ["-w", "1.5d", "-c", "2h"]):
            holds_for_zone(
                [lab.plugin(), "-H", "example.org", *lab.arguments(),
                 *lab.state_arguments(), "--primary", monitors.HIDDEN,
                 "--perfdata=all", *more], env,
                r"cover=1209600s" + (r";129600:;7200:" if more else ""))
    holds_in_any_state(
        lab, [lab.plugin(), "-H", "example.org", *lab.arguments(),
              *lab.state_arguments(), "--primary", monitors.HIDDEN], env)


@labs.case("every item about exchangers is read as it was meant")
def mx_perfdata(lab):
    lab.tested = "check_mx"
    _, options = monitors.healthy_mail(lab)
    words = [word for name, value in options.items()
             for word in (f"--{name.replace('_', '-')}", value)]
    for env in locales(lab):
        holds_for_zone([lab.plugin(), "-H", "example.org", *words, "--rcpt",
                        monitors.MAILBOX, "--perfdata=all", "-w", "10.5",
                        "-c", "20"], env, r"greeting=[0-9.]+s;10\.5;20")
    holds_in_any_state(lab, [lab.plugin(), "-H", "example.org", *words,
                             "--rcpt", monitors.MAILBOX], env)


@labs.case("every item about a mail flow is read as it was meant")
def flow_perfdata(lab):
    site, flow = monitors.mail_flow(lab)
    words = [f"--{name.replace('_', '-')}={value}" for name, value in
             monitors.mail_flow_options(flow).items()]
    flow.run()
    flow.user.wait_kept(1)
    # What a run sends may not arrive while another one looks.
    with site.gate:
        for env in locales(lab):
            holds_for_zone(
                [lab.plugin(), *words, "--perfdata=all", "-w", "60.5", "-c",
                 "2m"], env, r"delay=[0-9.]+s;60\.5;120")
        holds_in_any_state(lab, [lab.plugin(), *words], env)
    site.stop()


@labs.case("every item about a status page is read as it was meant")
def page_perfdata(lab):
    lab.tested = "check_status_page"
    _, options = monitors.healthy_page(lab)
    words = [f"--{name.replace('_', '-')}={value}"
             for name, value in options.items()]
    command = [lab.plugin(), "-u", posts.URL, "--probe", posts.SHOP_URL,
               *words]
    for env in locales(lab):
        holds_for_zone([*command, "--perfdata=all", "-w", "1.5", "-c", "2.5"],
                       env, r"answer=[0-9.]+s;1\.5;2\.5")
    lab.server_at(posts.HOST).shows(posts.PATH, posts.says(
        *[posts.incident(f"i{n}", (60, "investigating", "?"),
                         now=time.time(), name=f'"{n}" \\ \n| äöü/\x1b')
          for n in range(150)], now=time.time()))
    read = holds_exposed(command, env, None)
    labs.same(len([key for key in read
                   if key[0] == "lifeline_finding_state"]), 100, "findings")
    lab.server_at(posts.HOST).shows(posts.PATH,
                                    posts.says(now=time.time()))
    holds_in_any_state(lab, command, env)


if __name__ == "__main__":
    labs.main()
