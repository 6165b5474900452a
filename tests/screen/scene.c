#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "scene.h"

#define USERS   0
#define ITEMS   1
#define MINUTES 2
#define TYPES   3

static const char *const names[SCENES] = {
    [SCENE_NORMAL] = "normal",   [SCENE_EMPTY] = "empty",
    [SCENE_HOSTILE] = "hostile", [SCENE_HUGE] = "huge",
    [SCENE_ODD] = "odd",         [SCENE_ALERTS] = "alerts",
    [SCENE_STORM] = "storm",
};

/* Each would do something to a terminal that is not careful. */
static const struct {
	const char *data;
	size_t size;
} hostile[] = {
#define TEXT(s)                                                                \
	{                                                                      \
		s, sizeof(s) - 1                                               \
	}
    TEXT("\033[2J\033[1;1Hgone"),
    TEXT("\033]0;title\007"),
    TEXT("a\nb\r\tc\bd"),
    TEXT("nul\0behind"),
    TEXT("\x7f\xc2\x9b"
	 "31mred"),
    TEXT("\xe2\x80\xaegnp.exe"),
    TEXT("\xe2\x80\x8bzero\xe2\x80\x8dwidth\xef\xbb\xbf"),
    TEXT("broken \xff\xfe \xe2\x82 \xf0\x9f\x98 \xed\xa0\x80"),
    TEXT("\xe6\x9d\xb1\xe4\xba\xac\xe9\x83\xbd\xe5\xba\x81\xe8\x88\x8d"),
    TEXT("e\xcc\x81\xcc\x82\xcc\x83\xcc\x84\xcc\x85 marks"),
    TEXT("\xcc\x81 first"),
    TEXT(""),
    TEXT("%s%n%d%1000000d"),
    TEXT("\xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f"
	 "\x91\xa7 family"),
    TEXT("\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d \xd8\xb3\xd9\x84\xd8\xa7\xd9\x85"),
    TEXT("a very long key that goes on and on and on and on and on and on and "
	 "on and on and on and on and on and on and on and on and on and on"),
#undef TEXT
};
#define HOSTILE (sizeof(hostile) / sizeof(hostile[0]))

const char *
scene_name(enum scene scene)
{
	return names[scene];
}

static void
set_name(char *to, const char *name)
{
	snprintf(to, PIPELINE_NAME_MAX, "%s", name);
}

const struct pipeline *
scene_pipeline(void)
{
	static struct pipeline p;
	static char topic[] = "interactions";
	static const char *const fields[] = {"user", "item", "type", "at",
					     "price"};
	static const char *const tables[] = {"users", "items", "item_minute",
					     "types"};
	static const unsigned by[] = {0, 1, 1, 2};

	if (p.name[0])
		return &p;
	set_name(p.name, "interactions");
	p.topic = topic;
	p.partitions = 4;
	p.key_field = 0;
	p.event.fields_len = 5;
	for (int i = 0; i < 5; i++)
		set_name(p.event.fields[i].name, fields[i]);
	p.event.fields[3].type = FIELD_TIME;
	p.event.fields[4].type = FIELD_NUMBER;
	p.event.time_field = 3;
	p.tables_len = 4;
	for (int i = 0; i < 4; i++) {
		struct table_spec *t = &p.tables[i];

		set_name(t->name, tables[i]);
		t->by[0] = by[i];
		t->by_len = 1;
		t->measures_len = 1;
		set_name(t->measures[0].name, "interactions");
		t->measures[0].kind = MEASURE_COUNT;
		t->measures[0].field = -1;
	}
	p.tables[MINUTES].window_ms = 60000;
	p.tables[MINUTES].advance_ms = 60000;
	p.tables[MINUTES].keep_ms = 7200000;
	p.tables[ITEMS].measures_len = 2;
	set_name(p.tables[ITEMS].measures[1].name, "spent");
	p.tables[ITEMS].measures[1].kind = MEASURE_SUM;
	p.tables[ITEMS].measures[1].field = 4;
	p.generator.present = true;
	p.generator.rate = 10000;
	p.generator.curve = curve_default(CURVE_CONSTANT, -1);
	for (int i = 0; i < 5; i++)
		p.generator.fields[i].kind = GEN_CONSTANT;
	p.generator.fields[0] = (struct gen_field){
	    .kind = GEN_ZIPF, .exponent = 1, .count = 100000};
	p.generator.fields[1] = (struct gen_field){
	    .kind = GEN_ZIPF, .exponent = 1.1, .count = 10000};
	p.event.fields[0].max_length = p.event.fields[1].max_length = 64;
	p.panels_len = 4;
	p.panels[0] = (struct panel_spec){PANEL_AVERAGE, USERS, -1};
	p.panels[1] = (struct panel_spec){PANEL_EXTREMES, ITEMS, MINUTES};
	p.panels[2] = (struct panel_spec){PANEL_SHARE, TYPES, -1};
	p.panels[3] = (struct panel_spec){PANEL_SPREAD, USERS, -1};
	return &p;
}

