/*
 * The lines around the panels: two of status on top, a banner below them while
 * something is wrong, the ledger and the keys at the bottom.
 *
 * What matters most has its place first; the rest is left out in narrow
 * terminals. Numbers stand in fields of a fixed width.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "chart.h"
#include "columns.h"
#include "format.h"
#include "keys.h"
#include "lag.h"
#include "rate.h"
#include "screen.h"

static struct area
line_of(const struct canvas *canvas, int row)
{
	return (struct area){row, 0, 1, canvas->cols};
}

/* How long the run has been going when the screen was as it is shown. */
static int64_t
elapsed_ms(const struct screen *screen, int64_t now_ms)
{
	const struct view *view = screen->view;
	int64_t until = now_ms;

	if (screen->live.ended || screen->back)
		until = view->commit_ms;
	else if (screen->frozen)
		until = screen->frozen_ms;
	if (view->started_ms <= 0)
		return -1;
	return until > view->started_ms ? until - view->started_ms : 0;
}

/* weir  name ◂ source, topic          00:02:13  ✓ balanced  commit 812 ... */
void
status_draw_first(struct screen *screen, struct canvas *canvas, int row,
		  int64_t now_ms)
{
	struct area line = line_of(canvas, row), left = line;
	const struct view *view = screen->view;
	int col = canvas->cols - 1;
	char text[256];
	unsigned partitions = 0;

	if (!view) {
		canvas_puts(canvas, &line, 0, 1, STYLE_BOLD, "weir");
		return;
	}
	if (canvas->cols >= 76) {
		col -= 7;
		canvas_right(
		    canvas, &line, 0, col, 7, STYLE_NORMAL,
		    format_duration_us(view->commit ? view->commit_us : -1)
			.text);
		col -= 4;
		canvas_puts(canvas, &line, 0, col, STYLE_DIM, " in ");
	}
	if (canvas->cols >= 56) {
		int width = format_column((int64_t)view->commit);

		col -= width;
		canvas_right(canvas, &line, 0, col, width, STYLE_NORMAL,
			     format_int((int64_t)view->commit).text);
		col -= 9;
		canvas_puts(canvas, &line, 0, col, STYLE_DIM, "  commit ");
	}
	snprintf(text, sizeof(text), "%s",
		 view->balanced       ? "✓ balanced"
		 : canvas->cols >= 76 ? "✗ does not balance"
				      : "✗ unbalanced");
	col -= canvas_width(canvas, text, strlen(text));
	canvas_puts(canvas, &line, 0, col,
		    view->balanced ? STYLE_GOOD : STYLE_BAD, text);
	snprintf(text, sizeof(text), "%s  ",
		 format_elapsed(elapsed_ms(screen, now_ms)).text);
	col -= canvas_width(canvas, text, strlen(text));
	canvas_puts(canvas, &line, 0, col, STYLE_NORMAL, text);

	left.cols = col - 1;
	col = 1;
	if (canvas->cols >= 100)
		col += canvas_puts(canvas, &left, 0, col, STYLE_DIM, "weir  ");
	col += canvas_fit(canvas, &left, 0, col, left.cols - col, STYLE_BOLD,
			  view->pipeline->name, strlen(view->pipeline->name));
	/* The topic is said when its name is not the pipeline's. */
	if (strcmp(view->topic, view->pipeline->name) != 0)
		snprintf(text, sizeof(text), " ◂ %.120s ◂ %.100s", view->topic,
			 view->source);
	else
		snprintf(text, sizeof(text), " ◂ %.200s", view->source);
	col += canvas_fit(canvas, &left, 0, col, left.cols - col, STYLE_NORMAL,
			  text, strlen(text));
	for (unsigned i = 0; i < view->partitions_len; i++)
		partitions += view->partitions[i].state == VIEW_PARTITION_READ;
	snprintf(text, sizeof(text), ", %u partition%s", partitions,
		 partitions == 1 ? "" : "s");
	if (partitions > 0 && col + (int)strlen(text) <= left.cols)
		canvas_puts(canvas, &left, 0, col, STYLE_NORMAL, text);
}

struct modes {
	struct {
		char text[64];
		enum style style;
	} at[8];
	unsigned len;
};

static void
mode(struct modes *modes, enum style style, const char *text)
{
	modes->at[modes->len].style = style;
	snprintf(modes->at[modes->len++].text, sizeof(modes->at[0].text), "%s",
		 text);
}

