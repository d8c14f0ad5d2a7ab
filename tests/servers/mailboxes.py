# SPDX-License-Identifier: GPL-3.0-or-later
"""Mailboxes that do what real servers refuse to do, by IMAP and POP3.

They keep what a Box holds, and do all that is asked of them, but for what
they are told:

    box = Box(texts)
    lab.mailbox("imap.example.net", "192.0.2.143", 143, imap(
        box, acts={"uid search": says("* SEARCH 1 2 3", "{tag} OK Done")}))
"""

import itertools
import re
import threading

import smtp

PLAIN = "IMAP4rev1 SASL-IR AUTH=PLAIN UIDPLUS"
DATE = "22-Nov-2026 02:47:57 +0000"
TOKENS = re.compile(r'"((?:[^"\\]|\\.)*)"|(\S+)')
FETCHED = re.compile(r"BODY\.PEEK\[(?:HEADER\.FIELDS \(([^)]*)\))?\]"
                     r"(?:<0\.(\d+)>)?")


class Message:
    """One message. date: its INTERNALDATE."""

    def __init__(self, uid, text, date=DATE):
        self.uid, self.text, self.date = uid, text, date
        self.is_deleted = False

    def header(self, names):
        """These fields of its header, and the empty line."""
        head = re.sub(r"\r\n\r\n.*", "\r\n", self.text, flags=re.DOTALL)
        fields = re.findall(r"[^\r\n]+\r\n(?:[ \t][^\r\n]*\r\n)*", head)
        return "".join(f for f in fields
                       if f.partition(":")[0].lower() in names) + "\r\n"


class Box:
    """What is kept. validity: its UIDVALIDITY."""

    def __init__(self, *texts, validity=7):
        self.validity = validity
        self.next = itertools.count(1)
        self.messages = []
        self.lock = threading.Lock()
        self.put(*texts)

    def put(self, *texts):
        """These come in."""
        with self.lock:
            self.messages += [Message(next(self.next), t) for t in texts]

    def kept(self):
        """The texts of what is there, marked or not."""
        with self.lock:
            return [m.text for m in self.messages]

    def marked(self):
        """The texts of what is marked as deleted."""
        with self.lock:
            return [m.text for m in self.messages if m.is_deleted]

    def remove(self, gone):
        """These are gone for good."""
        with self.lock:
            self.messages = [m for m in self.messages if m not in gone]

    def renumber(self):
        """Its UIDs mean something else from now on."""
        self.validity += 1
        self.next = itertools.count(1)
        with self.lock:
            for message in self.messages:
                message.uid = next(self.next)


def says(*lines):
    """Lines in the place of an answer; {tag} is that of the command."""
    def act(session, tag, _):
        for line in lines:
            session.connection.say(line.replace("{tag}", tag))
    return act


def drops(_, __, ___):
    """Ends the connection."""
    raise smtp.Over


def holds(session, _, __):
    """Says no more."""
    session.connection.hold()
    raise smtp.Over


def sends(data):
    """Bytes in the place of an answer."""
    return lambda session, tag, _: session.connection.send(
        data.replace(b"{tag}", tag.encode()))


def after(act):
    """Does what is asked, and this then."""
    def both(session, tag, rest):
        session.do(session.verb, tag, rest)
        act(session, tag, rest)
    return both


class Session:
    """One connection: what both protocols have in common."""

    def __init__(self, settings, connection):
        self.settings, self.connection = settings, connection
        self.box = settings["box"]
        self.verb = None

    def heard(self, verb, tag, rest):
        """A command, done as it should or as was told."""
        self.verb = verb
        act = self.settings["acts"].get(verb)
        if act:
            act(self, tag, rest)
        else:
            self.do(verb, tag, rest)

    def do(self, verb, tag, rest):
        """What is asked for."""
        function = getattr(self, "do_" + verb.replace(" ", "_"), None)
        if function:
            function(tag, rest)
        else:
            self.refuse(tag)

    def refuse(self, tag):
        """It is no command."""
        raise NotImplementedError


