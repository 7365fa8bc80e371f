/* SPDX-License-Identifier: Apache-2.0 */
/* Every size limit of the program, named. Times are settings (base/conf.h). */
#ifndef BASE_LIMIT_H
#define BASE_LIMIT_H

#define LIMIT_WEBHOOK_BODY  65536 /* what is longer is counted, not kept */
#define LIMIT_FORM_BODY     16384
#define LIMIT_QUERY         8192
#define LIMIT_JWT           4096 /* a real one is under 1 KiB */
#define LIMIT_PAGE          262144
#define LIMIT_REMOTE_ANSWER 8388608 /* 250 orders with everything are about 2 MiB */
#define LIMIT_SECRET_FILE   4096
#define LIMIT_STATE         1024 /* a channel's state, echoed back */
#define LIMIT_JSON_DEPTH    32
#define LIMIT_BATCH         128 /* webhooks in one commit */
#define LIMIT_LOOK          200 /* due jobs read at a time */
#define LIMIT_LEASES        4   /* jobs of one store at the same time */

#endif
