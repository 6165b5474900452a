/*
 * The page of the generator: what can be set of it, a line each, and what comes
 * of it. What is changed goes to the generator at once, whole.
 */
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "chart.h"
#include "format.h"
#include "generate/curve.h"
#include "rate.h"
#include "screen.h"

#define SPARK_SECONDS 60
#define VALUE_WIDTH   15
#define NAME_MAX_COLS 28
#define FAULT_COLS    16 /* of a fault's value */

enum control {
	CONTROL_RATE,
	CONTROL_SHAPE,
	CONTROL_PERIOD,
	CONTROL_LOW,
	CONTROL_PART,
	CONTROL_FIELD, /* of the spike */
	CONTROL_SHARE,
	CONTROL_BAD,
	CONTROL_VALUES, /* of a field */
	CONTROL_SKEW,
	CONTROLS,
};

/* Where they are in the list, and what a typed value is. */
static const struct {
	const char *name, *question;
	unsigned curves; /* kinds of curve that have it; 0: all */
} controls[CONTROLS] = {
    [CONTROL_RATE] = {"rate", NULL, 0}, /* the screen's own prompt */
    [CONTROL_SHAPE] = {"shape", NULL, 0},
    [CONTROL_PERIOD] = {"period", "period, seconds: ",
			1 << CURVE_RAMP | 1 << CURVE_SINE | 1 << CURVE_BURSTS |
			    1 << CURVE_SPIKE},
    [CONTROL_LOW] = {"lowest rate", "lowest rate, percent of the whole: ",
		     1 << CURVE_RAMP | 1 << CURVE_SINE | 1 << CURVE_BURSTS},
    [CONTROL_PART] = {"for", "for so much of a period, percent: ",
		      1 << CURVE_BURSTS | 1 << CURVE_SPIKE},
    [CONTROL_FIELD] = {"spike of", NULL, 1 << CURVE_SPIKE},
    [CONTROL_SHARE] = {"its share",
		       "share of one value, percent: ", 1 << CURVE_SPIKE},
    [CONTROL_BAD] = {"bad events", "bad events, percent: ", 0},
    [CONTROL_VALUES] = {"values", "distinct values: ", 0},
    [CONTROL_SKEW] = {"skew", "Zipf exponent, 0.01 to 10: ", 0},
};

struct line {
	enum control control;
	unsigned field; /* CONTROL_VALUES, CONTROL_SKEW */
};

#define LINES_MAX (CONTROL_VALUES + 2 * PIPELINE_FIELDS_MAX)

struct lines {
	struct line at[LINES_MAX];
	int len;
};

static void
list_lines(const struct screen *screen, struct lines *lines)
{
	const struct generator_controls *set = &screen->live.controls;

	lines->len = 0;
	for (int i = 0; i < CONTROL_VALUES; i++)
		if (!controls[i].curves ||
		    controls[i].curves & 1u << set->curve.kind)
			lines->at[lines->len++] =
			    (struct line){(enum control)i, 0};
	for (unsigned i = 0; i < PIPELINE_FIELDS_MAX; i++)
		if (set->fields[i].count > 0) {
			lines->at[lines->len++] =
			    (struct line){CONTROL_VALUES, i};
			lines->at[lines->len++] =
			    (struct line){CONTROL_SKEW, i};
		}
}

/* The selected line; the list may have become shorter. */
static struct line
selected(const struct screen *screen)
{
	struct lines lines;
	int at = screen->generator_line;

	list_lines(screen, &lines);
	return lines.at[at < lines.len ? at : lines.len - 1];
}

/* ---- Changing ---- */

/* The next of the steps in a direction, or the value when there is none. */
static double
step_among(const double *steps, int len, double value, int way)
{
	const double near = 1e-9;

	for (int i = 0; way > 0 && i < len; i++)
		if (steps[i] > value + near)
			return steps[i];
	for (int i = len; way < 0 && i-- > 0;)
		if (steps[i] < value - near)
			return steps[i];
	return value;
}

/* 1, 2, 5, 10, 20, ... up to the largest. */
static uint64_t
step_count(uint64_t count, uint64_t max, int way)
{
	static const unsigned factors[] = {1, 2, 5};
	uint64_t below = 1;

	for (uint64_t power = 1;; power *= 10)
		for (int i = 0; i < 3; i++) {
			uint64_t step = power * factors[i];

			if (way > 0 && (step > count || step >= max))
				return step < max ? step : max;
			if (way < 0 && step >= count)
				return below;
			below = step;
		}
}

