#include "aggregate/distinct.h"
#include "aggregate/window.h"
#include "base/json.h"
#include "report.h"

static void
add_ledger(struct json_node *to, const struct view *view)
{
	const struct ledger *l = &view->ledger;
	const struct {
		const char *key;
		int64_t count;
	} counts[] = {
	    {"produced", l->produced}, {"acked", l->acked},
	    {"unacked", l->unacked},   {"failed", l->failed},
	    {"foreign", l->foreign},   {"consumed", l->consumed},
	    {"valid", l->valid},       {"dead", l->dead},
	    {"late", l->late},         {"lag", l->lag},
	    {"lost", l->lost},         {"skipped", l->skipped},
	};
	struct json_node *ledger = json_add_object(to, "ledger"), *reasons;

	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++)
		json_add_int(ledger, counts[i].key, counts[i].count);
	reasons = json_add_object(ledger, "dead_by_reason");
	for (unsigned i = 0; i < view->reasons_len; i++)
		json_add_int(reasons, view->reasons[i].name,
			     view->reasons[i].count);
	json_add_bool(ledger, "balanced", view->balanced);
}

/* What goes on apart from what is over. */
static void
add_offsets(struct json_node *to, const struct view *view)
{
	struct json_node *offsets = json_add_array(to, "offsets");
	struct json_node *ended = json_add_array(to, "offsets_ended");

	for (unsigned i = 0; i < view->partitions_len; i++) {
		const struct view_partition *p = &view->partitions[i];
		struct json_node *entry = json_add_object(
		    p->state == VIEW_PARTITION_ENDED ? ended : offsets, NULL);

		json_add_string(entry, "topic", p->topic);
		json_add_int(entry, "partition", p->id);
		json_add_string(entry, "state",
				view_partition_state_name(p->state));
		json_add_int(entry, "begin", p->begin);
		json_add_int(entry, "next", p->position);
		json_add_int(entry, "end", p->end);
		json_add_int(entry, "lost", p->lost);
		json_add_int(entry, "skipped", p->skipped);
		if (p->store)
			json_add_string(entry, "store", p->store);
	}
}

static void
add_overlaps(struct json_node *to, const struct view *view)
{
	struct json_node *overlaps = json_add_array(to, "overlaps");

	for (unsigned i = 0; i < view->overlaps_len; i++) {
		const struct view_overlap *o = &view->overlaps[i];
		struct json_node *entry = json_add_object(overlaps, NULL);
		struct json_node *stores;

		json_add_string(entry, "topic", o->topic);
		json_add_int(entry, "partition", o->partition);
		json_add_int(entry, "begin", o->begin);
		json_add_int(entry, "end", o->end);
		stores = json_add_array(entry, "stores");
		for (unsigned j = 0; j < o->stores_len; j++)
			json_add_string(stores, NULL, o->stores[j]);
		json_add_int(entry, "events", o->events);
	}
}

static void
add_summary(struct json_node *to, const struct view_summary *summary)
{
	struct json_node *end;

	json_add_int(to, "keys", summary->keys);
	json_add_value(to, "total", summary->total);
	json_add_value(to, "average", summary->average);
	end = json_add_object(to, "min");
	json_add_value(end, "value", summary->min);
	json_add_int(end, "keys", summary->min_keys);
	json_add_text(end, "example",
		      summary->min_key.data ? summary->min_key.data : "",
		      summary->min_key.size);
	end = json_add_object(to, "max");
	json_add_value(end, "value", summary->max);
	json_add_text(end, "key",
		      summary->max_key.data ? summary->max_key.data : "",
		      summary->max_key.size);
}

/* span_ms: of the rows' window; 0: the table has none. */
static void
add_top(struct json_node *to, const char *key, const struct table_spec *spec,
	int64_t span_ms, const struct view_row *rows, unsigned len)
{
	struct json_node *top = json_add_array(to, key);

	for (unsigned i = 0; i < len && i < REPORT_TOP; i++) {
		struct json_node *entry = json_add_object(top, NULL);

		json_add_text(entry, "key", rows[i].key.data, rows[i].key.size);
		for (unsigned m = 0; m < spec->measures_len; m++)
			json_add_value(entry, spec->measures[m].name,
				       rows[i].measures[m]);
		if (spec->average_ms)
			json_add_value(
			    entry, "rolling_average",
			    window_average(rows[i].measures[spec->rank],
					   span_ms, spec));
	}
}

