# SPDX-License-Identifier: GPL-3.0-or-later
"""What check_mail_flow's own options take, its key and its secrets. No run
gets as far as to send something."""

import json
import os
import stat
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# pylint: disable=wrong-import-position
from tap import BUILD, main, same, test  # noqa: E402

PLUGIN = os.path.join(BUILD, "plugins", "check_mail_flow")
GIVEN = {"--from": "a@example.org", "--to": "b@example.org",
         "--smtp": "127.0.0.1:1", "--imap": "imaps://b@127.0.0.1:1"}
WORD = "geheim-4711"


def run(folder, *args, environment=None, **given):
    """(exit code, output) of a run with a state, a key and a password in the
    folder; an option by its name with _ for -, None takes one away."""
    options = {**GIVEN, "--state-dir": os.path.join(folder, "state"),
               "--key-file": os.path.join(folder, "config/key"),
               "--mailbox-password-file": secret(folder)}
    for name, value in given.items():
        options[f"--{name.strip('_').replace('_', '-')}"] = value
    words = [f"{name}={value}" for name, value in options.items()
             if value is not None]
    done = subprocess.run(
        [PLUGIN, *words, *args], check=False, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env={**os.environ, **(environment or {})})
    return done.returncode, done.stdout.decode()


def secret(folder, text=WORD, name="password", mode=0o600):
    """The path of a file that holds it."""
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text + "\n")
    os.chmod(path, mode)
    return path


def refused(*args, about, **given):
    """Holds where this is a usage error of one line that names all of that."""
    with tempfile.TemporaryDirectory() as folder:
        code, text = run(folder, *args, **given)
        same(code, 3, f"exit code of {args} {given}")
        same(text.count("\n"), 1, f"lines of {text!r}")
        for part in (*about, "see --help"):
            same(part in text, True, f"{part!r} in {text!r}")
        same(WORD in text, False, "a secret is told")
        same(os.path.exists(os.path.join(folder, "state")), False, "state")


def with_key(test_of):
    """Makes a test of one that gets a folder with a key."""
    def tested():
        with tempfile.TemporaryDirectory() as folder:
            code, text = run(folder, "--init")
            same(code, 0, text)
            test_of(folder)
    tested.__name__ = test_of.__name__
    return test(tested)


@test
def what_is_needed_is_asked_for():
    for name in ("from", "to"):
        refused(about=(f"--{name}", "missing"), **{f"_{name}": None})
    refused(smtp=None, about=("--smtp", "--via"))
    refused(imap=None, about=("--imap", "--pop3"))
    refused(pop3="pop3://b@127.0.0.1", about=("--imap", "--pop3"))
    refused(imap="imaps://127.0.0.1", about=("--mailbox-user",))
    refused(smtp_password_file="/dev/null", about=("--smtp-user",))
    refused(smtp_user="a", about=("--smtp-user", "--smtp-password-file"))


@test
def what_is_no_mailbox_is_named():
    for option in ("_from", "_to"):
        for typed in ("", "user", "@example.com", "user@",
                      "u ser@example.com", "user@example.com\r\nDATA",
                      "b\u00fcro@example.com", "<user@example.com>"):
            refused(about=(f"-{option.replace('_', '-')}",),
                    **{option: typed})


@test
def what_is_no_server_is_named():
    for typed in ("", "two words", "a..b", "host:0", "host:65536", "host:",
                  "[2001:db8::1", "[host]:25", "host:25:25", "host/path",
                  "user:word@host", "b\u00fccher.example", "http://host",
                  "smtp://host?x", "%00@host", "@host"):
        refused(smtp=typed, about=("--smtp",))
    for typed in ("", "host:143:1", "pop3://b@host", "imap://b@",
                  "imap://b@host:x", "imap://b@ho st", "imaps://b@host/%zz",
                  "imaps://b@host/INBOX%0a"):
        refused(imap=typed, about=("--imap",))
    for typed in ("", "smtp://mx.example.org", "user@mx.example.org",
                  "mx.example.org/x", "a..b", "192.0.2.1:x"):
        refused(via=typed, about=("--via",))
    for typed in ("", "host", "192.0.2.1:x"):
        refused(resolver=typed, about=("--resolver",))


@test
def a_password_in_an_url_is_not_repeated():
    refused(imap=f"imap://b:{WORD}@127.0.0.1", about=("--imap", "password"))
    refused(smtp=f"smtp://b:{WORD}@127.0.0.1", about=("--smtp", "password"))


@test
def a_password_is_not_for_the_command_line():
    for which in ("smtp", "mailbox"):
        refused(f"--{which}-password={WORD}",
                about=(f"--{which}-password", "LIFELINE_"))
        refused(f"--{which}-password", WORD, about=(f"--{which}-password",))