/* A time of day is enough for half a day. */
static void
say_past(const struct dashboard_past *past, int cols, int64_t now_ms, char *out,
	 size_t size)
{
	bool old = now_ms - past->taken_ms > 43200000;
	struct format when =
	    old ? format_time(past->taken_ms) : format_clock(past->taken_ms);

	snprintf(out, size, " PAST %.19s%s%.7s of %.7s ", when.text,
		 cols >= 60 || !old ? " UTC, snapshot " : ", ",
		 format_int(past->number).text, format_int(past->total).text);
}

/* Nobody may take an old number for a live one. */
static void
list_modes(const struct screen *screen, int cols, int64_t now_ms,
	   struct modes *modes)
{
	const struct dashboard_live *live = &screen->live;
	int64_t stalled = now_ms - screen->view_ms;
	char text[64], faults[48];

	if (screen->back) {
		say_past(&screen->past, cols, now_ms, text, sizeof(text));
		mode(modes, STYLE_REVERSE, text);
	}
	if (screen->frozen) {
		snprintf(text, sizeof(text), " FROZEN %lld s ",
			 (long long)((now_ms - screen->frozen_ms) / 1000));
		mode(modes, STYLE_REVERSE, text);
	}
	page_faults_list(screen, faults, sizeof(faults));
	if (faults[0] && !screen->back) {
		snprintf(text, sizeof(text), " FAULT %s ", faults);
		mode(modes, STYLE_ALARM, text);
	}
	if (live->disconnected)
		mode(modes, STYLE_ALARM, " DISCONNECTED ");
	if (live->ended) {
		mode(modes, STYLE_REVERSE, " ENDED ");
		return;
	}
	if (live->generating && live->controls.per_s == 0)
		mode(modes, STYLE_REVERSE, " STOPPED ");
	if (live->held_back)
		mode(modes, STYLE_REVERSE, " HELD BACK ");
	if (screen->view && !screen->frozen && !screen->back &&
	    stalled > SCREEN_STALL_MS) {
		snprintf(text, sizeof(text), " no commit for %lld s ",
			 (long long)(stalled / 1000));
		mode(modes, STYLE_ALARM, text);
	}
}

/* Draws the modes at the right; returns the column where they begin. */
static int
draw_modes(const struct screen *screen, struct canvas *canvas,
	   const struct area *line, int64_t now_ms)
{
	struct modes modes = {.len = 0};
	int col = line->cols, first = 0;

	list_modes(screen, line->cols, now_ms, &modes);
	if (modes.len > 0)
		first = canvas_width(canvas, modes.at[0].text,
				     strlen(modes.at[0].text));
	for (unsigned i = modes.len; i-- > 0;) {
		int width = canvas_width(canvas, modes.at[i].text,
					 strlen(modes.at[i].text));

		/* The first matters most: it is there whatever the width. */
		if (col - width - 1 < first && i > 0)
			continue;
		col -= width;
		canvas_puts(canvas, line, 0, col > 0 ? col : 0,
			    modes.at[i].style, modes.at[i].text);
		col--;
	}
	return col;
}

/* Consumed in the newest second of the view; -1 when it is not known. */
static double
consumed_per_s(const struct view *view)
{
	const struct view_second *last;

	if (!view || view->history_len == 0)
		return -1;
	last = &view->history[view->history_len - 1];
	return last->known ? (double)last->consumed : -1;
}

static void
draw_throughput(const struct view *view, struct canvas *canvas,
		const struct area *line, int col, int width)
{
	int64_t values[60];
	unsigned len = view->history_len < 60 ? view->history_len : 60;
	unsigned from = view->history_len - len;

	for (unsigned i = 0; i < 60 - len; i++)
		values[i] = -1;
	for (unsigned i = 0; i < len; i++) {
		const struct view_second *at = &view->history[from + i];

		values[60 - len + i] = at->known ? at->consumed : -1;
	}
	chart_spark(canvas, line, 0, col, width, STYLE_LIVE, values, 60,
		    view->commit_ms / 1000);
}

#define RATE_FIELD  11
#define DELAY_FIELD 7 /* format_delay() */
#define SPARK_MIN   12

/* A number of the second line; its place is as wide as the number can be. */
struct second_field {
	const char *before;
	int width; /* of the number; 0: there is none */
	struct format number;
	enum style style;
	char after[40];
	enum style after_style;
};

