/* SPDX-License-Identifier: Apache-2.0 */
/* What every fuzz target includes: libFuzzer's entry point, and a context for one input. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include "base/log.h"
#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
