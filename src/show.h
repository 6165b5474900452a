/*
 * The dashboard over what there is: an engine, or stores. It answers what ui/
 * asks (struct dashboard_source), so that ui/ knows neither.
 */
#ifndef WEIR_SHOW_H
#define WEIR_SHOW_H

#include "base/log.h"
#include "engine.h"
#include "options.h"
#include "settings.h"
#include "snapshot/keeper.h"
#include "watch.h"

struct show {
	struct engine *engine; /* NULL: stores alone */
	struct store *const *stores;
	unsigned stores_len;
	struct watch *watch;             /* of several stores */
	struct keeper *keeper;           /* NULL: no snapshots are taken */
	const char *snapshots;           /* the file; NULL: none */
	const struct pipeline *pipeline; /* that of its views */
	struct log *log;
	struct player *player; /* of a script; NULL: none */
	struct cast *cast;     /* the recording; NULL: none */
};

/*
 * How the screen is to be: as the user's file says, whose path goes into
 * `file` (empty: there is none, as without a terminal), overruled by the
 * options. Errors as of settings_load(), with all the rest taken.
 */
int show_settings(const struct options *o, struct buf *file,
		  struct settings *settings, struct err *err);

/*
 * Draws until the user quits, a signal comes or the flow has ended; in the main
 * thread. As dashboard_run(); WEIR_SYSTEM also when there can be no thread.
 */
int show(const struct show *is, int signal_fd, const struct options *o,
	 struct err *err);

#endif
