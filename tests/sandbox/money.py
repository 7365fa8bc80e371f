# SPDX-License-Identifier: Apache-2.0
"""Money as integers in minor units, and the forms in which the two APIs write it."""

from decimal import Decimal, InvalidOperation

EXPONENTS = {"JPY": 0, "KRW": 0, "CLP": 0, "VND": 0, "ISK": 0, "KWD": 3, "BHD": 3, "JOD": 3,
             "OMR": 3, "TND": 3}
SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}


def exponent(currency):
    return EXPONENTS.get(currency, 2)


def minor(value, currency):
    """An integer is minor units already; a string is major units: minor("12.50", "USD") = 1250."""
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise ValueError(f"amount {value!r}: give minor units as integer or major units as string")
    if isinstance(value, int):
        return value
    return from_number(value, currency)


def from_number(value, currency):
    """A number or text in major units; V3 requests carry JSON numbers."""
    try:
        result = Decimal(str(value)).scaleb(exponent(currency))
        if result != result.to_integral_value():
            raise ValueError(f"{value} has more decimals than {currency}")
        return int(result)
    except (InvalidOperation, OverflowError):
        raise ValueError(f"{value!r} is no amount") from None


def major(amount, currency):
    return Decimal(amount).scaleb(-exponent(currency))


def v2(amount, currency):
    """V2 writes strings with four decimals."""
    return f"{major(amount, currency):.4f}"


def v3(amount, currency):
    """V3 refunds write JSON numbers."""
    value = major(amount, currency)
    return int(value) if value == value.to_integral_value() else float(value)


def shown(amount, currency):
    """For people: $12.50."""
    digits = f"{abs(major(amount, currency)):,.{exponent(currency)}f}"
    sign = "-" if amount < 0 else ""
    symbol = SYMBOLS.get(currency)
    return f"{sign}{symbol}{digits}" if symbol else f"{sign}{digits} {currency}"
