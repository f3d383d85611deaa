#!/usr/bin/env python3
"""A plugin with two commands that want different paces: one refreshes a token, the other uses it."""

import json
import sys
import urllib.error
import urllib.request

REFUSED = (400, 401, 403)


def ask(url, body, token=""):
    """Return what the service answers to a JSON document."""
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)


def token_refresh(request):
    given = request["state"].get("refresh_token") or request.get("secrets", {}).get("refresh_token", "")
    tokens = ask(request["config"]["base_url"] + "/token", {"refresh_token": given})
    return {
        "status": "ok",
        "result": "the token was refreshed",
        "state_updates": {key: tokens[key] for key in ("access_token", "refresh_token")},
    }


def poll(request):
    state = request["state"]
    if "access_token" not in state:
        return {"status": "error", "error": "there is no token yet; token_refresh brings one", "retry": True}
    body = {"since": state.get("cursor", 0), **request.get("payload", {})}
    found = ask(request["config"]["base_url"] + "/measures", body, state["access_token"])
    return {
        "status": "ok",
        "result": f"{len(found['measures'])} new measures",
        "events": [{"type": "withings.measured", "payload": measure} for measure in found["measures"]],
        "state_updates": {"cursor": found["cursor"]},
        "logs": [{"level": "info", "message": f"asked for what is newer than {body['since']}"}],
    }


def health(request):
    if "access_token" in request["state"]:
        return {"status": "ok", "result": "there is a token"}
    return {"status": "error", "error": "there is no token yet"}


def main():
    request = json.load(sys.stdin)
    command = {"token_refresh": token_refresh, "poll": poll, "health": health}[request["command"]]
    try:
        answer = command(request)
    except urllib.error.HTTPError as fault:
        # A token that is refused stays refused; a service that is down comes back.
        answer = {
            "status": "error",
            "error": f"the service says {fault.code}",
            "retry": fault.code not in REFUSED,
        }
    except OSError as fault:
        answer = {"status": "error", "error": f"the service cannot be reached: {fault}"}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