enum { RULE_HOT, RULE_USER, RULE_LAG, RULE_QUIET, RULES };

const struct pipeline *
scene_alerts_pipeline(void)
{
	static struct pipeline p;
	static const struct alert_spec rules[RULES] = {
	    {.name = "hot item",
	     .severity = SEVERITY_CRITICAL,
	     .kind = ALERT_KEYS,
	     .table = MINUTES,
	     .measure = 0},
	    {.name = "busy user",
	     .severity = SEVERITY_WARNING,
	     .kind = ALERT_KEYS,
	     .table = USERS,
	     .measure = 0},
	    {.name = "falling behind",
	     .severity = SEVERITY_WARNING,
	     .kind = ALERT_FLOW,
	     .table = -1,
	     .measure = -1},
	    {.name = "few purchases",
	     .severity = SEVERITY_INFO,
	     .kind = ALERT_KEYS,
	     .table = TYPES,
	     .measure = 0},
	};

	if (p.name[0])
		return &p;
	p = *scene_pipeline();
	p.alerts_len = RULES;
	memcpy(p.alerts, rules, sizeof(rules));
	return &p;
}

static struct view_text
text(struct view *view, const char *s)
{
	return view_copy(view, s, strlen(s));
}

/* A wave with a period of its own for each row. */
static int64_t
wave(int64_t level, int row, int second)
{
	double swing = sin((double)second / (5 + row % 7) + row);

	return level + (int64_t)((double)level * 0.5 * swing);
}

static void
fill_row(struct view *view, struct view_row *row, const char *prefix,
	 int number, int64_t total, int second)
{
	char key[64];
	int64_t level = total / (second > 0 ? second : 1), sum = 0;

	snprintf(key, sizeof(key), "%s%06d", prefix, number);
	row->key = text(view, key);
	row->measures[0] = value_int(total);
	row->measures[1] = value_real((double)total * 1.25);
	row->first = (struct view_position){number % 4, number, "interactions"};
	row->last =
	    (struct view_position){number % 4, 315000 + number, "interactions"};
	for (int i = 0; i < VIEW_SECONDS; i++) {
		int at = second - VIEW_SECONDS + 1 + i;

		row->recent[i] = at > 0 ? wave(level, number, at) : -1;
		if (i >= VIEW_SECONDS - 10 && at > 0)
			sum += row->recent[i];
	}
	row->per_s = second >= 10 ? (double)sum / 10 : -1;
	row->window_min = value_int(level * 58);
	row->window_max = value_int(level * 63);
}