/* The next field that can have a spike; the same one when there is no other. */
static int
step_field(const struct generator_controls *set, int field, int way)
{
	for (int i = 1; i <= PIPELINE_FIELDS_MAX; i++) {
		int next = (field + way * i + 2 * PIPELINE_FIELDS_MAX) %
			   PIPELINE_FIELDS_MAX;

		if (set->fields[next].count > 0)
			return next;
	}
	return -1;
}

/* Another kind keeps what both have. */
static void
step_kind(struct generator_controls *set, int way)
{
	int field = step_field(set, -1, 1);
	int kinds = field < 0 ? CURVE_SPIKE : CURVES;
	int kind = ((int)set->curve.kind + way + kinds) % kinds;

	set->curve.kind = (enum curve_kind)kind;
	set->curve.field = kind == CURVE_SPIKE ? field : -1;
}

static double *
part_of(struct generator_controls *set, enum control control)
{
	switch (control) {
	case CONTROL_LOW:
		return &set->curve.low;
	case CONTROL_PART:
		return &set->curve.part;
	case CONTROL_SHARE:
		return &set->curve.share;
	default:
		assert(control == CONTROL_BAD);
		return &set->bad_share;
	}
}

static void
step(const struct screen *screen, const struct line *line,
     struct generator_controls *set, int way)
{
	static const double tenths[] = {0,   0.1, 0.2, 0.3, 0.4, 0.5,
					0.6, 0.7, 0.8, 0.9, 1};
	static const double bad[] = {0,    0.001, 0.002, 0.005, 0.01, 0.02,
				     0.05, 0.1,   0.2,   0.5,   1};
	static const double periods_s[] = {1,  2,   5,   10,  20,   30,
					   60, 120, 300, 600, 1800, 3600};
	struct controls_field *field = &set->fields[line->field];

	switch (line->control) {
	case CONTROL_RATE:
		set->per_s = rate_step(set->per_s, way > 0 ? 1.1 : 0.9,
				       screen->live.actual_per_s);
		break;
	case CONTROL_SHAPE:
		step_kind(set, way);
		break;
	case CONTROL_PERIOD:
		set->curve.period_ms = (int64_t)llround(
		    step_among(periods_s, 12,
			       (double)set->curve.period_ms / 1000, way) *
		    1000);
		break;
	case CONTROL_LOW:
	case CONTROL_SHARE:
		*part_of(set, line->control) =
		    step_among(tenths, 11, *part_of(set, line->control), way);
		break;
	case CONTROL_PART:
		set->curve.part =
		    step_among(tenths + 1, 10, set->curve.part, way);
		break;
	case CONTROL_FIELD:
		set->curve.field = step_field(set, set->curve.field, way);
		break;
	case CONTROL_BAD:
		set->bad_share = step_among(bad, 11, set->bad_share, way);
		break;
	case CONTROL_VALUES:
		field->count = step_count(
		    field->count,
		    controls_count_max(screen->view->pipeline, line->field),
		    way);
		break;
	case CONTROL_SKEW:
		/* Whole tenths; below the first of them, a hundredth. */
		field->exponent = (round(field->exponent * 10) + way) / 10;
		field->exponent = fmin(fmax(field->exponent, GEN_EXPONENT_MIN),
				       GEN_EXPONENT_MAX);
		break;
	case CONTROLS:
		break;
	}
}

static enum screen_wish
set_all(struct screen *screen, const struct generator_controls *set)
{
	if (controls_same(set, &screen->live.controls))
		return SCREEN_NOTHING;
	screen->live.controls = *set;
	return SCREEN_CONTROL;
}

enum screen_wish
page_generator_change(struct screen *screen, int way)
{
	struct generator_controls set = screen->live.controls;
	struct line line = selected(screen);

	if (!screen->view)
		return SCREEN_NOTHING;
	if (way == 0 && controls[line.control].question) {
		screen_ask(screen, true);
		return SCREEN_NOTHING;
	}
	if (way == 0 && line.control == CONTROL_RATE) {
		screen_ask(screen, false);
		return SCREEN_NOTHING;
	}
	step(screen, &line, &set, way < 0 ? -1 : 1);
	return set_all(screen, &set);
}

