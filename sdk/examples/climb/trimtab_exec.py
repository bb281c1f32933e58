# SPDX-License-Identifier: MIT
"""Trimtab plugins in Python: the lines of docs/exec-plugins.md as calls.

Copy this file beside your plugin; it needs Python 3.8 and nothing else. A
strategy is a class whose instances are made of (problem, snapshot) and have
next(ask), and as they like on_event(event), snapshot(), explain(ref). An adapter
is made of (setup) and has submit(batch), collect(handles), find(label),
abandon(handle). Both may have a static validate(problem or setup). At the end
of the file: strategy(MyStrategy) or adapter(MyAdapter).

    python3 trimtab_exec.py FOLDER      writes "files" of FOLDER/plugin.json
"""
import hashlib
import json
import os
import random
import sys
import traceback


class Error(Exception):
    """What a call failed with: a code of trimtab/errors.h ("invalid",
    "unsupported", "transient", ...) and a text that names the mend."""

    def __init__(self, code, message, retry_after_ms=0):
        super().__init__(message)
        self.code = code
        self.retry_after_ms = retry_after_ms


def rng(problem, position, stream=0):
    """Chance as Trimtab wants it: a pure function of the run's seed, the
    position in its log and a stream, so that a replay draws the same."""
    return random.Random("%s/%d/%s" % (problem["seed"], position, stream))


def evaluate(ref, values=(), **more):
    return dict(more, kind="evaluate", ref=ref, values=list(values))


def done(reason):
    return {"kind": "done", "reason": reason}


def minimizing(problem):
    return problem["objectives"][0]["direction"] == "minimize"


def draw(param, r):
    """A random value of one parameter of a space; values are numbers (of a
    choice: its index), or texts."""
    kind = param["kind"]
    if param["fixed"] or kind == "text":
        return param["default"]
    if kind == "bool":
        return r.randrange(2)
    if kind in ("categorical", "ordinal"):
        return r.randrange(len(param["choices"]))
    lo, hi = param["lo"], param["hi"]
    if param["log"]:
        return fit(param, lo * (hi / lo) ** r.random())
    return fit(param, lo + (hi - lo) * r.random())


def fit(param, x):
    """The value of a float or int parameter that is nearest to x."""
    lo, hi, step = param["lo"], param["hi"], param["step"]
    if step:
        x = lo + step * round((x - lo) / step)
        x = x - step if x > hi + 1e-9 * step else x
    if param["kind"] == "int":
        x = int(round(x))
    return min(max(x, lo), hi)


def settle(space, values):
    """None for each value whose condition does not hold."""
    out = list(values)
    for i, param in enumerate(space):
        parent = param.get("parent")
        if parent is not None and (out[parent] is None or
                                   out[parent] not in param["parent_values"]):
            out[i] = None
    return out


# --- services: only inside calls on an instance ---------------------------

_asked = 0


def _ask(what, value):
    global _asked
    _asked += 1
    _say({"ask": _asked, what: value})
    answer = json.loads(_in.readline())
    if "error" in answer:
        e = answer["error"]
        raise Error(e["code"], e["message"], e.get("retry_after_ms", 0))
    return answer["result"]


def fetch(url, method="GET", headers=None, body="", **more):
    """A request that Trimtab makes for an adapter: {"status","body",
    "location","retry_after_ms"}. A header may hold ${secret:NAME}."""
    return _ask("http", dict(more, url=url, method=method,
                             headers=headers or {}, body=body))


def case(number, split="train"):
    """The content of a training case, for a strategy."""
    return _ask("data", {"split": split, "case": number})["case"]


# --- the loop ---------------------------------------------------------------

# Lines go over copies, so that a print() is a message and does no harm.
_in = _out = None


def _say(line):
    _out.write(json.dumps(line, ensure_ascii=False, allow_nan=False) + "\n")
    _out.flush()


def _answer(kind, make, state, line):
    call = line["call"]
    if call == "hello":
        return {"protocol": 1}
    if call == "validate":
        check = getattr(make, "validate", None)
        if check:
            check(line.get("problem", line.get("setup")))
        return {}
    if call == "open":
        if kind == "strategy":
            snapshot = line.get("snapshot")
            state.append(make(line["problem"],
                              snapshot["state"] if snapshot else None))
        else:
            state.append(make(line["setup"]))
        return {}
    if not state:
        raise Error("unsupported", call + ": there is no instance yet")
    self = state[0]
    if call == "on_event":
        if hasattr(self, "on_event"):
            self.on_event(line["event"])
        return {}
    if call == "next":
        return {"actions": self.next(line["ask"])}
    if call == "snapshot":
        return {"state": self.snapshot()}
    if call == "explain":
        return self.explain(line["ref"]) if hasattr(self, "explain") else {}
    if call == "submit":
        return {"outcomes": self.submit(line["batch"])}
    if call == "collect":
        outcomes, again_ms = self.collect(line["handles"])
        return {"outcomes": outcomes, "again_ms": again_ms}
    if call == "find":
        return {"outcomes": self.find(line["label"])}
    if call == "abandon":
        self.abandon(line["handle"])
        return {}
    if call == "admin" and hasattr(self, "admin"):
        return self.admin(line["method"], line["params"])
    raise Error("unsupported", "there is no call " + call)


def _run(kind, make):
    global _in, _out
    _in = os.fdopen(os.dup(0), "r", encoding="utf-8", newline="\n")
    _out = os.fdopen(os.dup(1), "w", encoding="utf-8", newline="\n")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    state = []
    while True:
        text = _in.readline()
        if not text:
            return
        line = json.loads(text)
        try:
            _say({"id": line["id"],
                  "result": _answer(kind, make, state, line)})
        except Error as e:
            _say({"id": line["id"],
                  "error": {"code": e.code, "message": str(e),
                            "retry_after_ms": e.retry_after_ms}})
        except Exception as e:
            traceback.print_exc()
            _say({"id": line["id"],
                  "error": {"code": "plugin", "message": "%s: %s: %s" % (
                      line["call"], type(e).__name__, e)}})


def strategy(make):
    _run("strategy", make)


def adapter(make):
    _run("adapter", make)


# --- shipping ---------------------------------------------------------------

def seal(folder):
    """Let plugin.json name every file of its folder, with its sha256."""
    path = os.path.join(folder, "plugin.json")
    with open(path, encoding="utf-8") as f:
        manifest = json.load(f)
    files = {}
    for name in sorted(os.listdir(folder)):
        whole = os.path.join(folder, name)
        if (name.startswith((".", "plugin.json", "README", "__")) or
                not os.path.isfile(whole)):
            continue
        with open(whole, "rb") as f:
            files[name] = hashlib.sha256(f.read()).hexdigest()
    manifest["files"] = files
    with open(path, "w", encoding="utf-8") as f:
        json.dump(manifest, f, indent=2)
        f.write("\n")


if __name__ == "__main__":
    for _folder in sys.argv[1:]:
        seal(_folder)