/* In the order in which they are drawn. */
enum {
	SECOND_TARGET, /* who only watches has what is read there */
	SECOND_MADE,
	SECOND_READ,
	SECOND_SPARK,
	SECOND_LAG,
	SECOND_BEHIND,
	SECOND_SEEN,
	SECOND_P99,
	SECOND_FORECAST,
	SECOND_FIELDS,
};

static struct second_field
rate_field(double per_s, enum style style, const char *label)
{
	struct second_field field = {"",    RATE_FIELD, {""},
				     style, "",         STYLE_DIM};

	snprintf(field.number.text, sizeof(field.number.text), "%.40s%s",
		 format_rate_fit(per_s, RATE_FIELD - 2).text,
		 isinf(per_s) || isnan(per_s) || per_s < 0 ? "" : "/s");
	snprintf(field.after, sizeof(field.after), "%s", label);
	return field;
}

static struct second_field
delay_field(const char *before, int64_t ms)
{
	return (struct second_field){
	    before,       DELAY_FIELD, format_delay(ms),
	    STYLE_NORMAL, "",          STYLE_NORMAL};
}

/* Where the lag is going: a sign, and words when there is something to say. */
static void
fill_trend(const struct view *view, struct second_field *fields)
{
	static const char *const signs[] = {
	    [LAG_UNKNOWN] = "  ",
	    [LAG_STEADY] = " →",
	    [LAG_GROWS] = " ↑",
	    [LAG_SHRINKS] = " ↓",
	};
	struct second_field *words = &fields[SECOND_FORECAST];
	struct lag lag = lag_of(view);

	snprintf(fields[SECOND_BEHIND].after,
		 sizeof(fields[SECOND_BEHIND].after), "%s", signs[lag.trend]);
	words->before = "";
	words->after_style = STYLE_PENDING;
	if (lag.catch_up_s >= 0 && lag.catch_up_s < 1e9)
		snprintf(
		    words->after, sizeof(words->after), "  catches up in %.20s",
		    format_delay(1000 * (int64_t)ceil(lag.catch_up_s)).text);
	else if (lag.behind && lag.trend == LAG_GROWS)
		snprintf(words->after, sizeof(words->after), "  falls behind");
}

static void
fill_second(const struct screen *screen, struct second_field *fields)
{
	const struct dashboard_live *live = &screen->live;
	const struct view *view = screen->view;
	int64_t lag = view ? view->ledger.lag : -1;

	fields[SECOND_LAG] = (struct second_field){
	    "  lag ",
	    view ? format_column(lag) : 7,
	    format_count(lag),
	    lag > 0 ? STYLE_PENDING : STYLE_NORMAL,
	    "",
	    STYLE_NORMAL,
	};
	/* Rates are of now: there is none in the past. */
	if (screen->back)
		return;
	if (live->generating) {
		fields[SECOND_TARGET] =
		    rate_field(rate_wanted(live, 0), STYLE_BOLD, " target");
		fields[SECOND_MADE] =
		    rate_field(screen->shown_per_s, STYLE_NORMAL, " made");
	} else {
		fields[SECOND_TARGET] =
		    rate_field(consumed_per_s(view), STYLE_BOLD, " read");
	}
	if (!view)
		return;
	if (live->generating)
		fields[SECOND_READ] =
		    rate_field(consumed_per_s(view), STYLE_NORMAL, " read");
	fields[SECOND_BEHIND] = delay_field(" · ", view->behind_ms);
	fields[SECOND_SEEN] =
	    delay_field("  seen after ", view->seen_median_ms);
	fields[SECOND_P99] = delay_field(", p99 ", view->seen_p99_ms);
	if (!live->ended)
		fill_trend(view, fields);
}

static int
field_width(const struct canvas *canvas, const struct second_field *field)
{
	if (!field->before)
		return 0;
	return canvas_width(canvas, field->before, strlen(field->before)) +
	       field->width +
	       canvas_width(canvas, field->after, strlen(field->after));
}

static int
draw_field(struct canvas *canvas, const struct area *line, int col,
	   const struct second_field *field)
{
	col += canvas_puts(canvas, line, 0, col, STYLE_DIM, field->before);
	canvas_right(canvas, line, 0, col, field->width, field->style,
		     field->number.text);
	col += field->width;
	return col + canvas_puts(canvas, line, 0, col, field->after_style,
				 field->after);
}

/*
 * 50,000/s target   49,870/s made   ▁▂▃▅▇  lag 1,203 · 24 ms ↓  seen after
 * 180 ms, p99 310 ms                                            FROZEN 3 s
 */