const char *
page_generator_question(const struct screen *screen)
{
	return controls[selected(screen).control].question;
}

/* What was typed; false when it is out of range, which `range` then says. */
static bool
take_typed(const struct screen *screen, const struct line *line,
	   struct generator_controls *set, double typed, char *range,
	   size_t size)
{
	double min = 0, max = 100;

	if (line->control == CONTROL_PERIOD) {
		min = GEN_PERIOD_MIN / 1000;
		max = GEN_PERIOD_MAX / 1000;
	} else if (line->control == CONTROL_PART) {
		min = 1;
	} else if (line->control == CONTROL_VALUES) {
		min = 1;
		max = (double)controls_count_max(screen->view->pipeline,
						 line->field);
	} else if (line->control == CONTROL_SKEW) {
		min = GEN_EXPONENT_MIN;
		max = GEN_EXPONENT_MAX;
	}
	if (!(typed >= min && typed <= max)) {
		if (min < 1 && min > 0)
			snprintf(range, size, "from %g to %g", min, max);
		else
			snprintf(range, size, "from %s to %s",
				 format_int((int64_t)min).text,
				 format_int((int64_t)max).text);
		return false;
	}
	if (line->control == CONTROL_PERIOD)
		set->curve.period_ms = (int64_t)llround(typed * 1000);
	else if (line->control == CONTROL_VALUES)
		set->fields[line->field].count = (uint64_t)typed;
	else if (line->control == CONTROL_SKEW)
		set->fields[line->field].exponent = typed;
	else
		*part_of(set, line->control) = typed / 100;
	return true;
}

enum screen_wish
page_generator_answer(struct screen *screen, int64_t now_ms)
{
	struct generator_controls set = screen->live.controls;
	struct line line = selected(screen);
	char range[128];
	double typed;

	/* It may be another view's meanwhile. */
	if (!screen->view || !controls[line.control].question)
		screen->mode = SCREEN_PANELS;
	else if (!rate_parse(screen->prompt, &typed))
		screen_say(screen, "not a number", now_ms);
	else if (!take_typed(screen, &line, &set, typed, range, sizeof(range)))
		screen_say(screen, range, now_ms);
	else {
		screen->mode = screen->before;
		return set_all(screen, &set);
	}
	return SCREEN_NOTHING;
}

void
page_generator_move(struct screen *screen, enum panel_move how)
{
	int *at = &screen->generator_line;
	struct lines lines;

	list_lines(screen, &lines);
	if (how == PANEL_UP || how == PANEL_DOWN)
		*at += how == PANEL_UP ? -1 : 1;
	else
		*at =
		    how == PANEL_FIRST || how == PANEL_PAGE_UP ? 0 : LINES_MAX;
	if (*at >= lines.len)
		*at = lines.len - 1;
	if (*at < 0)
		*at = 0;
}

/* ---- Presets ---- */

static void
busy(struct generator_controls *set)
{
	set->per_s *= 10;
}

static void
bursts(struct generator_controls *set)
{
	busy(set);
	set->curve = curve_default(CURVE_BURSTS, -1);
	set->curve.period_ms = 20000;
}

static void
spikes(struct generator_controls *set)
{
	int field = step_field(set, -1, 1);

	if (field < 0)
		return;
	set->curve = curve_default(CURVE_SPIKE, field);
	set->curve.period_ms = 30000;
}

static void
dirty(struct generator_controls *set)
{
	set->bad_share = 0.1;
}

static void
flat_out(struct generator_controls *set)
{
	set->per_s = INFINITY;
}

/* What each makes of the pipeline's own settings; their keys say so, too. */
static const struct {
	const char *name;
	void (*change)(struct generator_controls *set); /* NULL: nothing */
} presets[] = {
    {"calm", NULL},     {"busy", busy},   {"bursts", bursts},
    {"spikes", spikes}, {"dirty", dirty}, {"flat out", flat_out},
};

enum screen_wish
page_generator_preset(struct screen *screen, unsigned number, int64_t now_ms)
{
	struct generator_controls set;
	char text[64];

	if (!screen->view)
		return SCREEN_NOTHING;
	controls_init(&set, screen->view->pipeline);
	if (presets[number].change)
		presets[number].change(&set);
	snprintf(text, sizeof(text), "preset: %s", presets[number].name);
	screen_say(screen, text, now_ms);
	return set_all(screen, &set);
}