static void
fill_table(struct view *view, int index, const char *prefix, int rows,
	   int64_t keys, int64_t total, int second)
{
	struct view_table *table = &view->tables[index];
	int64_t left = keys;

	table->top = view_alloc(view, sizeof(*table->top) * (size_t)rows);
	table->bottom = view_alloc(view, sizeof(*table->top) * (size_t)rows);
	table->top_len = table->bottom_len = (unsigned)rows;
	for (int i = 0; i < rows; i++) {
		fill_row(view, &table->top[i], prefix, i + 1,
			 total / 8 / (i + 1), second);
		fill_row(view, &table->bottom[i], prefix, (int)keys - i,
			 1 + i / 20, second);
	}
	table->summary.keys = keys;
	table->summary.total = value_int(total);
	table->summary.average = value_real((double)total / (double)keys);
	table->summary.min = value_int(1);
	table->summary.min_keys = 212;
	table->summary.max = table->top[0].measures[0];
	table->summary.min_key = table->bottom[0].key;
	table->summary.max_key = table->top[0].key;
	for (int i = 1; i < 12; i++) {
		int64_t some = i < 11 ? left * 2 / 5 : left;

		table->summary.spread[i] = some;
		left -= some;
	}
}

static void
fill_types(struct view *view, int64_t total, int second)
{
	static const struct {
		const char *name;
		int percent;
	} types[] = {{"view", 70}, {"click", 25}, {"purchase", 5}};
	struct view_table *table = &view->tables[TYPES];

	table->top = view_alloc(view, sizeof(*table->top) * 3);
	table->bottom = view_alloc(view, sizeof(*table->top) * 3);
	table->top_len = table->bottom_len = 3;
	for (int i = 0; i < 3; i++) {
		fill_row(view, &table->top[i], "t", i,
			 total * types[i].percent / 100, second);
		table->top[i].key = text(view, types[i].name);
		table->bottom[2 - i] = table->top[i];
	}
	table->summary.keys = 3;
	table->summary.total = value_int(total);
	table->summary.average = value_real((double)total / 3);
	table->summary.min = table->top[2].measures[0];
	table->summary.min_keys = 1;
	table->summary.min_key = table->top[2].key;
	table->summary.max = table->top[0].measures[0];
	table->summary.max_key = table->top[0].key;
}

static void
fill_flow(struct view *view, int second)
{
	struct ledger *l = &view->ledger;
	int64_t consumed = INT64_C(9500) * second;

	*l = (struct ledger){.produced = consumed + 2404,
			     .acked = consumed + 1203,
			     .unacked = 1201,
			     .consumed = consumed,
			     .valid = consumed - 318,
			     .dead = 318,
			     .late = 17,
			     .lag = 1203};
	view->reasons_len = 3;
	view->reasons = view_alloc(view, sizeof(*view->reasons) * 3);
	view->reasons[0] = (struct view_reason){"not_json", "not JSON", 200};
	view->reasons[1] =
	    (struct view_reason){"missing", "a field is missing", 100};
	view->reasons[2] =
	    (struct view_reason){"out_of_range", "out of range", 18};
	view->dead_len = 40;
	view->dead = view_alloc(view, sizeof(*view->dead) * 40);
	for (int i = 0; i < 40; i++) {
		struct view_dead *dead = &view->dead[i];
		char raw[128];

		snprintf(
		    raw, sizeof(raw),
		    "{\"user\":\"u%06d\",\"item\":null,\"at\":1735689%06d}", i,
		    i);
		dead->reason = i % 3 ? "not JSON" : "a field is missing";
		dead->field = i % 3 ? NULL : "item";
		dead->rule = i % 3 ? NULL : "required";
		dead->position = (struct view_position){
		    i % 4, INT64_C(2000) * second - i * 50, "interactions"};
		dead->seen_ms = view->commit_ms - i * 100;
		dead->raw = text(view, raw);
		dead->raw_size = dead->raw.size;
	}
	view->partitions_len = 4;
	view->partitions = view_alloc(view, sizeof(*view->partitions) * 4);
	for (int i = 0; i < 4; i++)
		view->partitions[i] = (struct view_partition){
		    .id = i,
		    .topic = "interactions",
		    .position = consumed / 4,
		    .end = consumed / 4 + 300 + i,
		    .lag = 300 + i,
		    .newest_ms = view->commit_ms - 20 - i};
	view->history_len =
	    (unsigned)(second < VIEW_HISTORY ? second : VIEW_HISTORY);
	view->history =
	    view_alloc(view, sizeof(*view->history) * (view->history_len + 1));
	for (unsigned i = 0; i < view->history_len; i++) {
		int at = second - (int)view->history_len + 1 + (int)i;

		view->history[i] =
		    (struct view_second){.second = SCENE_START_MS / 1000 + at,
					 .known = at != 95 && at != 96,
					 .consumed = wave(9500, 3, at),
					 .produced = wave(9500, 3, at),
					 .acked = wave(9500, 3, at),
					 .lag = 1203,
					 .commit_us = 4200};
	}
}