static void
add_windows(struct json_node *to, const struct view_table *table)
{
	struct json_node *windows;

	json_add_int(to, "window_ms", table->spec->window_ms);
	json_add_int(to, "advance_ms", table->spec->advance_ms);
	if (table->spec->average_ms)
		json_add_int(to, "average_ms", table->spec->average_ms);
	json_add_int(to, "late", table->late);
	windows = json_add_array(to, "windows");
	/* Oldest first: as time goes. */
	for (unsigned i = table->windows_len; i-- > 0;) {
		const struct view_window *window = &table->windows[i];
		struct json_node *entry = json_add_object(windows, NULL);

		json_add_int(entry, "start_ms", window->start_ms);
		json_add_int(entry, "end_ms", window->end_ms);
		json_add_int(entry, "span_ms", window->span_ms);
		json_add_bool(entry, "complete", window->complete);
		add_summary(entry, &window->summary);
		add_top(entry, "top", table->spec, window->span_ms, window->top,
			window->top_len);
	}
}

/* Of the measures that are approximate. */
static void
add_errors(struct json_node *to, const struct table_spec *spec)
{
	struct json_node *errors = NULL;

	for (unsigned i = 0; i < spec->measures_len; i++) {
		double error = distinct_error(&spec->measures[i]);

		if (error == 0)
			continue;
		if (!errors)
			errors = json_add_object(to, "standard_error");
		json_add_value(errors, spec->measures[i].name,
			       value_real(error));
	}
}

static void
add_tables(struct json_node *to, const struct view *view)
{
	struct json_node *tables = json_add_object(to, "tables");

	for (unsigned i = 0; i < view->tables_len; i++) {
		const struct view_table *table = &view->tables[i];
		struct json_node *entry =
		    json_add_object(tables, table->spec->name);

		add_errors(entry, table->spec);
		if (table->spec->window_ms) {
			add_windows(entry, table);
			continue;
		}
		add_summary(entry, &table->summary);
		add_top(entry, "top", table->spec, 0, table->top,
			table->top_len);
		add_top(entry, "bottom", table->spec, 0, table->bottom,
			table->bottom_len);
	}
}

static void
add_time(struct json_node *to, const char *key, int64_t ms)
{
	if (ms < 0)
		json_add_null(to, key);
	else
		json_add_int(to, key, ms);
}

static void
add_alerts(struct json_node *to, const char *key, const struct view *view,
	   const struct view_alert *alerts, unsigned len)
{
	struct json_node *list = json_add_array(to, key);

	for (unsigned i = 0; i < len; i++) {
		const struct view_alert *a = &alerts[i];
		const struct alert_spec *spec =
		    &view->pipeline->alerts[a->rule];
		struct json_node *entry = json_add_object(list, NULL);

		json_add_string(entry, "name", spec->name);
		json_add_string(entry, "severity",
				alert_severity_name(spec->severity));
		json_add_string(entry, "state",
				view_alert_state_name(a->state));
		json_add_int(entry, "id", (int64_t)a->id);
		json_add_text(entry, "key", a->key.data, a->key.size);
		add_time(entry, "window_start_ms", a->window_ms);
		json_add_value(entry, "value", a->value);
		json_add_value(entry, "limit", a->limit);
		json_add_text(entry, "message", a->message.data,
			      a->message.size);
		add_time(entry, "since_ms", a->since_ms);
		add_time(entry, "fired_ms", a->fired_ms);
		add_time(entry, "time_ms", a->at_ms);
	}
}

static void
add_rules(struct json_node *to, const struct view *view)
{
	struct json_node *rules = json_add_array(to, "alert_rules");

	for (unsigned i = 0; i < view->rules_len; i++) {
		const struct view_rule *rule = &view->rules[i];
		const struct alert_spec *spec = &view->pipeline->alerts[i];
		struct json_node *entry = json_add_object(rules, NULL);

		json_add_string(entry, "name", spec->name);
		json_add_string(entry, "severity",
				alert_severity_name(spec->severity));
		json_add_int(entry, "pending", rule->pending);
		json_add_int(entry, "firing", rule->firing);
		json_add_int(entry, "acknowledged", rule->acknowledged);
		json_add_int(entry, "fired", rule->fired);
		add_time(entry, "fired_ms", rule->fired_ms);
		json_add_int(entry, "beyond", rule->beyond);
		json_add_bool(entry, "muted", rule->muted);
	}
}

static void
add_outputs(struct json_node *to, const struct view *view)
{
	struct json_node *list = json_add_array(to, "outputs");

	for (unsigned i = 0; i < view->outputs_len; i++) {
		struct json_node *entry = json_add_object(list, NULL);

		json_add_string(entry, "topic",
				view->pipeline->outputs[i].topic);
		json_add_int(entry, "records", view->outputs[i].records);
	}
}