class Imap(Session):
    """IMAP4rev1, what is needed of it."""

    def __init__(self, settings, connection):
        super().__init__(settings, connection)
        self.selected = None

    def run(self):
        """From the greeting on."""
        self.connection.say(self.settings["greeting"])
        while True:
            line = self.connection.hear()
            if line is None:
                return
            tag, _, rest = line.partition(" ")
            verb, _, rest = rest.partition(" ")
            if verb.lower() == "uid":
                more, _, rest = rest.partition(" ")
                verb += " " + more
            self.heard(verb.lower(), tag, rest)
            if verb.lower() == "logout":
                return

    def ok(self, tag, text="Done"):
        """It is done."""
        self.connection.say(f"{tag} OK {text}")

    def refuse(self, tag):
        self.connection.say(f"{tag} BAD What?")

    def do_capability(self, tag, _):
        """What it offers."""
        words = self.settings["capability"]
        if self.settings["cert"] and not self.connection.is_encrypted:
            words += " STARTTLS"
        self.connection.say(f"* CAPABILITY {words}")
        self.ok(tag)

    def do_starttls(self, tag, _):
        """TLS from here on."""
        self.ok(tag)
        self.connection.encrypt(self.settings["cert"])

    def do_authenticate(self, tag, rest):
        """Any password is right."""
        if len(rest.split(" ")) < 2:
            self.connection.say("+ ")
            self.connection.hear()
        self.ok(tag)

    do_login = do_noop = do_id = lambda self, tag, _: self.ok(tag)

    def last(self):
        """The highest UID."""
        return max((m.uid for m in self.box.messages), default=0)

    def do_select(self, tag, rest):
        """A folder: there is but one."""
        if rest.strip('"').upper() != "INBOX":
            self.connection.say(f"{tag} NO [NONEXISTENT] There is none")
            return
        self.selected = rest
        with self.box.lock:
            count, last = len(self.box.messages), self.last()
        self.connection.say(f"* {count} EXISTS\r\n* 0 RECENT\r\n"
                            "* FLAGS (\\Deleted \\Seen)\r\n"
                            f"* OK [UIDVALIDITY {self.box.validity}] .\r\n"
                            f"* OK [UIDNEXT {last + 1}] .")
        self.ok(tag, "[READ-WRITE] Done")

    do_examine = do_select

    def do_uid_search(self, tag, rest):
        """Who is looked for."""
        words = [a or b for a, b in TOKENS.findall(rest)]
        with self.box.lock:
            found = [m for m in self.box.messages
                     if matches(m, list(words), self.last())]
        self.connection.say("* SEARCH" + "".join(
            f" {m.uid}" for m in found))
        self.ok(tag)

    def do_uid_fetch(self, tag, rest):
        """Headers, or the whole of it."""
        which, _, items = rest.partition(" ")
        self.fetch(tag, items, lambda n, m: is_in(
            which, m.uid, self.last()))

    def do_fetch(self, tag, rest):
        """The same by number."""
        which, _, items = rest.partition(" ")
        self.fetch(tag, items, lambda n, m: is_in(
            which, n, len(self.box.messages)))

    def fetch(self, tag, items, is_wanted):
        """Both of them."""
        with self.box.lock:
            wanted = [(n, m) for n, m in enumerate(self.box.messages, 1)
                      if is_wanted(n, m)]
        for number, message in wanted:
            self.connection.send(fetched(number, message, items))
        self.ok(tag)

    def do_uid_store(self, tag, rest):
        """Marks as deleted: nothing else is asked for."""
        which = rest.split(" ")[0]
        with self.box.lock:
            for message in self.box.messages:
                if is_in(which, message.uid, self.last()):
                    message.is_deleted = True
        self.ok(tag)

    def do_uid_expunge(self, tag, rest):
        """Those that are marked, of these."""
        self.box.remove([m for m in self.box.messages
                         if m.is_deleted
                         and is_in(rest, m.uid, self.last())])
        self.ok(tag)

    def do_expunge(self, tag, _):
        """All that are marked, whoever did that."""
        self.box.remove([m for m in self.box.messages if m.is_deleted])
        self.ok(tag)

    def do_logout(self, tag, _):
        """The end."""
        self.connection.say("* BYE Bye")
        self.ok(tag)


def fetched(number, message, items):
    """What a FETCH says of one message."""
    asked = FETCHED.search(items)
    names = asked[1] and {n.lower() for n in asked[1].split()}
    text = (message.header(names) if names else message.text).encode()
    section = asked[0].replace(".PEEK", "").partition("<")[0]
    if asked[2]:
        text, section = text[:int(asked[2])], section + "<0>"
    facts = {"RFC822.SIZE": len(message.text),
             "INTERNALDATE": f'"{message.date}"',
             "FLAGS": "(\\Deleted)" if message.is_deleted else "()"}
    said = "".join(f" {name} {value}" for name, value in facts.items()
                   if name in items)
    return (f"* {number} FETCH (UID {message.uid}{said} {section} "
            f"{{{len(text)}}}\r\n").encode() + text + b")\r\n"


def is_in(numbers, number, most):
    """Whether a set of numbers has this one; most: what "*" stands for."""
    for part in numbers.split(","):
        ends = [most if end == "*" else int(end) for end in part.split(":")]
        if min(ends) <= number <= max(ends):  # the order is of no matter
            return True
    return False