static struct view_seen
seen(struct view *view, const char *name, bool known, int64_t events,
     enum view_type type, int second)
{
	struct view_seen field = {
	    .name = text(view, name),
	    .known = known,
	    .events = events,
	    .first = {2, 0, "interactions"},
	    .last = {1, INT64_C(2000) * second, "interactions"},
	};

	field.types[type] = events;
	return field;
}

void
scene_schema(struct view *view, enum scene scene, int second)
{
	int64_t events = view->ledger.consumed - 200, some = events / 3;
	struct view_seen *fields;
	struct view_change *change;

	view->seen_events = events;
	view->seen_len = 6;
	view->seen = fields = view_alloc(view, sizeof(*fields) * 6);
	fields[0] = seen(view, "user", true, events, VIEW_TYPE_STRING, second);
	fields[1] = seen(view, "item", true, events, VIEW_TYPE_STRING, second);
	fields[1].types[VIEW_TYPE_STRING] -= 100;
	fields[1].types[VIEW_TYPE_NULL] = 100;
	fields[2] = seen(view, "type", true, events, VIEW_TYPE_STRING, second);
	fields[3] = seen(view, "at", true, events, VIEW_TYPE_INTEGER, second);
	fields[4] = seen(view, "client", false, some, VIEW_TYPE_OBJECT, second);
	fields[5] = seen(view, "client.device_type", false, some,
			 VIEW_TYPE_STRING, second);
	fields[5].types[VIEW_TYPE_STRING] -= some / 50;
	fields[5].types[VIEW_TYPE_NULL] = some / 50;
	fields[4].first.offset = fields[5].first.offset = 123456;
	view->changes_total = 2;
	view->changes_len = 2;
	view->changes = change = view_alloc(view, sizeof(*change) * 2);
	for (unsigned i = 0; i < 2; i++)
		change[i] = (struct view_change){
		    .kind = VIEW_CHANGE_APPEARED,
		    .field = 5 - i,
		    .type = i ? VIEW_TYPE_OBJECT : VIEW_TYPE_STRING,
		    .position = fields[5].first,
		    .time_ms = view->commit_ms - 60000};
	for (unsigned i = 0; scene == SCENE_HOSTILE && i < view->seen_len; i++)
		fields[i].name = view_copy(view, hostile[i % HOSTILE].data,
					   hostile[i % HOSTILE].size);
}

static void
make_hostile(struct view *view)
{
	for (unsigned t = 0; t < view->tables_len; t++) {
		struct view_table *table = &view->tables[t];

		for (unsigned i = 0; i < table->top_len && i < HOSTILE; i++) {
			table->top[i].key =
			    view_copy(view, hostile[i].data, hostile[i].size);
			table->bottom[table->bottom_len - 1 - i].key =
			    table->top[i].key;
		}
		if (table->top_len)
			table->summary.max_key = table->top[0].key;
	}
	for (unsigned i = 0; i < view->dead_len; i++)
		view->dead[i].raw = view_copy(view, hostile[i % HOSTILE].data,
					      hostile[i % HOSTILE].size);
	snprintf(view->source, sizeof(view->source), "broker\033[31m:9092\n");
	snprintf(view->topic, sizeof(view->topic), "t\xc2\x9b\x07opic");
}

struct scene_alert {
	uint64_t id;
	unsigned rule;
	enum view_alert_state state;
	const char *key;
	int64_t value, limit;
	int ago; /* seconds */
};

