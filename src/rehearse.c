#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "aggregate/key.h"
#include "alert/alert.h"
#include "base/alloc.h"
#include "base/utf8.h"
#include "rehearse.h"

#define SHOWN 20 /* changes of a rule, oldest first */

struct rehearsal {
	const struct pipeline *p;
	struct rule {
		int64_t fired;
		struct buf lines;
		unsigned shown;
		int64_t left; /* changes that are not shown */
	} rules[PIPELINE_ALERTS_MAX];
};

/* One line, whatever is in it: this goes to a terminal. */
static void
add_plain(struct buf *out, const char *text, size_t size)
{
	const char *at = text, *end = text + size;

	while (at < end) {
		unsigned char c = (unsigned char)*at;
		unsigned step = utf8_size(at, end);

		if (step == 0 || c < 0x20 || c == 0x7f ||
		    (c == 0xc2 && (unsigned char)at[1] < 0xa0))
			buf_add_str(out, "?");
		else
			buf_add(out, at, step);
		at += step ? step : 1;
	}
}

static void
on_change(void *ctx, const struct alert_change *change)
{
	struct rehearsal *r = ctx;
	struct rule *rule = &r->rules[change->rule];
	const struct alert_spec *spec = &r->p->alerts[change->rule];
	bool fires = change->state == ALERT_FIRING;
	struct buf key = BUF_INIT;

	rule->fired += fires;
	if (rule->shown == SHOWN) {
		rule->left++;
		return;
	}
	rule->shown++;
	buf_add_str(&rule->lines, "  ");
	if (change->at_ms == ALERT_NO_TIME)
		buf_addf(&rule->lines, "%-19s", "");
	else
		alert_time(change->at_ms, &rule->lines);
	buf_addf(&rule->lines, "  %-7s  ", fires ? "fires" : "clears");
	alert_value(change->value, &rule->lines);
	if (fires) {
		buf_addf(&rule->lines, " %s ", spec->below ? "<" : ">");
		alert_value(change->limit, &rule->lines);
	}
	if (change->key_size) {
		key_text(r->p, &r->p->tables[spec->table],
			 (struct text){change->key, change->key_size}, &key);
		buf_add_str(&rule->lines, "  ");
		add_plain(&rule->lines, key.data, key.size);
		buf_release(&key);
	}
	buf_add_str(&rule->lines, "\n");
}

/* What the rule could be tried on. */
static const char *
basis(const struct pipeline *p, const struct alert_spec *spec)
{
	if (spec->table < 0)
		return "the last minutes, second by second";
	return p->tables[spec->table].window_ms
		   ? "the windows that are kept"
		   : "what holds now; how it came to be is not kept";
}

static void
print_rule(const struct rehearsal *r, unsigned i, int width, struct buf *out)
{
	const struct alert_spec *spec = &r->p->alerts[i];
	const struct rule *rule = &r->rules[i];

	buf_addf(out, "%s%*s  %8s  %6" PRId64 "  (%s)\n", spec->name,
		 width - (int)strlen(spec->name), "",
		 alert_severity_name(spec->severity), rule->fired,
		 basis(r->p, spec));
	if (rule->lines.size)
		buf_add(out, rule->lines.data, rule->lines.size);
	if (rule->left)
		buf_addf(out, "  and %" PRId64 " more\n", rule->left);
}

int
rehearse(struct store *store, const struct pipeline *p, struct buf *out,
	 int64_t *fired, struct err *err)
{
	struct rehearsal *r = xcalloc(1, sizeof(*r));
	struct alerts *alerts = alerts_new(p);
	struct store_state state;
	int width = 4;
	int rc;

	r->p = p;
	*fired = 0;
	alerts->on_change = on_change;
	alerts->on_change_ctx = r;
	rc = store_try_alerts(store, alerts, &state, err);
	if (rc)
		goto done;
	for (unsigned i = 0; i < p->alerts_len; i++)
		if (width < (int)strlen(p->alerts[i].name))
			width = (int)strlen(p->alerts[i].name);
	if (p->alerts_len)
		buf_addf(out, "%-*s  %8s  %6s\n", width, "rule", "severity",
			 "fired");
	else
		buf_addf(out, "the pipeline %s has no alerts\n", p->name);
	for (unsigned i = 0; i < p->alerts_len; i++) {
		print_rule(r, i, width, out);
		*fired += r->rules[i].fired;
	}
done:
	for (unsigned i = 0; i < p->alerts_len; i++)
		buf_release(&r->rules[i].lines);
	alerts_free(alerts);
	free(r);
	return rc;
}
