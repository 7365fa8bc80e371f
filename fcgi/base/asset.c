/* SPDX-License-Identifier: Apache-2.0 */
/* Looking up the files that travel inside the program. */
#include "base/asset.h"

#include <string.h>

const struct asset *
asset_find(const char *path)
{
	for (const struct asset *asset = assets; asset->path != NULL; asset++) {
		if (strcmp(asset->path, path) == 0)
			return asset;
	}
	return NULL;
}

size_t
asset_length(const struct asset *asset)
{
	return (size_t)(asset->end - asset->bytes);
}
