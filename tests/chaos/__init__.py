# SPDX-License-Identifier: Apache-2.0
"""`make chaos`: random orders, refunds and cancellations under kills, stops and faults; then every shopper's money is
compared with the simulators' books."""
