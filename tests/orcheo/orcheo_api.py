# SPDX-License-Identifier: MIT
"""The few calls that orcheo-env makes to Orcheo's API.

    orcheo_api.py workspace SLUG QUOTA    make a workspace and a token; print it
    orcheo_api.py ingest HANDLE SCRIPT [CONFIG]
                                          print "workflow version-id number"
    orcheo_api.py warm-up SCRIPT          run it once, alone, and remove it
    orcheo_api.py health

Base URL and token come from ORCHEO_API_URL and ORCHEO_SERVICE_TOKEN. Standard
library only, so that any Python runs it.
"""
import json
import os
import sys
import time
import urllib.error
import urllib.request


def call(method, path, body=None, workspace=None):
    """One request; the answer's JSON. An error status raises HTTPError."""
    headers = {"Content-Type": "application/json"}
    if os.environ.get("ORCHEO_SERVICE_TOKEN"):
        token = os.environ["ORCHEO_SERVICE_TOKEN"]
        headers["Authorization"] = "Bearer " + token
    if workspace:
        headers["X-Orcheo-Workspace"] = workspace
    data = None if body is None else json.dumps(body).encode()
    url = os.environ["ORCHEO_API_URL"] + "/api" + path
    request = urllib.request.Request(url, data, headers, method=method)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=60) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def workspace(slug, quota):
    """A workspace with that run quota (0: Orcheo's own) and a token for it."""
    body = {"slug": slug, "name": slug}
    if int(quota) > 0:
        body["quotas"] = {"max_concurrent_runs": int(quota)}
    call("POST", "/workspaces", body)
    scopes = ["workflows:read", "workflows:write", "workflows:execute"]
    token = call(
        "POST",
        "/admin/service-tokens",
        {"name": "trimtab-" + slug, "scopes": scopes},
        workspace=slug,
    )
    print(token["secret"])


def find_workflow(handle):
    try:
        return call("GET", "/workflows/" + handle)["id"]
    except urllib.error.HTTPError as e:
        if e.code != 404:
            raise
    body = {"name": handle, "handle": handle, "actor": "trimtab"}
    return call("POST", "/workflows", body)["id"]


def ingest(handle, script, config=None):
    """Upload a script as the next version of the workflow with that handle."""
    workflow = find_workflow(handle)
    with open(script, encoding="utf-8") as f:
        body = {"script": f.read(), "created_by": "trimtab"}
    version = call("POST", "/workflows/%s/versions/ingest" % workflow, body)
    if not version.get("mermaid"):
        sys.exit("orcheo-env: %s: Orcheo built no graph of it" % script)
    if config:
        with open(config, encoding="utf-8") as f:
            body = {"runnable_config": json.load(f), "actor": "trimtab"}
        path = "/workflows/%s/versions/%d/runnable-config"
        call("PUT", path % (workflow, version["version"]), body)
    print(workflow, version["id"], version["version"])


def warm_up(script):
    """One run of a script, whatever comes of it."""
    workflow = find_workflow("warm-up")
    with open(script, encoding="utf-8") as f:
        body = {"script": f.read(), "created_by": "trimtab"}
    call("POST", "/workflows/%s/versions/ingest" % workflow, body)
    body = {"workflow_id": workflow, "runs": [{}]}
    run = call("POST", "/triggers/manual/dispatch", body)[0]
    for _ in range(300):
        if run["status"] not in ("pending", "running"):
            break
        time.sleep(0.1)
        run = call("GET", "/runs/" + run["id"])
    else:
        sys.exit("orcheo-env: the first run does not end: see the logs")
    call("DELETE", "/workflows/%s?actor=trimtab" % workflow)


def main(args):
    verbs = {"workspace": workspace, "ingest": ingest, "warm-up": warm_up}
    try:
        if args[0] == "health":
            call("GET", "/system/health")
        else:
            verbs[args[0]](*args[1:])
    except urllib.error.HTTPError as e:
        text = e.read(2000).decode("utf-8", "replace")
        sys.exit("orcheo-env: Orcheo answered %d: %s" % (e.code, text))
    except OSError as e:
        sys.exit("orcheo-env: %s" % e)


if __name__ == "__main__":
    main(sys.argv[1:])
