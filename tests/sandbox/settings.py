# SPDX-License-Identifier: Apache-2.0
"""What can be changed while the simulators run: name, default and meaning of each setting.
POST /_sandbox/settings changes them, GET shows them, POST /_sandbox/reset restores them."""

APP_SCOPES = ("store_v2_default store_v2_customers store_cart store_checkout store_v2_orders "
              "store_v2_information_read_only store_v2_products_read_only "
              "store_v2_marketing_read_only")

# name -> (default, meaning)
SETTINGS = {
    "seed": (1, "of the generator behind everything that is random; setting it restarts it"),
    # BigCommerce: the app and the control panel
    "app_scopes": (APP_SCOPES, "what the app asks for; a change makes installed stores due for "
                               "re-authorisation at the next opening"),
    "app_visibility": ("public", "'draft' makes the external install link refuse"),
    "frame_sandbox": (None, "value of the frame's sandbox attribute, e.g. 'allow-scripts "
                            "allow-forms'; null for none"),
    "code_life": (300.0, "seconds that a grant code can be redeemed"),
    # BigCommerce: the API
    "quota": (100000, "requests per store and window"),
    "quota_others": (0, "what a store's other apps use of each window"),
    "quota_window_ms": (30000, "length of the rate-limit window"),
    "forbidden_stores": ([], "store hashes whose every API call answers 403"),
    "suspended_stores": ([], "store hashes whose every API call answers 503"),
    "stale_refunds": (0.0, "seconds until a new refund shows in the API (webhooks go at once)"),
    "hidden_refunds": ([], "ids of refunds that the API does not show yet, whatever came after them"),
    "stale_status": (0.0, "seconds until a new status shows in the API"),
    "refund_amounts": ("number", "how refunds write their amounts and payments: number or string"),
    "refund_requested": ("string", "how refunds write requested_amount: string, number, null, missing"),
    "max_page": (250, "largest limit of lists"),
    # BigCommerce: webhooks
    "webhooks": ("on", "'off': events happen, nothing is sent"),
    "webhook_sign": (True, "send the Standard Webhooks headers"),
    "webhook_timestamp": ("attempt", "'attempt': renewed at each try; 'event': the event's time"),
    "webhook_timeout": (10.0, "seconds to wait for an answer"),
    "webhook_drop": (0.0, "probability that a webhook is never sent"),
    "webhook_duplicate": (0.0, "probability that it is sent twice"),
    "webhook_delay": (0.0, "probability that it is held back for webhook_delay_seconds"),
    "webhook_delay_seconds": (2.0, "how long, at most"),
    "webhook_reorder": (0.0, "probability that it is overtaken by later ones (0 to 0.5 s)"),
    "webhook_status": (True, "send data.status in store/order/statusUpdated"),
    "retry_scale": (0.001, "factor on BigCommerce's retry waits and block times"),
    "block_window": (120.0, "seconds of the success-rate window (not scaled)"),
    "block_min": (100, "requests in the window before the rate counts"),
    "block_rate": (0.9, "success rate below which the domain is blocked"),
    "block_seconds": (180.0, "length of a block, times retry_scale"),
    # Violet
    "merchant_delay": (1.0, "seconds from install until the apps see the merchant; null: never "
                            "until told (POST violet/merchants)"),
    "merchant_external_id": (True, "merchants carry external_id; false: only store_url"),
    "merchant_store_url": (None, "store_url of merchants, with {hash}; null: the panel's address"),
    "violet_token_life": (86400.0, "seconds that a token lives"),
    "violet_processing": (0.5, "seconds that a refund stays PROCESSING; 0: COMPLETED at once"),
    "violet_list_lag": (0.0, "seconds until a new refund shows when refunds are read"),
    "violet_reason": ("keep", "what becomes of `reason`: keep, cut, empty, alter"),
    "violet_reason_length": (20, "characters that `cut` leaves"),
    "violet_mirrors_cancel": (True, "a cancelled BigCommerce order makes the bag CANCELED, with a "
                                    "cancellation originated by MERCHANT"),
    "violet_external_id": (True, "refunds that Violet pushed carry BigCommerce's refund id"),
    "ledger_grace": (0.0, "seconds for which a cancellation must have stood before the ledger lets it "
                          "be paid although the order is open again"),
    "violet_unlinked": ("allow", "'refuse': calls on bags of an unlinked merchant answer 401 7118"),
    "violet_quota": (None, "requests per second over all apps before 429; null: no limit"),
    "refund_outcome": (None, "final state of every refund, as in next_refunds; null: COMPLETED"),
    "refund_outcome_probability": (1.0, "how often refund_outcome applies"),
    "next_refunds": ([], "outcomes of the next refunds, used one by one: {status, errors, amount, "
                         "at_most, dispute}; at_most: never more than was asked for"),
}


class Settings:
    """The values in force, as attributes."""

    def __init__(self):
        self.reset()

    def reset(self):
        for name, (default, _meaning) in SETTINGS.items():
            setattr(self, name, list(default) if isinstance(default, list) else default)

    def change(self, values):
        """Set several; ValueError names what is wrong and then nothing is changed."""
        for name, value in values.items():
            if name not in SETTINGS:
                raise ValueError(f"no setting {name!r}; there are: {', '.join(SETTINGS)}")
            self._check_kind(name, value)
        for name, value in values.items():
            setattr(self, name, value)

    @staticmethod
    def _check_kind(name, value):
        default = SETTINGS[name][0]
        if default is None or (value is None and name == "merchant_delay"):
            return
        kinds = (int, float) if isinstance(default, (int, float)) else type(default)
        if isinstance(default, bool):
            kinds = bool
        if not isinstance(value, kinds):
            raise ValueError(f"setting {name!r} is like {default!r}, not {value!r}")

    def describe(self):
        return {name: getattr(self, name) for name in SETTINGS}
