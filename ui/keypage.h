/*
 * The page of one key: everything there is about it, and where its numbers come
 * from: measures, its windows as a chart, first and last event, the last event
 * itself once it was asked for, and the command that fetches it.
 *
 * What is on it is read from the store by the key, so that it need not be in a
 * ranking; what only rankings have (the last minute) is there when it is.
 */
#ifndef WEIR_UI_KEYPAGE_H
#define WEIR_UI_KEYPAGE_H

#include "panel.h"
#include "store/page.h"

struct keypage {
	bool rows; /* it was opened from all rows; else from a panel */
	unsigned table;
	int64_t window_ms; /* of a row of a window; else 0 */
	int windows;       /* the table of its chart; -1: none */
	char id[PAGE_KEY_MAX];
	size_t id_size;
	struct view_key *key; /* NULL: not read, or not there */
	bool unread;
	uint64_t seen; /* the screen's commit when it was read */
	char problem[ERR_TEXT_MAX];
	bool fetching;
	struct view_event *event; /* what was fetched; NULL: nothing */
	double scale;
};

/* What there is to be drawn of a key. */
struct keypage_facts {
	const struct view *view;
	unsigned table;
	int windows; /* the table of the windows; -1: none */
	const struct view_row *row;
	const struct view_key *key;     /* NULL: only the row is known */
	const struct view_event *event; /* NULL: none was asked for */
	bool fetching;
	const char *brokers; /* NULL: as the view says */
	bool live;
	double *scale;
};

void keypage_draw_facts(const struct keypage_facts *facts,
			struct canvas *canvas, const struct area *area);

/* The command that fetches an event, for people to copy. */
void keypage_command(const struct view *view, const char *brokers,
		     const struct view_position *position, char *out,
		     size_t size);

#endif
