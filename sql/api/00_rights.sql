-- SPDX-License-Identifier: Apache-2.0
-- What the programs may execute is what the files after this one grant, in the same transaction. What they granted in an
-- earlier version goes.
revoke execute on all functions in schema api from violet_web, violet_worker, violet_operator;