static void
put_alert(struct view *view, struct view_alert *to,
	  const struct scene_alert *from)
{
	int64_t since_ms = view->commit_ms - from->ago * INT64_C(1000);
	char message[160];

	*to = (struct view_alert){
	    .id = from->id,
	    .rule = from->rule,
	    .state = from->state,
	    .key = text(view, from->key),
	    .window_ms = from->rule == RULE_HOT ? SCENE_START_MS + 120000 : -1,
	    .value = value_int(from->value),
	    .limit = value_int(from->limit),
	    .since_ms = since_ms,
	    .fired_ms = from->state == VIEW_ALERT_PENDING ? -1 : since_ms,
	};
	snprintf(message, sizeof(message), "%s: %s is at %lld, beyond %lld",
		 view->pipeline->alerts[from->rule].name,
		 *from->key ? from->key : "lag", (long long)from->value,
		 (long long)from->limit);
	to->message = text(view, message);
}

static struct view_alert *
put_alerts(struct view *view, const struct scene_alert *from, unsigned len)
{
	struct view_alert *alerts = view_alloc(view, sizeof(*alerts) * len);

	for (unsigned i = 0; i < len; i++)
		put_alert(view, &alerts[i], &from[i]);
	return alerts;
}

static void
put_rules(struct view *view, const struct view_rule *rules)
{
	view->rules_len = RULES;
	view->rules = view_alloc(view, sizeof(*rules) * RULES);
	memcpy(view->rules, rules, sizeof(*rules) * RULES);
	for (unsigned i = 0; i < RULES; i++)
		view->rules[i].fired_ms =
		    rules[i].fired ? view->commit_ms - rules[i].fired_ms : -1;
}

static void
make_alerts(struct view *view)
{
	static const struct scene_alert alerts[] = {
	    {41, RULE_HOT, VIEW_ALERT_FIRING, "i000007", 5212, 5000, 12},
	    {38, RULE_LAG, VIEW_ALERT_FIRING, "", 12034, 10000, 31},
	    {37, RULE_USER, VIEW_ALERT_FIRING, "u000002", 78968, 75000, 44},
	    {21, RULE_USER, VIEW_ALERT_ACKNOWLEDGED, "u000001", 157937, 75000,
	     90},
	    {42, RULE_HOT, VIEW_ALERT_PENDING, "i000001", 5003, 5000, 2},
	};
	static const struct scene_alert past[] = {
	    {41, RULE_HOT, VIEW_ALERT_FIRING, "i000007", 5043, 5000, 12},
	    {38, RULE_LAG, VIEW_ALERT_FIRING, "", 10400, 10000, 31},
	    {37, RULE_USER, VIEW_ALERT_FIRING, "u000002", 75001, 75000, 44},
	    {36, RULE_HOT, VIEW_ALERT_CLEARED, "i000003", 4444, 5000, 61},
	    {21, RULE_USER, VIEW_ALERT_ACKNOWLEDGED, "u000001", 93120, 75000,
	     90},
	    {36, RULE_HOT, VIEW_ALERT_FIRING, "i000003", 5600, 5000, 95},
	    {21, RULE_USER, VIEW_ALERT_FIRING, "u000001", 75020, 75000, 99},
	};
	/* Fired so long ago. */
	static const struct view_rule rules[RULES] = {
	    {.pending = 1, .firing = 1, .fired = 12, .fired_ms = 12000},
	    {.firing = 1, .acknowledged = 1, .fired = 2, .fired_ms = 44000},
	    {.firing = 1, .fired = 1, .fired_ms = 31000},
	    {.muted = true},
	};

	view->alerts_len = sizeof(alerts) / sizeof(alerts[0]);
	view->alerts = put_alerts(view, alerts, view->alerts_len);
	view->alert_log_len = sizeof(past) / sizeof(past[0]);
	view->alert_log = put_alerts(view, past, view->alert_log_len);
	put_rules(view, rules);
}