def matches(message, words, most):
    """Whether it is what a SEARCH wants; words are all of its terms."""
    result = True
    while words:
        result &= term(message, words, most)
    return result


def term(message, words, most):
    """The first of the terms, which is taken away."""
    word = words.pop(0).upper()
    head = message.text.partition("\r\n\r\n")[0].lower()
    if word == "OR":
        both = [term(message, words, most) for _ in range(2)]
        return any(both)
    if word == "UID":
        return is_in(words.pop(0), message.uid, most)
    if word == "UNDELETED":
        return not message.is_deleted
    name = words.pop(0) if word == "HEADER" else word
    value = words.pop(0).lower()
    return any(line.startswith(name.lower() + ":") and value in line
               for line in re.sub(r"\r\n[ \t]", " ", head).split("\r\n"))


class Pop3(Session):
    """POP3, what is needed of it."""

    def __init__(self, settings, connection):
        super().__init__(settings, connection)
        self.there, self.doomed = [], []

    def run(self):
        """From the greeting on."""
        self.connection.say(self.settings["greeting"])
        while True:
            line = self.connection.hear()
            if line is None:
                return
            verb, _, rest = line.partition(" ")
            self.heard(verb.lower(), "", rest)
            if verb.lower() == "quit":
                return

    def ok(self, text="Done"):
        """It is done."""
        self.connection.say(f"+OK {text}")

    def refuse(self, tag):
        self.connection.say("-ERR What?")

    def lines(self, lines):
        """An answer of several lines."""
        self.ok()
        for line in lines:
            self.connection.say("." + line if line.startswith(".") else line)
        self.connection.say(".")

    def do_capa(self, _, __):
        """What it offers."""
        words = self.settings["capability"].split(",")
        if self.settings["cert"] and not self.connection.is_encrypted:
            words.append("STLS")
        self.lines(words)

    def do_stls(self, _, __):
        """TLS from here on."""
        self.ok()
        self.connection.encrypt(self.settings["cert"])

    def do_user(self, _, __):
        """Any name is right."""
        self.ok()

    def do_pass(self, _, __):
        """Any password is right."""
        with self.box.lock:
            self.there = list(self.box.messages)
        self.ok()

    def do_auth(self, _, rest):
        """The same, by SASL."""
        if len(rest.split(" ")) < 2:
            self.connection.say("+ ")
            self.connection.hear()
        self.do_pass(_, rest)

    def do_stat(self, _, __):
        """How much there is."""
        self.ok(f"{len(self.there)} {sum(len(m.text) for m in self.there)}")

    def do_uidl(self, _, __):
        """What each is called."""
        self.lines([f"{n} v{self.box.validity}u{m.uid}"
                    for n, m in enumerate(self.there, 1)])

    def do_top(self, _, rest):
        """A header, and so many lines."""
        number, _, count = rest.partition(" ")
        head, _, body = self.there[int(number) - 1].text.partition(
            "\r\n\r\n")
        self.lines([*head.split("\r\n"), "",
                    *body.split("\r\n")[:int(count)]])

    def do_retr(self, _, rest):
        """All of it."""
        self.lines(self.there[int(rest) - 1].text.rstrip("\r\n")
                   .split("\r\n"))

    def do_dele(self, _, rest):
        """It goes when all is over."""
        self.doomed.append(self.there[int(rest) - 1])
        self.ok()

    def do_rset(self, _, __):
        """Nothing goes."""
        self.doomed = []
        self.ok()

    do_noop = do_user

    def do_quit(self, _, __):
        """The end: now it goes."""
        self.box.remove(self.doomed)
        self.ok()


def server(kind, settings, box, changes):
    """A behaviour that starts a session of this kind."""
    settings = {"box": box, "cert": None, "wrapped": False, "acts": {},
                **settings}
    for name in changes:
        if name not in settings:
            raise AttributeError(name)
    settings.update(changes)

    def behave(connection):
        if settings["wrapped"]:
            connection.encrypt(settings["cert"])
        kind(settings, connection).run()
    return behave


def imap(box, **changes):
    """IMAP for a Box.

    acts: {command: what it does instead, a function of the Session, the tag
    and the rest}; cert: for STARTTLS, or, where it is wrapped, from the first
    byte on; greeting and capability: what it says.
    """
    return server(Imap, {"greeting": "* OK Hello", "capability": PLAIN}, box,
                  changes)


def pop3(box, **changes):
    """The same by POP3."""
    return server(Pop3, {"greeting": "+OK Hello",
                         "capability": "USER,UIDL,TOP,PIPELINING"}, box,
                  changes)
