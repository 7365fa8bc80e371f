# SPDX-License-Identifier: Apache-2.0
"""The program under test: where it is, its settings, its commands."""
import base64
import os
import pathlib
import secrets
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PROGRAM = pathlib.Path(os.environ.get("VIOLET_PROGRAM", ROOT / "build/release/violet-bigcommerce"))
BUILD = pathlib.Path(os.environ.get("VIOLET_BUILD", ROOT / "build"))

CLIENT_ID = "sandbox-client-id"
CLIENT_SECRET = "sandbox-client-secret-of-40-characters-x"
APP_ID = "57141"

# Waiting times at a fraction, so that a test takes seconds.
QUICK = {
    "SETTLE_SECONDS": "0.5", "CANCEL_GRACE_SECONDS": "1", "ABSENCE_REPEAT_SECONDS": "0.3", "SEND_SECONDS": "5",
    "RESPONSE_SECONDS": "3", "BAG_SEARCH_SECONDS": "0.2,0.5,1,2,3,4", "RECHECK_SECONDS": "1,3", "POLL_SECONDS": "0.3",
    "RETRY_MINIMUM_SECONDS": "0.2", "RETRY_MAXIMUM_SECONDS": "2", "UNINSTALL_SECONDS": "0,0.3,0.6,2",
    "MERCHANT_SECONDS": "0.3", "LEASE_SECONDS": "10",
}


def require_program():
    assert PROGRAM.exists(), f"{PROGRAM} is not there: make"
    return PROGRAM


def write_seal_key(path, key_id="k1"):
    """A seal key file with one key; an existing one is kept. Returns its path."""
    path = pathlib.Path(path)
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(f"{key_id} {base64.b64encode(secrets.token_bytes(32)).decode()}\n")
    return path


def clean_environment():
    """Ours, without what could be a setting of the product."""
    kept = ("PATH", "HOME", "LANG", "TZ", "USER", "TMPDIR", "ASAN_OPTIONS", "UBSAN_OPTIONS")
    return {name: os.environ[name] for name in kept if name in os.environ}


def run_command(arguments, env, input=None, timeout=120):
    """Run `violet-bigcommerce ARGUMENTS...`: a CompletedProcess with text."""
    return subprocess.run([require_program(), *[str(a) for a in arguments]], env=env, input=input, timeout=timeout,
                          capture_output=True, text=True)


def migrate(url):
    done = run_command(["migrate"], {**clean_environment(), "DATABASE_URL": url})
    assert done.returncode == 0, f"violet-bigcommerce migrate failed:\n{done.stdout}{done.stderr}"
    return done.stdout