/* Of the ten thousand, a view has a hundred. */
static void
make_storm(struct view *view)
{
	static const struct view_rule rules[RULES] = {
	    {.firing = 10000, .fired = 10000},
	    {.firing = 3, .fired = 3, .fired_ms = 5000},
	};

	make_hostile(view);
	view->alerts_len = VIEW_ALERTS;
	view->alerts = view_alloc(view, sizeof(*view->alerts) * VIEW_ALERTS);
	for (unsigned i = 0; i < VIEW_ALERTS; i++) {
		struct scene_alert alert = {.id = 1000 + i,
					    .rule = RULE_HOT,
					    .state = VIEW_ALERT_FIRING,
					    .key = "",
					    .value = 5012 + i,
					    .limit = 5000,
					    .ago = (int)i / 10};

		put_alert(view, &view->alerts[i], &alert);
		view->alerts[i].key = view_copy(view, hostile[i % HOSTILE].data,
						hostile[i % HOSTILE].size);
		view->alerts[i].message = view->alerts[i].key;
	}
	put_rules(view, rules);
}

static void
make_huge(struct view *view)
{
	int64_t big = INT64_MAX;

	view->ledger = (struct ledger){.produced = big,
				       .acked = big,
				       .consumed = big - 5,
				       .valid = big - 9,
				       .dead = 4,
				       .late = big - 9,
				       .lag = 5};
	view->commit = (uint64_t)big;
	view->commit_us = big;
	view->store_bytes = view->memory_bytes = view->memory_limit = big;
	view->started_ms = 1;
	for (unsigned t = 0; t < view->tables_len; t++) {
		struct view_table *table = &view->tables[t];

		table->summary.keys = big;
		table->summary.total = value_int(big);
		table->summary.average = value_real(1.7e308);
		table->summary.max = value_int(big);
		table->summary.min = value_int(INT64_MIN);
		table->summary.min_keys = big;
		table->summary.spread[63] = big;
		for (unsigned i = 0; i < table->top_len; i++) {
			struct view_row *row = &table->top[i];

			row->measures[0] = value_int(big - i);
			row->measures[1] = value_real(i % 2 ? 1e300 : -1e300);
			row->per_s = 1e18;
			row->window_min = value_int(INT64_MIN);
			row->window_max = value_int(big);
			row->recent[VIEW_SECONDS - 1] = big;
			row->last.offset = big;
		}
	}
	for (unsigned i = 0; i < view->partitions_len; i++)
		view->partitions[i] = (struct view_partition){
		    INT_MAX, "huge", VIEW_PARTITION_READ,
		    big,     big,    big,
		    big,     big,    big,
		    big,     NULL};
	for (unsigned i = 0; i < view->history_len; i++)
		view->history[i].consumed = i % 2 ? big : 0;
}

static void
make_odd(struct view *view)
{
	view->balanced = false;
	view->seen_median_ms = view->seen_p99_ms = view->behind_ms = -1;
	view->ledger.lost = 77;
	view->ledger.failed = -3;
	view->ledger.skipped = 12;
	view->ledger.foreign = 5000;
	view->commit_us = -1;
	view->newest_ms = -1;
	view->memory_bytes = -1;
	for (unsigned t = 0; t < view->tables_len; t++) {
		struct view_table *table = &view->tables[t];

		table->summary.total = value_real(-1234.5);
		table->summary.average = value_none();
		table->summary.min = value_real(-0.001);
		table->summary.max = value_real(NAN);
		for (unsigned i = 0; i < table->top_len; i++) {
			struct view_row *row = &table->top[i];

			row->measures[0] = i % 3 == 0   ? value_none()
					   : i % 3 == 1 ? value_int(-5 - (int)i)
							: value_real(-INFINITY);
			row->measures[1] = value_real(NAN);
			row->per_s = -1;
			row->window_min = value_none();
			row->window_max = value_real(0.125);
			row->first.partition = -1;
			for (int s = 0; s < VIEW_SECONDS; s += 2)
				row->recent[s] = -1;
		}
	}
	for (unsigned i = 0; i < view->partitions_len; i++)
		view->partitions[i] =
		    (struct view_partition){.id = (int32_t)i,
					    .topic = "odd",
					    .position = -1,
					    .begin = -1,
					    .end = -1,
					    .lag = -1,
					    .lost = i == 1 ? 77 : 0,
					    .newest_ms = -1};
}

