# SPDX-License-Identifier: Apache-2.0
"""Webhooks as BigCommerce sends them, for the tests that need one."""
import base64
import hashlib
import hmac
import json

STORE = "abc123"


def header(stack, store=STORE):
    """What we set at BigCommerce: v1.{key id}.{store}.{mac}, the MAC's key derived from the seal key for this purpose."""
    key_id, key = (stack.directory / "seal.keys").read_text().split()
    derived = hashlib.blake2b(b"violet-bigcommerce v1 mac webhook", key=base64.b64decode(key), digest_size=32).digest()
    mac = hmac.new(derived, store.encode(), hashlib.sha256).digest()
    return f"v1.{key_id}.{store}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


def event(scope, data, store=STORE, **more):
    return json.dumps({"producer": f"stores/{store}", "hash": "0" * 40, "created_at": 1561479335, "store_id": "1025646",
                       "scope": scope, "data": data, **more})


def refund_created(order, store=STORE):
    return event("store/order/refund/created", {"type": "order", "id": order, "refund": {"refund_id": 3}}, store)