/* ---- Drawing ---- */

static void
say_name(const struct screen *screen, const struct line *line, char *out,
	 size_t size)
{
	const char *name = controls[line->control].name;

	if (line->control >= CONTROL_VALUES)
		snprintf(out, size, "%s %s",
			 screen->view->pipeline->event.fields[line->field].name,
			 name);
	else
		snprintf(out, size, "%s", name);
}

static void
say_value(const struct screen *screen, const struct line *line, char *out,
	  size_t size)
{
	struct generator_controls set = screen->live.controls;
	const struct controls_field *field = &set.fields[line->field];

	switch (line->control) {
	case CONTROL_RATE:
		snprintf(out, size, "%s%s", format_rate(set.per_s).text,
			 isinf(set.per_s) ? "" : "/s");
		break;
	case CONTROL_SHAPE:
		snprintf(out, size, "%s", curve_kind_name(set.curve.kind));
		break;
	case CONTROL_PERIOD:
		snprintf(out, size, "%s",
			 format_span(set.curve.period_ms).text);
		break;
	case CONTROL_FIELD:
		snprintf(
		    out, size, "%s",
		    screen->view->pipeline->event.fields[set.curve.field].name);
		break;
	case CONTROL_VALUES:
		snprintf(out, size, "%s",
			 format_int((int64_t)field->count).text);
		break;
	case CONTROL_SKEW:
		snprintf(out, size, "%.2f", field->exponent);
		break;
	default:
		snprintf(out, size, "%s",
			 format_percent(*part_of(&set, line->control), 1).text);
	}
}

/* What a value comes to. */
static void
say_note(const struct screen *screen, const struct line *line, char *out,
	 size_t size)
{
	const struct generator_controls *set = &screen->live.controls;
	const struct controls_field *field = &set->fields[line->field];
	const struct curve *curve = &set->curve;

	out[0] = '\0';
	switch (line->control) {
	case CONTROL_RATE:
		if (isinf(set->per_s))
			snprintf(out, size,
				 "as fast as it goes, without shape");
		else if (curve_varies(curve))
			snprintf(out, size, "the highest that the shape has");
		break;
	case CONTROL_SHAPE:
		if (curve->kind == CURVE_SPIKE)
			snprintf(out, size, "at an even rate");
		break;
	case CONTROL_PERIOD:
		snprintf(out, size,
			 curve->kind == CURVE_RAMP
			     ? "until it is at the whole rate"
			     : "over and over");
		break;
	case CONTROL_LOW:
		snprintf(out, size, "%s/s",
			 format_rate(set->per_s * curve->low).text);
		break;
	case CONTROL_PART:
		snprintf(out, size, "of each period: %s",
			 format_duration_us((int64_t)(curve->part * 1000 *
						      (double)curve->period_ms))
			     .text);
		break;
	case CONTROL_FIELD:
		snprintf(
		    out, size, "its value number %s",
		    format_int((int64_t)set->fields[curve->field].count / 2 + 1)
			.text);
		break;
	case CONTROL_BAD:
		snprintf(out, size, "damaged, so they become dead letters");
		break;
	case CONTROL_VALUES:
		snprintf(out, size, "distinct, at most %s",
			 format_int((int64_t)controls_count_max(
					screen->view->pipeline, line->field))
			     .text);
		break;
	case CONTROL_SKEW:
		snprintf(out, size, "the first of them has %s",
			 format_percent(controls_first_share(field), 1).text);
		break;
	case CONTROL_SHARE:
	case CONTROLS:
		break;
	}
}

/* The rate that is wanted in each second of the next minute. */
static void
draw_next(const struct screen *screen, struct canvas *canvas,
	  const struct area *body, int row, int col, int width)
{
	const struct dashboard_live *live = &screen->live;
	int64_t values[SPARK_SECONDS];

	if (isinf(live->controls.per_s)) {
		canvas_puts(canvas, body, row, col, STYLE_DIM, FORMAT_UNKNOWN);
		return;
	}
	for (int i = 0; i < SPARK_SECONDS; i++)
		values[i] = (int64_t)rate_wanted(live, i);
	chart_spark(canvas, body, row, col, width, STYLE_LIVE, values,
		    SPARK_SECONDS,
		    screen->view->commit_ms / 1000 + SPARK_SECONDS);
}