@test
def one_secret_is_enough():
    refused(mailbox_token_file="/dev/null", about=("--mailbox-token-file",))
    refused("--smtp-user=a", smtp_token_file="/dev/null",
            smtp_password_file="/dev/null", about=("--smtp-token-file",))


@test
def what_would_be_unsafe_or_is_impossible():
    refused(smtp_security="offered", smtp_user="a",
            smtp_password_file="/dev/null", about=("--smtp-security",))
    for given in ({"via": "mx.example.org"}, {"smtp": "192.0.2.1:25"},
                  {"smtp": "mx.example.org:465"},
                  {"smtp": "smtps://mx.example.org"},
                  {"smtp": "mx.example.org", "resolver": "192.0.2.1"}):
        refused(submit_with="libesmtp", about=("--submit-with",), **given)
    refused("-4", "-6", about=("-4", "-6"))


@test
def folders_are_of_imap_and_each_is_one():
    refused(imap=None, pop3="pop3s://b@127.0.0.1/INBOX", about=("--pop3",))
    refused("--mailbox=Junk", imap=None, pop3="pop3s://b@127.0.0.1",
            about=("--pop3",))
    refused("--mailbox=Junk", "--mailbox=junk=Junk", about=("--mailbox",))
    # RFC 9051 section 5.1: this one name in any case of letters.
    refused("--mailbox=INBOX", "--mailbox=inbox", about=("--mailbox",))
    refused("--mailbox=Inbox", imap="imaps://b@127.0.0.1:1/INBOX",
            about=("--mailbox",))
    refused(*(f"--mailbox=f{n}" for n in range(9)), about=("--mailbox",))
    refused("--mailbox=", about=("--mailbox",))
    refused("--mailbox=junk=", about=("--mailbox",))


@test
def names_and_paths():
    for typed in ("", "a b", ".a", "a.", "a..b", "x" * 65, "b\u00fcro", "a/b"):
        refused(instance=typed, about=("--instance",))
    refused(state_dir="relative", about=("--state-dir",))
    refused(key_file="relative", about=("--key-file",))
    refused(ca_file="/nonexistent", about=("--ca-file",))
    refused(helo="two words", about=("--helo",))
    refused(every="31d", about=("--every",))
    refused(window="0", about=("--window",))
    refused(submit_with="sendmail", about=("--submit-with",))


@test
def the_key_is_made_once():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "config/key")
        code, text = run(folder, "--init")
        same(code, 0, text)
        same(stat.S_IMODE(os.stat(path).st_mode), 0o600, "mode")
        with open(path, encoding="ascii") as file:
            key = file.read()
        same((len(key), key[64:]), (65, "\n"), "the key")
        same(key[:64] in text, False, "the key is told")
        same(os.listdir(os.path.dirname(path)), ["key"], "the directory")
        code, text = run(folder, "--init")
        same(code, 3, text)
        with open(path, encoding="ascii") as file:
            same(file.read(), key, "the key of before")
        # It needs no other option.
        other = os.path.join(folder, "other")
        done = subprocess.run([PLUGIN, "--init", f"--key-file={other}"],
                              check=False, stdout=subprocess.DEVNULL)
        same((done.returncode, os.path.exists(other)), (0, True), "alone")


@test
def no_key_is_where_the_state_is():
    with tempfile.TemporaryDirectory() as folder:
        state = os.path.join(folder, "state")
        os.mkdir(state, 0o700)
        for name in ("key", "../state/key"):
            code, text = run(folder, "--init",
                             key_file=os.path.join(state, name))
            same((code, os.listdir(state)), (3, []), text)


@test
def without_a_key_nothing_is_done():
    with tempfile.TemporaryDirectory() as folder:
        code, text = run(folder)
        same(code, 3, text)
        same("[key-unusable]" in text, True, text)
        # Who sets it up reads how to go on in the first line.
        same("--init" in text.partition("\n")[0], True, text)
        same(os.path.exists(os.path.join(folder, "state")), False, "state")


@with_key
def a_key_has_to_be_sound_and_closed(folder):
    path = os.path.join(folder, "config/key")
    with open(path, encoding="ascii") as file:
        key = file.read()
    os.chmod(path, 0o644)
    code, text = run(folder)
    same((code, "[key-unusable]" in text), (3, True), text)
    os.chmod(path, 0o600)
    for wrong in ("", "\n", key[:-2] + "\n", key[:-1] + "0\n", key.upper(),
                  key + key, "x" * 70000):
        if wrong == key:
            continue
        with open(path, "w", encoding="ascii") as file:
            file.write(wrong)
        code, text = run(folder)
        same((code, "[key-unusable]" in text), (3, True), text)
    os.unlink(path)
    os.mkfifo(path, 0o600)
    code, text = run(folder)
    same((code, "[key-unusable]" in text), (3, True), text)


