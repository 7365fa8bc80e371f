# SPDX-License-Identifier: Apache-2.0
"""BigCommerce's discounts: V2 coupons, V3 promotions with their codes, promotion settings."""

import base64

from .bigcommerce_api import MARKETING, v2_error, v3_error
from .http_server import Answer, Refused, json_answer

HIDDEN = ("code_list",)     # ours, not BigCommerce's


def promotion_value(promotion):
    return {name: value for name, value in promotion.items() if name not in HIDDEN}


class MarketingApi:
    def __init__(self, world, api):
        self.world = world
        self.api = api

    def add_routes(self, routes):
        v2, v3 = "/stores/{hash}/v2", "/stores/{hash}/v3/promotions"
        for path, handler in ((v2 + "/coupons", self.coupons),
                              (v2 + "/coupons/count", self.coupon_count), (v3, self.promotions),
                              (v3 + "/settings", self.settings), (v3 + "/codes", self.code),
                              (v3 + "/{promotion}", self.promotion),
                              (v3 + "/{promotion}/codes", self.codes)):
            self.api.add(routes, "GET", path, MARKETING, handler)

    def coupons(self, request, store):
        page, limit = self.api.page_of(request, v2_error)
        query = request.query
        try:
            low, high = int(query.get("min_id", 0)), int(query.get("max_id", 2 ** 31))
        except ValueError:
            return v2_error(400, "min_id and max_id are numbers")
        rows = [c for c in store.coupons if low <= c["id"] <= high
                and all(str(c[name]) == query[name] for name in ("id", "code", "name", "type")
                       if name in query)
                and c["type"] != query.get("exclude_type")]
        rows = rows[(page - 1) * limit: page * limit]
        return json_answer(200, rows) if rows else Answer(204)

    def coupon_count(self, _request, store):
        return json_answer(200, {"count": len(store.coupons)})

    def promotions(self, request, store):
        page, limit = self.api.page_of(request, v3_error)
        query = request.query
        kind = query.get("redemption_type")
        if kind not in (None, "automatic", "coupon"):
            return json_answer(422, {"errors": [{"status": 422, "title": "redemption_type is "
                                                                         "automatic or coupon"}]})
        rows = [p for p in store.promotions
                if (kind is None or p["redemption_type"] == kind.upper())
                and query.get("status", "").upper() in ("", p["status"])
                and query.get("currency_code") in (None, p["currency_code"])
                and query.get("id") in (None, str(p["id"]))
                and query.get("name") in (None, p["name"])]
        shown = rows[(page - 1) * limit: page * limit]
        pages = (len(rows) + limit - 1) // limit
        links = {"current": f"?page={page}&limit={limit}"}
        if page < pages:
            links["next"] = f"?page={page + 1}&limit={limit}"
        return json_answer(200, {"data": [promotion_value(p) for p in shown], "meta": {
            "pagination": {"total": len(rows), "count": len(shown), "per_page": limit,
                           "current_page": page, "total_pages": pages, "links": links}}})

    @staticmethod
    def _promotion(request, store):
        ident = request.args["promotion"]
        for promotion in store.promotions:
            if str(promotion["id"]) == ident:
                return promotion
        raise Refused(json_answer(404, {"errors": [{"status": 404, "title": "Not found"}]}))

    def promotion(self, request, store):
        return json_answer(200, {"data": promotion_value(self._promotion(request, store)),
                                 "meta": {}})

    def codes(self, request, store):
        """Cursor paging; the cursor is the position in base64, to be taken as it is."""
        codes = self._promotion(request, store)["code_list"]
        _page, limit = self.api.page_of(request, v3_error)
        start = 0
        if "after" in request.query:
            try:
                start = int(base64.b64decode(request.query["after"]).decode()) + 1
            except ValueError:
                return v3_error(422, "The cursor is invalid")
        shown = codes[start: start + limit]
        cursors = {"count": len(shown), "per_page": limit, "links": {}}
        if shown:
            cursors["start_cursor"] = self._cursor(start)
            cursors["end_cursor"] = self._cursor(start + len(shown) - 1)
        if start + limit < len(codes):
            cursors["links"]["next"] = f"?limit={limit}&after={cursors['end_cursor']}"
        return json_answer(200, {"data": shown, "meta": {"cursor_pagination": cursors}})

    @staticmethod
    def _cursor(position):
        return base64.b64encode(str(position).encode()).decode()

    def code(self, request, store):
        wanted = request.query.get("code")
        if not wanted:
            return json_answer(422, {"errors": [{"status": 422, "title": "code is required"}]})
        found = [code for p in store.promotions for code in p["code_list"]
                 if code["code"] == wanted]
        return json_answer(200, {"data": found, "meta": {}})

    def settings(self, _request, store):
        return json_answer(200, store.promotion_settings)