static void
draw_made(const struct screen *screen, struct canvas *canvas,
	  const struct area *body, int row, int col, int width)
{
	const struct view *view = screen->view;
	int64_t values[SPARK_SECONDS];

	for (int i = 0; i < SPARK_SECONDS; i++) {
		int at = (int)view->history_len - SPARK_SECONDS + i;

		values[i] = at >= 0 && view->history[at].known
				? view->history[at].produced
				: -1;
	}
	chart_spark(canvas, body, row, col, width, STYLE_LIVE, values,
		    SPARK_SECONDS, view->commit_ms / 1000);
}

/* Returns how many rows it took. */
static int
draw_head(const struct screen *screen, struct canvas *canvas,
	  const struct area *body)
{
	const struct dashboard_live *live = &screen->live;
	double wanted = rate_wanted(live, 0);
	int col = 12, width = body->cols - 14;

	if (body->rows < 14)
		return 1;
	canvas_puts(canvas, body, 1, 2, STYLE_DIM, "wanted");
	canvas_right(canvas, body, 1, col, 11, STYLE_BOLD,
		     format_rate_fit(wanted, 11).text);
	canvas_puts(canvas, body, 1, col + 11, STYLE_DIM,
		    isinf(wanted) ? "" : "/s now");
	canvas_puts(canvas, body, 1, col + 20, STYLE_DIM, "made");
	canvas_right(canvas, body, 1, col + 25, 11, STYLE_BOLD,
		     format_rate_fit(screen->shown_per_s, 11).text);
	canvas_puts(canvas, body, 1, col + 36, STYLE_DIM, "/s");
	if (live->held_back)
		canvas_puts(canvas, body, 1, col + 41, STYLE_PENDING,
			    "held back");
	width = SPARK_SECONDS / ((SPARK_SECONDS + width - 1) / width);
	canvas_puts(canvas, body, 2, 2, STYLE_DIM, "next min");
	draw_next(screen, canvas, body, 2, col, width);
	canvas_puts(canvas, body, 3, 2, STYLE_DIM, "last min");
	draw_made(screen, canvas, body, 3, col, width);
	return 5;
}

/* What goes after the first with a comma in front; returns the next column. */
static int
draw_part(struct canvas *canvas, const struct area *body, int row, int col,
	  bool *first, const char *text)
{
	if (!*first)
		col += canvas_puts(canvas, body, row, col, STYLE_DIM, ", ");
	*first = false;
	return col + canvas_puts(canvas, body, row, col, STYLE_DIM, text);
}

static int
draw_faults(struct canvas *canvas, const struct area *body, int row, int col,
	    bool *first, const struct generator_spec *spec, unsigned field)
{
	char text[64];

	for (unsigned i = 0; i < spec->faults_len; i++) {
		const struct gen_fault *fault = &spec->faults[i];
		int width;

		if (fault->field != field)
			continue;
		snprintf(text, sizeof(text), "%s %s",
			 format_percent(fault->share, 1).text,
			 !fault->value        ? "negated"
			 : fault->value->size ? ""
					      : "empty");
		col = draw_part(canvas, body, row, col, first, text);
		width = body->cols - col - 1;
		if (fault->value && width > 0)
			col += canvas_fit(
			    canvas, body, row, col,
			    width < FAULT_COLS ? width : FAULT_COLS, STYLE_DIM,
			    fault->value->data, fault->value->size);
	}
	return col;
}

/* Whether there is more to say of a field than its controls do. */
static bool
has_note(const struct generator_spec *spec, unsigned field)
{
	const struct gen_field *gen = &spec->fields[field];

	for (unsigned i = 0; i < spec->faults_len; i++)
		if (spec->faults[i].field == field)
			return true;
	return gen->kind == GEN_UUID || gen->from_ms || gen->until_ms;
}

/* The width of names, when those of fields with a note are among them. */
static int
widen(const struct screen *screen, const struct canvas *canvas, int width)
{
	const struct pipeline *p = screen->view->pipeline;

	for (unsigned i = 0; i < p->event.fields_len; i++) {
		const char *name = p->event.fields[i].name;
		int cols = canvas_width(canvas, name, strlen(name));

		if (has_note(&p->generator, i) && cols > width)
			width = cols;
	}
	return width;
}

