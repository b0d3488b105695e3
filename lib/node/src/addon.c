/* SPDX-License-Identifier: MIT */
/*
 * addon.c: the table of what JavaScript can call. Made anew for each thread
 * that loads the addon.
 */
#include "addon.h"

#define ROW(name, function)                                                    \
	{                                                                      \
		name, NULL, function, NULL, NULL, NULL, napi_enumerable, NULL  \
	}

NAPI_MODULE_INIT()
{
	static const napi_property_descriptor rows[] = {
		ROW("parse", addon_parse),
		ROW("load", addon_load),
		ROW("loadSync", addon_load_sync),
		ROW("pull", addon_pull),
		ROW("push", addon_push),
		ROW("checkVersion", addon_check_version),
		ROW("watchStart", addon_watch_start),
		ROW("watchStop", addon_watch_stop),
		ROW("settle", addon_settle),
	};

	if (napi_define_properties(
		env, exports, sizeof(rows) / sizeof(rows[0]), rows) != napi_ok)
		return NULL;
	return exports;
}
