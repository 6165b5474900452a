#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "alert/desktop.h"

#ifdef HAVE_LIBNOTIFY

#include <libnotify/notify.h>

#include "base/alloc.h"

#define TITLE_MAX 100 /* bytes; more than fits on any screen */
#define BODY_MAX  1000

/* A rule's notification is replaced, not followed by a second one. */
struct desktop {
	struct shown {
		char *rule;
		NotifyNotification *notification;
	} shown[PIPELINE_ALERTS_MAX];
	unsigned len;
};

static struct shown *
find(struct desktop *desktop, const char *rule)
{
	for (unsigned i = 0; i < desktop->len; i++)
		if (strcmp(desktop->shown[i].rule, rule) == 0)
			return &desktop->shown[i];
	return NULL;
}

static NotifyNotification *
show_new(struct desktop *desktop, const char *rule)
{
	NotifyNotification *made = notify_notification_new("", NULL, NULL);
	struct shown *shown;

	/* Rules of an earlier run may be told again, besides. */
	if (desktop->len == PIPELINE_ALERTS_MAX) {
		free(desktop->shown[0].rule);
		g_object_unref(desktop->shown[0].notification);
		desktop->shown[0] = desktop->shown[--desktop->len];
	}
	shown = &desktop->shown[desktop->len++];
	shown->rule = xstrdup(rule);
	shown->notification = made;
	return made;
}

static int
refused(GError *error, struct err *err)
{
	err_set(err, WEIR_SYSTEM, error ? error->code : 0,
		"the desktop takes no notification: %.300s",
		error ? error->message : "no reason given");
	if (error)
		g_error_free(error);
	return WEIR_SYSTEM;
}

static int
send(void *ctx, const struct notice *notice, const _Atomic bool *hurry,
     struct err *err)
{
	static const NotifyUrgency urgencies[] = {
	    [SEVERITY_INFO] = NOTIFY_URGENCY_LOW,
	    [SEVERITY_WARNING] = NOTIFY_URGENCY_NORMAL,
	    [SEVERITY_CRITICAL] = NOTIFY_URGENCY_CRITICAL,
	};
	struct desktop *desktop = ctx;
	struct shown *shown;
	NotifyNotification *to;
	struct buf title = BUF_INIT, body = BUF_INIT;
	GError *error = NULL;
	gboolean done;

	(void)hurry;
	if (!notify_is_initted() && !notify_init("weir"))
		return refused(NULL, err);
	shown = find(desktop, notice->rule.data);
	if (notice->cleared) {
		/* Gone already, or closed by hand: it is not there any more. */
		if (shown && notice->over)
			notify_notification_close(shown->notification, NULL);
		return 0;
	}
	to = shown ? shown->notification : show_new(desktop, notice->rule.data);
	/* The title is no markup, but daemons differ. */
	notice_markup(notice->rule.data, notice->rule.size, TITLE_MAX, &title);
	notice_markup(notice->message.data, notice->message.size, BODY_MAX,
		      &body);
	notify_notification_update(to, title.data, body.data, NULL);
	notify_notification_set_urgency(to, urgencies[notice->severity]);
	done = notify_notification_show(to, &error);
	buf_release(&title);
	buf_release(&body);
	return done ? 0 : refused(error, err);
}

static void
free_desktop(void *ctx)
{
	struct desktop *desktop = ctx;

	for (unsigned i = 0; i < desktop->len; i++) {
		free(desktop->shown[i].rule);
		g_object_unref(desktop->shown[i].notification);
	}
	if (notify_is_initted())
		notify_uninit();
	free(desktop);
}

int
desktop_target(struct delivery_target *out, struct err *err)
{
	(void)err;
	*out =
	    (struct delivery_target){.name = "the desktop",
				     .ctx = xcalloc(1, sizeof(struct desktop)),
				     .send = send,
				     .free = free_desktop};
	return 0;
}

#else

int
desktop_target(struct delivery_target *out, struct err *err)
{
	(void)out;
	return err_set(err, WEIR_USAGE, 0,
		       "this weir was built without libnotify: there is no "
		       "--notify");
}

#endif