void
status_draw_second(struct screen *screen, struct canvas *canvas, int row,
		   int64_t now_ms)
{
	/* What comes first when there is little room for all of it. */
	static const int order[] = {
	    SECOND_LAG,    SECOND_TARGET, SECOND_FORECAST,
	    SECOND_BEHIND, SECOND_MADE,   SECOND_SEEN,
	    SECOND_SPARK,  SECOND_P99,    SECOND_READ,
	};
	struct second_field fields[SECOND_FIELDS] = {{.before = NULL}};
	bool shown[SECOND_FIELDS] = {false};
	struct area line = line_of(canvas, row);
	int room = draw_modes(screen, canvas, &line, now_ms), col = 0;

	line.cols = room;
	fill_second(screen, fields);
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		int which = order[i], width;

		width = field_width(canvas, &fields[which]);
		if (which == SECOND_SPARK && screen->view && !screen->back)
			width = 2 + SPARK_MIN;
		if (width > room ||
		    (which == SECOND_P99 && !shown[SECOND_SEEN]))
			continue;
		shown[which] = width > 0;
		room -= width;
	}
	for (int which = 0; which < SECOND_FIELDS; which++) {
		int width = SPARK_MIN + room;

		if (!shown[which])
			continue;
		if (which != SECOND_SPARK) {
			col = draw_field(canvas, &line, col, &fields[which]);
			continue;
		}
		if (width > 60)
			width = 60;
		width = 60 / ((60 + width - 1) / width);
		draw_throughput(screen->view, canvas, &line, col + 2, width);
		col += 2 + width;
	}
}

bool
status_has_banner(const struct screen *screen)
{
	return screen->live.message[0] || screen->problem[0];
}

void
status_draw_banner(struct screen *screen, struct canvas *canvas, int row)
{
	struct area line = line_of(canvas, row);
	const char *text =
	    screen->live.message[0] ? screen->live.message : screen->problem;

	canvas_puts(canvas, &line, 0, 1, STYLE_BAD, "▲");
	canvas_fit(canvas, &line, 0, 3, line.cols - 4, STYLE_BAD, text,
		   strlen(text));
}

/* A number in the ledger's line, with what stands before it. */
struct ledger_item {
	const char *before;
	int number; /* LEDGER_* */
};

enum {
	LEDGER_PRODUCED,
	LEDGER_ACKED,
	LEDGER_UNACKED,
	LEDGER_FAILED,
	LEDGER_TOPIC,
	LEDGER_CONSUMED,
	LEDGER_LAG,
	LEDGER_LOST,
	LEDGER_SKIPPED,
	LEDGER_VALID,
	LEDGER_DEAD,
	LEDGER_NUMBERS,
};

_Static_assert(LEDGER_NUMBERS <= SCREEN_LEDGER, "a width for each number");

/* From the widest; each ends in a NULL. */
static const struct ledger_item ledger_lines[][14] = {
    {{"produced ", LEDGER_PRODUCED},
     {" = acked ", LEDGER_ACKED},
     {" + unacked ", LEDGER_UNACKED},
     {" + failed ", LEDGER_FAILED},
     {"   in topic ", LEDGER_TOPIC},
     {" = consumed ", LEDGER_CONSUMED},
     {" + lag ", LEDGER_LAG},
     {" + lost ", LEDGER_LOST},
     {" + skipped ", LEDGER_SKIPPED},
     {"   consumed = valid ", LEDGER_VALID},
     {" + dead ", LEDGER_DEAD},
     {NULL, 0}},
    {{"produced ", LEDGER_PRODUCED},
     {"   in topic ", LEDGER_TOPIC},
     {" = valid ", LEDGER_VALID},
     {" + dead ", LEDGER_DEAD},
     {" + lag ", LEDGER_LAG},
     {" + lost ", LEDGER_LOST},
     {" + skipped ", LEDGER_SKIPPED},
     {NULL, 0}},
    {{"in topic ", LEDGER_TOPIC},
     {" = valid ", LEDGER_VALID},
     {" + dead ", LEDGER_DEAD},
     {" + lag ", LEDGER_LAG},
     {" + lost ", LEDGER_LOST},
     {" + skipped ", LEDGER_SKIPPED},
     {NULL, 0}},
    {{"valid ", LEDGER_VALID},
     {" + dead ", LEDGER_DEAD},
     {" + lag ", LEDGER_LAG},
     {" + lost ", LEDGER_LOST},
     {NULL, 0}},
    {{"valid ", LEDGER_VALID},
     {" dead ", LEDGER_DEAD},
     {" lag ", LEDGER_LAG},
     {" lost ", LEDGER_LOST},
     {NULL, 0}},
    {{"", LEDGER_VALID},
     {" dead ", LEDGER_DEAD},
     {" lag ", LEDGER_LAG},
     {" lost ", LEDGER_LOST},
     {NULL, 0}},
};
#define LEDGER_LINES ((int)(sizeof(ledger_lines) / sizeof(ledger_lines[0])))

