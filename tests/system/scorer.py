#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# scorer.py - a small evaluation service for t0260: what an endpoint of a
# team's own may look like. It speaks plugins/http/example.json.
#
#     scorer.py FOLDER [--port N] [--job-seconds S] [--fail-every N]
#
# The port and what was asked go into FOLDER, so that a service that was killed
# is started again in its place. Jobs are forgotten then.
import argparse
import json
import os
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

options = argparse.ArgumentParser()
options.add_argument("folder")
options.add_argument("--port", type=int, default=0)
options.add_argument("--job-seconds", type=float, default=0)
options.add_argument("--fail-every", type=int, default=0)
options = options.parse_args()

lock = threading.Lock()
count = 0
answers = {}  # by idempotency key
jobs = {}     # by number: (when it is done, the request)
BASE = "/v1/evaluations"


def note(**what):
    """One line for each thing that happened; the test reads them."""
    with lock, open(os.path.join(options.folder, "asked"), "a") as f:
        f.write(json.dumps(what) + "\n")


def score(temperature, item):
    if item["input"] == "broken":
        return {"key": item["key"], "error": "this case is broken"}
    x = 1 - (temperature - float(item["expected"])) ** 2
    return {"key": item["key"], "scores": {"exact": x, "f1": x / 2},
            "reason": "aim at " + str(item["expected"])}


def evaluate(body):
    items = [score(body["temperature"], item) for item in body["items"]]
    return {"results": items,
            "stats": {"latency_seconds": 0.01, "cost": 0.001 * len(items),
                      "tokens": {"in": 10, "out": 2}}}


def job_of(number):
    due, body = jobs[number]
    job = {"evaluation": body["evaluation"], "href": f"{BASE}/{number}",
           "state": "running"}
    if time.monotonic() >= due:
        job.update(state="succeeded", result=evaluate(body))
    return job


class Scorer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, value, **headers):
        text = json.dumps(value).encode()
        self.send_response(status)
        for name, header in headers.items():
            self.send_header(name.replace("_", "-"), header)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def fails(self):
        """Every Nth request ends badly; every second of those is repeated by
        the daemon itself, for the request says that it may be."""
        global count
        with lock:
            count += 1
            mine = count
        every = options.fail_every
        if self.headers.get("Authorization") != "Bearer sesame":
            self.answer(401, {"detail": "who are you?"})
        elif every and mine % every == 0:
            status = 500 if mine % (2 * every) else 503
            note(what="failed", status=status)
            self.answer(status, {"detail": "it is one of those"})
        else:
            return False
        return True

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.fails():
            return
        key = self.headers["Idempotency-Key"]
        note(what="evaluate", key=key, body=body,
             label=self.headers["X-Label"])
        if not options.job_seconds:
            with lock:
                value = answers.setdefault(key, evaluate(body))
            self.answer(200, value)
            return
        with lock:
            number = len(jobs) + 1
            jobs[number] = (time.monotonic() + options.job_seconds, body)
        self.answer(202, {}, Location=f"{BASE}/{number}")

    def do_GET(self):
        url = urlsplit(self.path)
        if self.fails():
            return
        if url.path == BASE:
            label = parse_qs(url.query)["label"][0]
            note(what="lookup", label=label)
            with lock:
                found = [job_of(n) for n in jobs
                         if jobs[n][1]["label"] == label]
            self.answer(200, {"evaluations": found})
            return
        with lock:
            number = int(url.path.rsplit("/", 1)[1])
            job = job_of(number) if number in jobs else None
        note(what="poll", known=job is not None)
        self.answer(200 if job else 404, job or {"detail": "no such job"})

    def do_DELETE(self):
        note(what="abandon", path=self.path)
        self.answer(200, {})


server = ThreadingHTTPServer(("127.0.0.1", options.port), Scorer)
with open(os.path.join(options.folder, "port.new"), "w") as f:
    f.write(str(server.server_port))
os.rename(os.path.join(options.folder, "port.new"),
          os.path.join(options.folder, "port"))
server.serve_forever()