struct view *
scene_view(enum scene scene, int second)
{
	const struct pipeline *pipeline =
	    scene == SCENE_ALERTS || scene == SCENE_STORM
		? scene_alerts_pipeline()
		: scene_pipeline();
	struct view *view = view_new(pipeline);
	int64_t total = INT64_C(9500) * second;

	snprintf(view->source, sizeof(view->source),
		 "embedded broker 127.0.0.1:41733");
	snprintf(view->topic, sizeof(view->topic), "%s", pipeline->topic);
	view->commit = (uint64_t)second * 10 + 1;
	view->started_ms = SCENE_START_MS;
	view->commit_ms = SCENE_START_MS + second * INT64_C(1000);
	view->commit_us = 4200;
	view->store_bytes = INT64_C(41) << 20;
	view->memory_bytes = INT64_C(96) << 20;
	view->memory_limit = INT64_C(256) << 20;
	view->watermark_ms = view->newest_ms = -1;
	view->seen_median_ms = view->seen_p99_ms = view->behind_ms = -1;
	view->balanced = true;
	view->tables_len = pipeline->tables_len;
	view->tables =
	    view_alloc(view, sizeof(*view->tables) * view->tables_len);
	for (unsigned i = 0; i < view->tables_len; i++)
		view->tables[i].spec = &pipeline->tables[i];
	if (scene == SCENE_EMPTY)
		return view;
	view->newest_ms = view->commit_ms - 20;
	view->watermark_ms = view->commit_ms - 520;
	view->seen_median_ms = 180;
	view->seen_p99_ms = 310;
	view->behind_ms = 24;
	fill_table(view, USERS, "u", VIEW_RANKING, 98204, total, second);
	fill_table(view, ITEMS, "i", VIEW_RANKING, 10000, total, second);
	fill_types(view, total, second);
	fill_flow(view, second);
	if (scene == SCENE_HOSTILE)
		make_hostile(view);
	if (scene == SCENE_HUGE)
		make_huge(view);
	if (scene == SCENE_ODD)
		make_odd(view);
	if (scene == SCENE_ALERTS)
		make_alerts(view);
	if (scene == SCENE_STORM)
		make_storm(view);
	return view;
}

static void
forget_rows(struct view_row *rows, unsigned *len)
{
	if (*len > 10)
		*len = 10;
	for (unsigned i = 0; i < *len; i++) {
		for (int s = 0; s < VIEW_SECONDS; s++)
			rows[i].recent[s] = -1;
		rows[i].per_s = -1;
		rows[i].window_min = rows[i].window_max = value_none();
		rows[i].first = rows[i].last =
		    (struct view_position){-1, -1, NULL};
	}
}

struct dashboard_past
scene_past(enum scene scene, int number)
{
	struct view *view = scene_view(scene, number * 10);

	for (unsigned i = 0; i < view->tables_len; i++) {
		struct view_table *table = &view->tables[i];

		forget_rows(table->top, &table->top_len);
		forget_rows(table->bottom, &table->bottom_len);
		for (int j = 0; j < VIEW_SPREAD; j++)
			table->summary.spread[j] = -1;
	}
	view->history_len = 0;
	view->alerts_len = view->alert_log_len = view->rules_len = 0;
	view->newest_ms = view->store_bytes = view->memory_bytes =
	    view->memory_limit = view->commit_us = -1;
	return (struct dashboard_past){view, number, view->commit_ms + 300,
				       number, 31};
}

static void
add_line(struct log_lines *log, enum log_level level, unsigned times,
	 const char *said)
{
	struct log_line *line = &log->at[log->len++];

	line->number = LOG_LINES - log->len;
	line->time_ms = SCENE_START_MS + 133000 - log->len * 7000;
	line->level = level;
	line->times = times;
	snprintf(line->text, sizeof(line->text), "%s", said);
}

