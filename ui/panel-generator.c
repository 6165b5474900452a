/* How events are generated at this moment; the page g changes it. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dashboard.h"
#include "format.h"
#include "panel.h"
#include "rate.h"

#define LABEL 8

static int
generator_rows_wanted(const struct panel *panel)
{
	int rows = 4;

	for (unsigned i = 0; i < PIPELINE_FIELDS_MAX; i++)
		rows +=
		    panel->moment && panel->moment->controls.fields[i].count;
	return rows;
}

static double
wanted(const struct dashboard_live *live)
{
	return live->generating ? rate_wanted(live, 0) : -1;
}

static enum style
generator_headline(const struct panel *panel, int width, char *out, size_t size)
{
	double per_s = panel->moment ? wanted(panel->moment) : -1;

	snprintf(out, size, width >= 24 ? "%s events/s wanted" : "%s/s",
		 format_rate(per_s).text);
	return STYLE_BOLD;
}

static void
say_shape(const struct curve *curve, const struct pipeline *pipeline, char *out,
	  size_t size)
{
	const char *name = curve_kind_name(curve->kind);

	if (curve->kind == CURVE_CONSTANT)
		snprintf(out, size, "%s", name);
	else if (curve->kind == CURVE_SPIKE)
		snprintf(out, size, "%s of %s every %s", name,
			 pipeline->event.fields[curve->field].name,
			 format_span(curve->period_ms).text);
	else
		snprintf(out, size, "%s, %s, from %s", name,
			 format_span(curve->period_ms).text,
			 format_percent(curve->low, 1).text);
}

static void
draw_line(struct canvas *canvas, const struct area *area, int row,
	  const char *label, const char *text)
{
	canvas_puts(canvas, area, row, 2, STYLE_DIM, label);
	canvas_fit(canvas, area, row, 2 + LABEL, area->cols - 3 - LABEL,
		   STYLE_NORMAL, text, strlen(text));
}

static void
generator_draw(struct panel *panel, struct canvas *canvas,
	       const struct area *area)
{
	const struct pipeline *pipeline = panel->view->pipeline;
	const struct dashboard_live *live = panel->moment;
	char text[256];
	int row = 0;

	if (!live || !live->generating) {
		canvas_puts(canvas, area, 0, 2, STYLE_DIM,
			    "this weir generates nothing");
		return;
	}
	snprintf(text, sizeof(text), "%s/s%s",
		 format_rate(live->actual_per_s).text,
		 live->held_back ? ", held back" : "");
	draw_line(canvas, area, row++, "made", text);
	say_shape(&live->controls.curve, pipeline, text, sizeof(text));
	draw_line(canvas, area, row++, "shape", text);
	draw_line(canvas, area, row++, "bad",
		  format_percent(live->controls.bad_share, 1).text);
	for (unsigned i = 0; i < PIPELINE_FIELDS_MAX; i++) {
		const struct controls_field *field = &live->controls.fields[i];

		if (!field->count)
			continue;
		snprintf(text, sizeof(text), "%s: %s values, skew %.2f",
			 pipeline->event.fields[i].name,
			 format_int((int64_t)field->count).text,
			 field->exponent);
		draw_line(canvas, area, row++, "field", text);
	}
}

const struct panel_class panel_generator = {
    .kind = PANEL_GENERATOR,
    .name = "generator",
    .rows_min = 4,
    .rows_wanted = generator_rows_wanted,
    .headline = generator_headline,
    .draw = generator_draw,
};
