# SPDX-License-Identifier: Apache-2.0
"""Simulators of BigCommerce and Violet for development, tests and `make run`. See README.md."""
