/* SPDX-License-Identifier: Apache-2.0 */
/* An order as `refund show` prints it for people. */
#ifndef CLI_REFUND_SHOW_H
#define CLI_REFUND_SHOW_H

#include "lib/json.h"

/* `order` is what api.refund_show answers. */
void refund_show_print(const struct json *order);

#endif
