# SPDX-License-Identifier: MIT
"""The hostile commands of the zoo: a strategy that is good until it is asked for
the next candidate (start_...: that is not even good before it is asked anything;
ad_...: an adapter that is good until it is to submit), and then does the deed that
its command line names. The last argument only marks its processes.

    python3 -S hostile.py DEED MARK
"""
import ctypes
import json
import os
import signal
import socket
import sys
import time

DEED = sys.argv[1]
OUTSIDE = "/tmp/zoo-was-here"


def out(data):
    data = memoryview(data)
    while data:
        data = data[os.write(1, data):]


def err(text):
    os.write(2, (text + "\n").encode())


def say(line):
    out(json.dumps(line).encode() + b"\n")


def answer(n, actions):
    say({"id": n, "result": {"actions": actions}})


def fail(n, message):
    say({"id": n, "error": {"code": "invalid", "message": message}})


def middle(space, **more):
    values = [(p["lo"] + p["hi"]) / 2 if p["kind"] == "float" else p["default"]
              for p in space]
    return dict({"kind": "evaluate", "ref": 0, "values": values}, **more)


def raw(n, actions):
    out(b'{"id":%d,"result":{"actions":[%s]}}\n' % (n, actions))


def for_ever():
    while True:
        time.sleep(1)


# --- ends -----------------------------------------------------------------------

def leaves(n, space):
    err("enough")
    os._exit(3)


def half(n, space):
    out(b'{"id":%d,"result":{"act' % n)
    os._exit(4)


def quiet(n, space):
    os._exit(0)


def segfault(n, space):
    ctypes.string_at(0)


def hang_up(n, space):
    os.close(1)
    for_ever()


def deaf(n, space):
    os.close(0)
    answer(n, [{"kind": "wait"}])
    for_ever()


def shouts(n, space):
    for _ in range(500):
        err("shout " * 500)
    err("hoarse")
    os._exit(5)


# --- lines ----------------------------------------------------------------------

def garbage(n, space):
    out(b"Traceback, or something like it\n")


def binary(n, space):
    out(b'{"id":%d,"result":{"\x80\xff":0}}\n' % n)


def shape(n, space):
    answer(n, {"kind": "wait"})


def array(n, space):
    say([n, {"actions": []}])


def both(n, space):
    say({"id": n, "result": {}, "error": {"code": "invalid", "message": ""}})


def endless(n, space):
    out(b"x" * 20000000)
    for_ever()


def huge(n, space):
    raw(n, b'{"kind":"done","reason":"' + b"x" * 100000000 + b'"}')


def wide(n, space):
    raw(n, b"[]," * 4900000 + b"[]")


def members(n, space):
    raw(n, b"{" + b",".join(b'"%x":0' % i for i in range(200000)) + b"}")


def deep(n, space):
    raw(n, b"[" * 100000)


def objects(n, space):
    raw(n, b'{"a":' * 100000)


def twice(n, space):
    out(2 * (b'{"id":%d,"result":{}}\n' % n))


def alien(n, space):
    answer(n + 1, [])


def text_id(n, space):
    answer(str(n), [])


def keys(n, space):
    out(b'{"id":%d,"result":{},"result":{"actions":[]}}\n' % n)


def member(n, space):
    answer(n, [middle(space, parameters={"answer.temperature": 1})])


def dimension(n, space):
    answer(n, [dict(middle(space), values=[0.5] * 7)])


def nan(n, space):
    answer(n, [dict(middle(space), values=[float("nan")] * len(space))])


def infinity(n, space):
    raw(n, b'{"kind":"evaluate","ref":0,"values":[1e999]}')


def off(n, space):
    values = middle(space)["values"]
    answer(n, [dict(middle(space), values=[-1e300] + values[1:])])


def nul(n, space):
    answer(n, [{"kind": "done", "reason": "\0"}])


def forged(n, space):
    fail(n, "forged\n<0>daemon.ready pid=1 " + "x" * 1000000)


def service(n, space):
    say({"ask": 1, "shell": {"command": "id"}})


def drip(n, space):
    while True:
        out(b" ")
        time.sleep(0.05)


def asks(n, space):
    i = 0
    while True:
        i += 1
        say({"ask": i, "data": {"split": "train", "case": 1 << 52}})
        if not sys.stdin.buffer.readline():
            os._exit(0)


# --- floods, and no answer --------------------------------------------------------

def silent(n, space):
    err("silent: I shall not answer")
    for_ever()


def stderr(n, space):
    line = b"flood " * 600 + b"\n"
    while True:
        os.write(2, line)


def signals(n, space):
    for s in range(1, 65):
        try:
            signal.signal(s, signal.SIG_IGN)
        except (OSError, ValueError):
            pass
    err("signals: ignored")
    while True:
        pass


# --- more than it may -------------------------------------------------------------

def tried(n, what, deeds):
    """Do all; say how many were refused, and which were not."""
    refused, done = 0, []
    for name, deed in deeds:
        try:
            deed()
            done.append(name)
        except (OSError, RuntimeError):
            refused += 1
    fail(n, "%s: %d refused%s" % (what, refused,
                                  "".join(", done: " + d for d in done)))


def fork():
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for_ever()
        os._exit(0)


def libc(name, *arguments):
    lib = ctypes.CDLL(None, use_errno=True)
    if getattr(lib, name)(*arguments) == -1:
        raise OSError(ctypes.get_errno(), name)


def thread():
    import _thread
    _thread.start_new_thread(for_ever, ())


