/* SPDX-License-Identifier: Apache-2.0 */
/* For clang-tidy, which reads one file at a time and so cannot know that err_set returns the code that it is given,
 * and err_prefix never RC_OK. */
#include "base/err.h"

#define err_set(err, code, ...) (err_set((err), (code), __VA_ARGS__), (code))
#define err_prefix(err, ...)    (err_prefix((err), __VA_ARGS__), RC_BROKEN)