const struct log_lines *
scene_log(enum scene scene)
{
	static struct log_lines log;

	log.version = (uint64_t)scene + 1;
	log.len = 0;
	if (scene == SCENE_EMPTY)
		return &log;
	for (size_t i = 0; scene == SCENE_HOSTILE && i < HOSTILE; i++)
		add_line(&log, LEVEL_WARNING, 1, hostile[i].data);
	if (scene == SCENE_HUGE)
		while (log.len < LOG_LINES)
			add_line(&log, LEVEL_ERROR, UINT32_MAX,
				 "127.0.0.1:41733/1: Connect to "
				 "ipv4#127.0.0.1:41733 failed: Connection "
				 "refused (after 0ms in state CONNECT, 30 "
				 "identical error(s) suppressed)");
	if (log.len > 0)
		return &log;
	add_line(&log, LEVEL_NOTE, 1, "snapshot 31 of commit 1331");
	add_line(&log, LEVEL_NOTE, 1, "that is over: no broker can be reached");
	add_line(&log, LEVEL_WARNING, 12,
		 "kafka: GroupCoordinator: 127.0.0.1:41733: Disconnected "
		 "(after 60012ms in state UP)");
	add_line(&log, LEVEL_ERROR, 1, "no broker can be reached");
	add_line(&log, LEVEL_DEBUG, 1, "kafka: Metadata for 1 topic(s)");
	add_line(&log, LEVEL_NOTE, 1,
		 "pipeline interactions, embedded broker 127.0.0.1:41733, "
		 "topic interactions, commit 1");
	return &log;
}

struct dashboard_live
scene_live(enum scene scene)
{
	struct dashboard_live live = {.generating = true, .actual_per_s = 9487};

	controls_init(&live.controls, scene_pipeline());
	live.controls.per_s = 10000;
	if (scene == SCENE_EMPTY)
		live.actual_per_s = -1;
	if (scene == SCENE_HOSTILE)
		snprintf(live.message, sizeof(live.message),
			 "broker said \033[5m\xc2\x9b"
			 "0m \"no\"\n at once");
	if (scene == SCENE_HUGE) {
		live.controls.per_s = INFINITY;
		live.actual_per_s = 1e18;
		live.held_back = true;
	}
	if (scene == SCENE_ODD) {
		live.generating = false;
		live.disconnected = true;
	}
	return live;
}

const char *
scene_check(const struct canvas *canvas)
{
	static char problem[96];
	const char *what = NULL;

	for (int i = 0; i < canvas->rows * canvas->cols && !what; i++) {
		int row = i / canvas->cols, col = i % canvas->cols;
		const struct cell *cell = canvas_cell(canvas, row, col);

		for (int j = 0; j <= CANVAS_MARKS; j++) {
			uint32_t c = cell->text[j];

			if (c == 0 && (j > 0 || cell->width == 0))
				continue;
			if (c < 0x20 || (c >= 0x7f && c < 0xa0))
				what = "a control character";
			if ((c >= 0x200b && c <= 0x200f) ||
			    (c >= 0x2028 && c <= 0x202e) ||
			    (c >= 0x2060 && c <= 0x206f) || c == 0xfeff)
				what = "a hidden character";
			if (c >= 0xd800 && c < 0xe000)
				what = "a surrogate";
			if (c > 0x10ffff)
				what = "no character";
			if (canvas->ascii && c >= 0x7f)
				what = "beyond ASCII";
		}
		if (cell->width > 2 || cell->style >= STYLES)
			what = "no cell";
		if (cell->width == 2 &&
		    (col + 1 == canvas->cols || cell[1].width != 0))
			what = "half a wide character";
		if (cell->width == 0 && (col == 0 || cell[-1].width != 2))
			what = "a right half alone";
		if (what)
			snprintf(problem, sizeof(problem),
				 "%s in row %d, column %d", what, row, col);
	}
	return what ? problem : NULL;
}