static void
draw_note(const struct screen *screen, struct canvas *canvas,
	  const struct area *body, int row, int name_width, unsigned field)
{
	const struct pipeline *p = screen->view->pipeline;
	const struct gen_field *gen = &p->generator.fields[field];
	const char *name = p->event.fields[field].name;
	int col = 2 + name_width + 1;
	bool first = true;
	char text[64];

	canvas_fit(canvas, body, row, 2, name_width, STYLE_NORMAL, name,
		   strlen(name));
	if (gen->kind == GEN_UUID)
		col = draw_part(canvas, body, row, col, &first, "uuid");
	if (gen->from_ms) {
		snprintf(text, sizeof(text), "from %s",
			 format_span(gen->from_ms).text);
		col = draw_part(canvas, body, row, col, &first, text);
	}
	if (gen->until_ms) {
		snprintf(text, sizeof(text), "until %s",
			 format_span(gen->until_ms).text);
		col = draw_part(canvas, body, row, col, &first, text);
	}
	draw_faults(canvas, body, row, col, &first, &p->generator, field);
}

/* What the pipeline file says of its fields, in the rows that are left. */
static void
draw_notes(const struct screen *screen, struct canvas *canvas,
	   const struct area *body, int row, int room, int name_width)
{
	const struct pipeline *p = screen->view->pipeline;
	int notes = 0, drawn = 0;

	for (unsigned i = 0; i < p->event.fields_len; i++)
		notes += has_note(&p->generator, i);
	for (unsigned i = 0; i < p->event.fields_len && drawn < room; i++) {
		if (!has_note(&p->generator, i))
			continue;
		if (++drawn == room && notes > room)
			canvas_printf(canvas, body, row++, 2, STYLE_DIM,
				      "and %d more fields", notes - room + 1);
		else
			draw_note(screen, canvas, body, row++, name_width, i);
	}
}

void
page_generator_draw(struct screen *screen, struct canvas *canvas,
		    const struct area *body)
{
	int row, room, from, name_width = 12;
	char name[PIPELINE_NAME_MAX + 16], text[128];
	struct lines lines;

	list_lines(screen, &lines);
	if (screen->generator_line >= lines.len)
		screen->generator_line = lines.len - 1;
	overlay_draw_rule(canvas, body, "generator");
	row = draw_head(screen, canvas, body);
	room = body->rows - row - (row > 1 ? 2 : 0);
	from = screen->generator_line - room + 1;
	if (from < 0)
		from = 0;
	for (int i = 0; i < lines.len; i++) {
		int width;

		say_name(screen, &lines.at[i], name, sizeof(name));
		width = canvas_width(canvas, name, strlen(name));
		if (width > name_width)
			name_width = width;
	}
	name_width = widen(screen, canvas, name_width);
	if (name_width > NAME_MAX_COLS)
		name_width = NAME_MAX_COLS;
	for (int i = from; i < lines.len && i < from + room; i++, row++) {
		bool marked = i == screen->generator_line;
		int col = 2;

		if (marked)
			canvas_puts(canvas, body, row, 0, STYLE_ACCENT, "▸");
		say_name(screen, &lines.at[i], name, sizeof(name));
		canvas_fit(canvas, body, row, col, name_width,
			   marked ? STYLE_ACCENT : STYLE_NORMAL, name,
			   strlen(name));
		col += name_width + 1;
		say_value(screen, &lines.at[i], text, sizeof(text));
		canvas_right(canvas, body, row, col, VALUE_WIDTH, STYLE_BOLD,
			     text);
		col += VALUE_WIDTH + 2;
		say_note(screen, &lines.at[i], text, sizeof(text));
		canvas_fit(canvas, body, row, col, body->cols - col - 1,
			   STYLE_DIM, text, strlen(text));
	}
	/* An empty row in front. */
	room -= lines.len - from + 1;
	draw_notes(screen, canvas, body, row + 1, room, name_width);
	if (from > 0 || room < -1)
		canvas_printf(canvas, body, 0, body->cols - 13, STYLE_NORMAL,
			      " %2d of %2d ", screen->generator_line + 1,
			      lines.len);
	if (body->rows >= 14)
		canvas_puts(canvas, body, body->rows - 1, 2, STYLE_DIM,
			    "↑ ↓ select, ← → change, Enter types a value");
}
