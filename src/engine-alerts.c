/*
 * Alerts between the store, which judges them in each commit, the people who
 * acknowledge them, and those who are told.
 */
#include <string.h>

#include "alert/command.h"
#include "alert/deliver.h"
#include "alert/desktop.h"
#include "engine-state.h"
#include "kafka/sender.h"

#define DRAIN_MS 3000

/* ---- Commands ---- */

/* When too many wait, the newest is dropped: the store is stuck anyway. */
static void
command(struct engine *engine, const struct alert_command *what)
{
	pthread_mutex_lock(&engine->lock);
	if (engine->commands_len < ENGINE_COMMANDS)
		engine->commands[engine->commands_len++] = *what;
	pthread_mutex_unlock(&engine->lock);
	atomic_store(&engine->commanded, true);
}

void
engine_acknowledge(struct engine *engine, uint64_t id)
{
	command(engine,
		&(struct alert_command){.kind = ALERT_ACKNOWLEDGE, .id = id});
}

void
engine_mute(struct engine *engine, unsigned rule, bool muted)
{
	command(engine,
		&(struct alert_command){
		    .kind = muted ? ALERT_MUTE : ALERT_UNMUTE, .rule = rule});
}

/* ---- Targets ---- */

static int
send_record(void *ctx, const struct notice *notice, const _Atomic bool *hurry,
	    struct err *err)
{
	return sender_send(ctx, notice->rule.data, notice->rule.size,
			   notice->record.data, notice->record.size, hurry,
			   err);
}

static void
free_sender(void *ctx)
{
	sender_free(ctx);
}

static int
add_topic(struct engine *engine, struct err *err)
{
	const struct engine_options *o = &engine->options;
	struct delivery_target target = {
	    .name = "their topic", .send = send_record, .free = free_sender};
	struct sender *sender;
	int rc;

	if (assignment_means(engine->assignment, o->alerts_topic) ||
	    (o->dead_letters && strcmp(o->dead_letters, o->alerts_topic) == 0))
		return err_set(err, WEIR_USAGE, 0,
			       "the topic of alerts, %s, is one of those that "
			       "are watched, or that of dead letters; give "
			       "another --alerts-topic",
			       o->alerts_topic);
	if (engine->embedded)
		rc = embedded_topic(engine->embedded, o->alerts_topic, 1, err);
	else
		rc = kafka_topic_create(&o->kafka, o->alerts_topic, 1, 0, err);
	if (rc == 0)
		rc = sender_new(&o->kafka, o->alerts_topic, &sender, err);
	if (rc)
		return rc;
	target.ctx = sender;
	return delivery_add(engine->delivery, &target, err);
}

/* What an earlier run could not tell. */
static int
tell_again(struct engine *engine, struct err *err)
{
	struct notices notices = NOTICES_INIT;
	int rc = store_undelivered(engine->store, &notices, err);

	for (size_t i = 0; rc == 0 && i < notices.len; i++)
		delivery_push(engine->delivery, &notices.items[i]);
	notices_release(&notices);
	return rc;
}

int
engine_open_delivery(struct engine *engine, struct err *err)
{
	const struct engine_options *o = &engine->options;
	struct delivery_target target;
	int rc = 0;

	engine->delivery = delivery_new();
	if (o->alerts_topic)
		rc = add_topic(engine, err);
	if (rc == 0 && o->on_alert) {
		rc = command_target(o->on_alert, &target, err);
		if (rc == 0)
			rc = delivery_add(engine->delivery, &target, err);
	}
	if (rc == 0 && o->notify) {
		rc = desktop_target(&target, err);
		if (rc == 0)
			rc = delivery_add(engine->delivery, &target, err);
	}
	if (rc == 0 && delivery_has_targets(engine->delivery))
		rc = tell_again(engine, err);
	return rc;
}

/* ---- In a commit ---- */

void
engine_before_commit(struct engine *engine, struct store_commit *commit,
		     struct notices *notices)
{
	pthread_mutex_lock(&engine->lock);
	engine->taken_len = engine->commands_len;
	memcpy(engine->taken, engine->commands,
	       engine->taken_len * sizeof(engine->taken[0]));
	pthread_mutex_unlock(&engine->lock);
	commit->commands = engine->taken;
	commit->commands_len = engine->taken_len;
	if (engine->delivery && delivery_has_targets(engine->delivery)) {
		commit->notices = notices;
		commit->delivered = delivery_done(engine->delivery);
	}
}

void
engine_after_commit(struct engine *engine, const struct notices *notices)
{
	pthread_mutex_lock(&engine->lock);
	engine->commands_len -= engine->taken_len;
	memmove(engine->commands, &engine->commands[engine->taken_len],
		engine->commands_len * sizeof(engine->commands[0]));
	atomic_store(&engine->commanded, engine->commands_len > 0);
	pthread_mutex_unlock(&engine->lock);
	/* Only what is stored is told. */
	for (size_t i = 0; i < notices->len; i++)
		delivery_push(engine->delivery, &notices->items[i]);
}

int
engine_end_delivery(struct engine *engine, struct err *err)
{
	int rc = 0;

	if (engine->delivery && delivery_has_targets(engine->delivery)) {
		delivery_drain(engine->delivery, DRAIN_MS);
		rc = store_delivered(engine->store,
				     delivery_done(engine->delivery), err);
	}
	return rc;
}
