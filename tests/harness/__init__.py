# SPDX-License-Identifier: Apache-2.0
"""Starts the product on one machine: for the tests (conftest.py) and for the sandbox (tests/run)."""