static bool
ledger_shown(const struct ledger_item *item, const int64_t *numbers)
{
	return item->number != LEDGER_SKIPPED || numbers[LEDGER_SKIPPED];
}

/* When exact numbers do not fit: at most as wide as "-1.26 M". */
static struct format
ledger_text(int64_t number, bool compact)
{
	struct format text = format_int(number);

	if (compact && strlen(text.text) > 6)
		return format_compact((double)number);
	return text;
}

static int
ledger_line_width(const struct ledger_item *items, const int64_t *numbers,
		  const int *widths, bool compact)
{
	int width = 0;

	for (; items->before; items++) {
		if (!ledger_shown(items, numbers))
			continue;
		width += (int)strlen(items->before);
		if (compact)
			width += (int)strlen(
			    ledger_text(numbers[items->number], true).text);
		else
			width += widths[items->number];
	}
	return width;
}

static enum style
ledger_style(int number, int64_t value)
{
	if (value && (number == LEDGER_LOST || number == LEDGER_DEAD ||
		      number == LEDGER_FAILED))
		return STYLE_BAD;
	return STYLE_NORMAL;
}

/* ✓ in topic 1,262,144 = valid 1,260,941 + dead 0 + lag 1,203 + lost 0 */
void
status_draw_ledger(struct screen *screen, struct canvas *canvas, int row)
{
	const struct view *view = screen->view;
	struct area line = line_of(canvas, row);
	int64_t numbers[LEDGER_NUMBERS];
	const struct ledger *l;
	bool compact = false;
	int which, col = 3;

	if (!view)
		return;
	l = &view->ledger;
	numbers[LEDGER_PRODUCED] = l->produced;
	numbers[LEDGER_ACKED] = l->acked;
	numbers[LEDGER_UNACKED] = l->unacked;
	numbers[LEDGER_FAILED] = l->failed;
	numbers[LEDGER_TOPIC] =
	    (int64_t)((uint64_t)l->acked + (uint64_t)l->foreign);
	numbers[LEDGER_CONSUMED] = l->consumed;
	numbers[LEDGER_LAG] = l->lag;
	numbers[LEDGER_LOST] = l->lost;
	numbers[LEDGER_SKIPPED] = l->skipped;
	numbers[LEDGER_VALID] = l->valid;
	numbers[LEDGER_DEAD] = l->dead;
	for (int i = 0; i < LEDGER_NUMBERS; i++) {
		int width = (int)strlen(format_int(numbers[i]).text);

		width = width < 5 ? 5 : width | 1;
		if (screen->ledger_widths[i] < width)
			screen->ledger_widths[i] = width;
	}
	for (which = 0; which < LEDGER_LINES; which++)
		if (ledger_line_width(ledger_lines[which], numbers,
				      screen->ledger_widths,
				      false) <= line.cols - 4)
			break;
	/* Exact numbers without all words come before all words. */
	if (which == LEDGER_LINES) {
		compact = true;
		for (which = 2; which < LEDGER_LINES - 1; which++)
			if (ledger_line_width(ledger_lines[which], numbers,
					      screen->ledger_widths,
					      true) <= line.cols - 4)
				break;
	}
	canvas_puts(canvas, &line, 0, 1,
		    view->balanced ? STYLE_GOOD : STYLE_BAD,
		    view->balanced ? "✓" : "✗");
	for (const struct ledger_item *item = ledger_lines[which]; item->before;
	     item++) {
		int64_t number = numbers[item->number];
		struct format text = ledger_text(number, compact);
		int width = compact ? (int)strlen(text.text)
				    : screen->ledger_widths[item->number];

		if (!ledger_shown(item, numbers))
			continue;
		col +=
		    canvas_puts(canvas, &line, 0, col, STYLE_DIM, item->before);
		canvas_right(canvas, &line, 0, col, width,
			     ledger_style(item->number, number), text.text);
		col += width;
	}
}