def forks(n, space):
    tried(n, "forks", [
        ("fork", fork), ("vfork", lambda: libc("vfork")),
        ("spawn", lambda: os.posix_spawn("/bin/true", ["true"], {})),
        ("exec", lambda: os.execv("/bin/sleep", ["sleep", "1000"])),
        ("setsid", os.setsid), ("setpgid", lambda: os.setpgid(0, 0)),
        ("thread", thread), ("kill", lambda: os.kill(os.getppid(), 9)),
        ("all", lambda: os.kill(-1, 9)),
        ("death signal", lambda: libc("prctl", 1, 0, 0, 0, 0)),
        ("nice", lambda: os.nice(-5))])


def files(n, space):
    mode = os.O_CREAT | os.O_WRONLY
    tried(n, "files", [
        ("write outside", lambda: open(OUTSIDE, "w")),
        ("write beside", lambda: open("zoo-was-here", "w")),
        ("change itself", lambda: open("hostile.py", "r+")),
        ("create", lambda: os.open(OUTSIDE, mode)),
        ("mkdir", lambda: os.mkdir(OUTSIDE)),
        ("unlink", lambda: os.unlink("plugin.json")),
        ("rename", lambda: os.rename("plugin.json", "zoo-was-here")),
        ("symlink", lambda: os.symlink("/etc", "zoo-was-here")),
        ("chmod", lambda: os.chmod("hostile.py", 0o777)),
        ("memory file", lambda: os.memfd_create("zoo-was-here")),
        ("chdir", lambda: os.chdir("/")),
        ("passwd", lambda: open("/etc/passwd")),
        ("parent", lambda: open("/proc/%d/environ" % os.getppid())),
        ("mem", lambda: open("/proc/self/mem", "rb")),
        ("neighbours", lambda: os.listdir("../..")),
        ("root", lambda: os.listdir("/"))])


def sockets(n, space):
    tried(n, "sockets", [
        ("inet", lambda: socket.socket(socket.AF_INET)),
        ("inet6", lambda: socket.socket(socket.AF_INET6)),
        ("datagram", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM)),
        ("unix", lambda: socket.socket(socket.AF_UNIX)),
        ("netlink", lambda: socket.socket(16, socket.SOCK_RAW)),
        ("pair", socket.socketpair),
        ("fd 3", lambda: os.write(3, b"frame"))])


def trace(n, space):
    libc("ptrace", 16, os.getppid(), 0, 0)
    fail(n, "trace: it may")


def memory(n, space):
    kept = []
    try:
        while True:
            kept.append(bytearray(1 << 24))
    except MemoryError:
        taken = len(kept)
        del kept
    fail(n, "memory: ends %s 1 GiB" % ("below" if taken < 64 else "above"))


def unasked(n, space):
    answer(n, [middle(space)])


# --- adapters: what they do when they are to submit -----------------------------------

def outcomes(n, line, **more):
    say({"id": n, "result": {"outcomes": [
        dict({"id": e["id"], "state": "running", "handle": "h"}, **more)
        for e in line["batch"]["evaluations"]]}})


def ad_leaves(n, line):
    os._exit(8)


def ad_silent(n, line):
    for_ever()


def ad_none(n, line):
    say({"id": n, "result": {"outcomes": []}})


def ad_alien(n, line):
    outcomes(n, line, id="nobody")


def ad_twice(n, line):
    first = line["batch"]["evaluations"][0]["id"]
    say({"id": n, "result": {"outcomes": 2 * [
        {"id": first, "state": "running", "handle": "h"}]}})


def ad_state(n, line):
    outcomes(n, line, state="won")


def ad_handle(n, line):
    outcomes(n, line, handle="")


def ad_member(n, line):
    outcomes(n, line, score=1)


def ad_outputs(n, line):
    outcomes(n, line, state="succeeded", outputs=[1])


def ad_junk(n, line):
    outcomes(n, line, state="succeeded", outputs={"node_results": 7})


def ad_cost(n, line):
    outcomes(n, line, cost=-1)


def ask_http(n, url, **more):
    say({"ask": 1, "http": dict(more, url=url)})
    told = json.loads(sys.stdin.buffer.readline())
    fail(n, told["error"]["message"] if "error" in told else "it may")


def ad_elsewhere(n, line):
    ask_http(n, "http://192.0.2.1/")


def ad_file(n, line):
    ask_http(n, "file:///etc/passwd")


def ad_secret(n, line):
    ask_http(n, line["url"], headers={"x": "${secret:nobodys}"})


def ad_headers(n, line):
    ask_http(n, line["url"], headers={"x": "a\r\nhost: elsewhere"})


def ad_data(n, line):
    say({"ask": 1, "data": {"split": "train", "case": 0}})
    fail(n, json.loads(sys.stdin.buffer.readline())["error"]["message"])


# --- before it is asked anything ----------------------------------------------------

def start_leaves():
    err("not today")
    os._exit(6)


def start_floods():
    while True:
        out(b"welcome\n")


def start_lies():
    sys.stdin.buffer.readline()
    out(b'{"id":1,"result":{"protocol":2}}\n')
    for_ever()


def start_silent():
    for_ever()


def main():
    space, url = [], ""
    if DEED.startswith("start_"):
        globals()[DEED]()
    while True:
        text = sys.stdin.buffer.readline()
        if not text:
            return
        line = json.loads(text)
        n = line["id"]
        if line["call"] == "hello":
            say({"id": n, "result": {"protocol": 1}})
        elif line["call"] == "next":
            globals()[DEED](n, space)
        elif line["call"] == "submit":
            globals()[DEED](n, dict(line, url=url))
        elif line["call"] == "open" and "setup" in line:
            url = line["setup"]["config"]["url"]
            say({"id": n, "result": {}})
        elif line["call"] == "open":
            space = line["problem"]["space"]
            say({"id": n, "result": {}})
            while DEED == "unasked":
                out(b'{"id":%d,"result":{}}\n' % (n + 1))
        else:
            say({"id": n, "result": {}})


main()