@with_key
def a_secret_has_to_be_closed_and_sound(folder):
    for text, mode in ((WORD, 0o644), (WORD, 0o604), ("", 0o600),
                       (f"{WORD}\nmore", 0o600), ("x" * 9000, 0o600)):
        path = secret(folder, text, "other", mode)
        code, said = run(folder, mailbox_password_file=path)
        same((code, path in said, WORD in said), (2, True, False), said)
        same("[mailbox-unreadable] UNKNOWN" in said, True, said)
        code, said = run(folder, smtp_user="a", smtp_password_file=path)
        same((code, path in said, WORD in said), (3, True, False), said)
        same("[submission-failed] UNKNOWN" in said, True, said)
    code, said = run(folder,
                     mailbox_password_file=os.path.join(folder, "none"))
    same((code, "[mailbox-unreadable]" in said), (2, True), said)


@with_key
def an_open_secret_can_be_permitted(folder):
    path = secret(folder, WORD, "other", 0o644)
    code, said = run(folder, "--permit-open-secrets",
                     mailbox_password_file=path)
    same((code, "[submission-failed]" in said), (2, True), said)


@with_key
def secrets_come_from_the_environment_and_from_files(folder):
    code, said = run(folder, mailbox_password_file=None,
                     environment={"LIFELINE_MAILBOX_PASSWORD": WORD})
    same((code, "[submission-failed]" in said), (2, True), said)
    path = secret(folder, f"[flow]\nmailbox-password={WORD}", "opts")
    code, said = run(folder, f"--extra-opts=flow@{path}",
                     mailbox_password_file=None)
    same((code, "[submission-failed]" in said), (2, True), said)
    os.chmod(path, 0o644)
    code, said = run(folder, f"--extra-opts=flow@{path}",
                     mailbox_password_file=None)
    same((code, "permit-open-secrets" in said), (3, True), said)


@with_key
def trouble_of_both_is_told(folder):
    code, said = run(folder, "--output=json")
    same(code, 2, said)
    for rule in ("submission-failed", "mailbox-unreadable"):
        same(f'"{rule}"' in said, True, said)
    same(WORD in said, False, said)


@with_key
def without_a_ledger_nothing_is_sent(folder):
    state = os.path.join(folder, "state")
    with open(state, "w", encoding="ascii"):
        pass
    code, said = run(folder)
    same((code, "[ledger-unusable]" in said), (3, True), said)
    same("[submission-failed]" in said, False, said)


@with_key
def delays_are_judged_unless_told_otherwise(folder):
    for args, wanted in (
            ((), ("300", "900")), (("-w", "10m"), ("600", "900")),
            (("-c", "1h"), ("300", "3600")),
            # What is longer than the usual -c moves that.
            (("-w", "30m"), ("1800", "5400")),
            (("-w", "delay=30m", "-c", "20m"), ("1800", "1200")),
            (("--warning", "late=5", "--critical", "delay=30"),
             ("300", "30"))):
        _, said = run(folder, "--output=json", *args)
        rows = [row for row in json.loads(said)["thresholds"]
                if row["metric"] == "delay"]
        same([(row["warning"], row["critical"]) for row in rows], [wanted],
             str(args))


@with_key
def each_way_has_a_ledger_of_its_own(folder):
    state = os.path.join(folder, "state")

    def ledgers():
        return len([name for name in os.listdir(state)
                    if name.endswith(".json") and "seen" not in name])
    for count, given in enumerate((
            {}, {"_from": "c@example.org"}, {"to": "c@example.org"},
            {"smtp": "127.0.0.1:2"}, {"imap": "imaps://c@127.0.0.1:1"},
            {"imap": None, "pop3": "pop3s://b@127.0.0.1:1"},
            {"via": "127.0.0.1:1"}, {"via": "127.0.0.1:2"},
            {"instance": "one"}), 1):
        for _ in range(2):
            code, said = run(folder, **given)
            same((code, ledgers()), (2, count), said)
    # A name that was given is that, whatever else is.
    run(folder, instance="one", _from="c@example.org")
    same(ledgers(), count, "with a name")


@test
def the_table_of_states_is_printed():
    done = subprocess.run([PLUGIN, "--list-states"], check=False,
                          stdout=subprocess.PIPE)
    rows = [line.split("\t") for line in done.stdout.decode().splitlines()]
    same(done.returncode, 3, "exit code")
    same({len(row) for row in rows}, {3}, "columns")
    same(["accepted", "grows too old", "lost"] in rows, True, "a row")
    same(len({(row[0], row[1]) for row in rows}), len(rows), "rows")


if __name__ == "__main__":
    main()