void
status_draw_share(struct screen *screen, struct canvas *canvas, int row,
		  const struct panel *panel)
{
	const struct view_table *table = panel_table(panel);
	struct area line = line_of(canvas, row);
	int64_t left = table->summary.keys;
	char name[2 * PIPELINE_NAME_MAX + 16];
	int col = 1;

	(void)screen;
	panel_name(panel, name, sizeof(name));
	col += canvas_fit(canvas, &line, 0, col, line.cols / 3, STYLE_DIM, name,
			  strlen(name));
	for (unsigned i = 0; i < panel_rows(panel); i++) {
		const struct view_row *at =
		    columns_row(panel, panel_at(panel, i));
		int key = canvas_width(canvas, at->key.data,
				       at->key.size < 64 ? at->key.size : 64);

		if (key > 20)
			key = 20;
		/* "  key 100.0 %", and room for how many are left. */
		if (col + 2 + key + 1 + 7 + (left > 1 ? 12 : 0) > line.cols)
			break;
		col += 2;
		col += canvas_fit(canvas, &line, 0, col, key, STYLE_NORMAL,
				  at->key.data, at->key.size);
		canvas_right(canvas, &line, 0, col + 1, 7, STYLE_BOLD,
			     format_percent(
				 value_double(at->measures[table->spec->rank]),
				 value_double(table->summary.total))
				 .text);
		col += 8;
		left--;
	}
	if (left > 0 && left < table->summary.keys)
		canvas_printf(canvas, &line, 0, col + 2, STYLE_DIM, "%s more",
			      format_compact((double)left).text);
}

static void
draw_prompt(const struct screen *screen, struct canvas *canvas,
	    const struct area *line)
{
	int col = 1;

	if (screen->typing)
		col += canvas_puts(canvas, line, 0, col, STYLE_BOLD,
				   page_generator_question(screen));
	else
		col +=
		    canvas_puts(canvas, line, 0, col, STYLE_BOLD,
				line->cols >= 60 ? "rate, events per second: "
						 : "events/s: ");
	col += canvas_puts(canvas, line, 0, col, STYLE_NORMAL, screen->prompt);
	canvas_puts(canvas, line, 0, col, STYLE_REVERSE, " ");
	if (screen->message[0])
		canvas_puts(canvas, line, 0, col + 3, STYLE_BAD,
			    screen->message);
	else
		canvas_puts(canvas, line, 0, col + 3, STYLE_DIM,
			    screen->typing ? "Enter sets it, Esc leaves"
					   : "Enter sets it, Esc leaves; 1200, "
					     "50k, 1.5M, max");
}

/* ? help  q quit  + - rate  Tab panel */
void
status_draw_bottom(struct screen *screen, struct canvas *canvas, int row,
		   const struct layout *layout, int64_t now_ms)
{
	struct area line = line_of(canvas, row);
	const struct key_binding *key;
	unsigned when = screen_when(screen);
	int col = 1;

	if (screen->mode == SCREEN_PROMPT) {
		draw_prompt(screen, canvas, &line);
		return;
	}
	if (screen->mode == SCREEN_ROWS && screen->rows.typing) {
		rows_draw_prompt(screen, canvas, &line);
		return;
	}
	if (screen->mode == SCREEN_HELP) {
		canvas_puts(canvas, &line, 0, 1, STYLE_NORMAL,
			    "any other key leaves the help");
		return;
	}
	if (screen->message[0] && now_ms >= screen->message_ms &&
	    now_ms - screen->message_ms < SCREEN_MESSAGE_MS) {
		canvas_puts(canvas, &line, 0, 1, STYLE_BOLD, screen->message);
		return;
	}
	if (layout->pages > 1) {
		char text[48];
		int width = snprintf(text, sizeof(text), "page %u of %u",
				     layout->page + 1, layout->pages);

		canvas_puts(canvas, &line, 0, line.cols - width - 1, STYLE_DIM,
			    text);
		line.cols -= width + 2;
	}
	for (unsigned turn = 1; (key = keys_in_turn(turn)); turn++) {
		int width;

		if (key->when & ~when)
			continue;
		width = canvas_width(canvas, key->hint_label,
				     strlen(key->hint_label)) +
			1 + (int)strlen(key->hint);
		if (col + width >= line.cols)
			continue;
		col += canvas_puts(canvas, &line, 0, col, STYLE_BOLD,
				   key->hint_label);
		col += canvas_puts(canvas, &line, 0, col + 1, STYLE_DIM,
				   key->hint);
		col += 3;
	}
}
