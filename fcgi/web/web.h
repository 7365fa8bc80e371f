/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The web process: an event loop, a committer for webhooks, a pool of threads for pages. Every
 * instance serves every route.
 */
#ifndef WEB_WEB_H
#define WEB_WEB_H

#include "base/conf.h"

/* Serve until SIGTERM or SIGINT, then finish what is under way. The process's exit code. */
int web_main(const struct conf *conf);

#endif