/* Over this run, by the clock. */
static void
add_rates(struct json_node *to, const struct view *view)
{
	struct json_node *rates = json_add_object(to, "rates");
	int64_t peak = -1;

	for (unsigned i = 0; i < view->history_len; i++)
		if (view->history[i].known &&
		    view->history[i].second >= view->started_ms / 1000 &&
		    view->history[i].consumed > peak)
			peak = view->history[i].consumed;
	json_add_double(rates, "seconds",
			(double)(view->commit_ms - view->started_ms) / 1000);
	if (peak >= 0)
		json_add_int(rates, "consumed_per_s_peak", peak);
	else
		json_add_null(rates, "consumed_per_s_peak");
}

static void
add_known(struct json_node *to, const char *key, int64_t number)
{
	if (number < 0)
		json_add_null(to, key);
	else
		json_add_int(to, key, number);
}

static void
add_latency(struct json_node *to, const struct view *view)
{
	struct json_node *latency = json_add_object(to, "latency");

	add_known(latency, "seen_median_ms", view->seen_median_ms);
	add_known(latency, "seen_p99_ms", view->seen_p99_ms);
	add_known(latency, "behind_ms", view->behind_ms);
}

/* Null when it is not known. */
static void
add_position(struct json_node *to, const char *key,
	     const struct view_position *position)
{
	struct json_node *entry;

	if (!position->topic) {
		json_add_null(to, key);
		return;
	}
	entry = json_add_object(to, key);
	json_add_string(entry, "topic", position->topic);
	json_add_int(entry, "partition", position->partition);
	json_add_int(entry, "offset", position->offset);
}

static void
add_changes(struct json_node *to, const struct view *view)
{
	struct json_node *changes = json_add_array(to, "changes");

	for (unsigned i = 0; i < view->changes_len; i++) {
		const struct view_change *change = &view->changes[i];
		const struct view_seen *field = &view->seen[change->field];
		struct json_node *entry = json_add_object(changes, NULL);

		json_add_string(entry, "change",
				view_change_kind_name(change->kind));
		json_add_text(entry, "name", field->name.data,
			      field->name.size);
		if (change->kind == VIEW_CHANGE_VANISHED)
			json_add_null(entry, "type");
		else
			json_add_string(entry, "type",
					view_type_name(change->type));
		add_position(entry, "position", &change->position);
		json_add_int(entry, "clock_ms", change->time_ms);
	}
}

static void
add_schema(struct json_node *to, const struct view *view)
{
	struct json_node *schema = json_add_object(to, "schema"), *fields;

	json_add_int(schema, "events", view->seen_events);
	json_add_int(schema, "beyond", view->seen_beyond);
	json_add_int(schema, "changes_total", view->changes_total);
	add_changes(schema, view);
	fields = json_add_array(schema, "fields");
	for (unsigned i = 0; i < view->seen_len; i++) {
		const struct view_seen *field = &view->seen[i];
		struct json_node *entry = json_add_object(fields, NULL);
		struct json_node *types;

		json_add_text(entry, "name", field->name.data,
			      field->name.size);
		json_add_bool(entry, "known", field->known);
		json_add_int(entry, "events", field->events);
		types = json_add_object(entry, "types");
		for (unsigned t = 0; t < VIEW_TYPES; t++)
			if (field->types[t] > 0)
				json_add_int(types, view_type_name(t),
					     field->types[t]);
		add_position(entry, "first", &field->first);
		add_position(entry, "last", &field->last);
	}
}

void
report_print(const struct view *view, struct buf *out)
{
	struct json_node *report = json_new_object(), *source;

	json_add_string(report, "pipeline", view->pipeline->name);
	source = json_add_object(report, "source");
	json_add_string(source, "label", view->source);
	json_add_string(source, "topic", view->topic);
	json_add_int(report, "commit", (int64_t)view->commit);
	json_add_int(report, "commit_ms", view->commit_ms);
	add_known(report, "watermark_ms", view->watermark_ms);
	add_ledger(report, view);
	add_offsets(report, view);
	add_overlaps(report, view);
	add_tables(report, view);
	add_schema(report, view);
	add_alerts(report, "alerts", view, view->alerts, view->alerts_len);
	add_rules(report, view);
	add_alerts(report, "alert_log", view, view->alert_log,
		   view->alert_log_len);
	add_outputs(report, view);
	add_rates(report, view);
	add_latency(report, view);
	json_print(report, true, out);
	buf_add_str(out, "\n");
	json_node_free(report);
}
