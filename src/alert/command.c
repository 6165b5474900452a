#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "alert/alert.h"
#include "alert/command.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "base/json.h"

#define WORDS_MAX 64
#define STEP_MS   100 /* between two looks at whether to hurry */

struct command {
	char *text; /* the words, each with a NUL behind it */
	char *argv[WORDS_MAX + 1];
};

/* ---- The environment ---- */

struct variables {
	char **items; /* NULL-terminated when finished */
	size_t len, room;
};

static void
add_item(struct variables *to, char *item)
{
	if (to->len == to->room) {
		to->room = to->room ? to->room * 2 : 64;
		to->items = xrealloc(to->items, to->room * sizeof(char *));
	}
	to->items[to->len++] = item;
}

static void
add_text(struct variables *to, const char *name, const char *text, size_t size)
{
	struct buf item = BUF_INIT;

	buf_addf(&item, "WEIR_ALERT_%s=", name);
	notice_variable(text, size, &item);
	add_item(to, item.data);
}

static void
add_int(struct variables *to, const char *name, int64_t i)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRId64, i);
	add_text(to, name, text, strlen(text));
}

/* As in a report: digits for programs, not for people. */
static void
add_value(struct variables *to, const char *name, struct value value)
{
	struct buf text = BUF_INIT;

	if (value.kind == VALUE_INT)
		buf_addf(&text, "%" PRId64, value.i);
	else if (value.kind == VALUE_REAL)
		json_number(&text, value.d);
	else
		buf_add_str(&text, "");
	add_text(to, name, text.data, text.size);
	buf_release(&text);
}

static void
add_buf(struct variables *to, const char *name, const struct buf *text)
{
	add_text(to, name, text->data ? text->data : "", text->size);
}

static void
fill(struct variables *to, const struct notice *n)
{
	static const char *const hidden[] = {"WEIR_ALERT_", "WEIR_KAFKA_"};
	const char *state = notice_state(n);
	const char *severity = alert_severity_name(n->severity);

	for (char **at = environ; at && *at; at++) {
		bool hide = false;

		for (size_t i = 0; i < sizeof(hidden) / sizeof(*hidden); i++)
			hide |= strncmp(*at, hidden[i], strlen(hidden[i])) == 0;
		if (!hide)
			add_item(to, xstrdup(*at));
	}
	add_int(to, "NUMBER", (int64_t)n->number);
	add_int(to, "ID", (int64_t)n->alert);
	add_buf(to, "PIPELINE", &n->pipeline);
	add_buf(to, "NAME", &n->rule);
	add_text(to, "STATE", state, strlen(state));
	add_text(to, "SEVERITY", severity, strlen(severity));
	add_int(to, "COUNT", n->count);
	add_buf(to, "KEY", &n->key);
	add_value(to, "VALUE", n->value);
	add_value(to, "LIMIT", n->limit);
	add_buf(to, "MESSAGE", &n->message);
	if (n->window_ms != ALERT_NO_WINDOW)
		add_int(to, "WINDOW", n->window_ms);
	if (n->at_ms != ALERT_NO_TIME)
		add_int(to, "TIME", n->at_ms);
	add_int(to, "CLOCK", n->clock_ms);
	add_buf(to, "JSON", &n->record);
	add_item(to, NULL);
}

static void
release(struct variables *v)
{
	for (size_t i = 0; i < v->len; i++)
		free(v->items[i]);
	free(v->items);
}

/* ---- The process ---- */

/*
 * weir's threads have signals blocked and its descriptors open: what is started
 * gets neither, and a group of its own, to be ended as a whole.
 */
static int
start(const struct command *command, char **env, pid_t *pid)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	sigset_t none, defaults;
	int rc;

	sigemptyset(&none);
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	posix_spawn_file_actions_init(&files);
	posix_spawnattr_init(&attributes);
	posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
#if defined(__GLIBC_PREREQ)
#if __GLIBC_PREREQ(2, 34)
	posix_spawn_file_actions_addclosefrom_np(&files, 3);
#endif
#endif
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &defaults);
	posix_spawnattr_setpgroup(&attributes, 0);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK |
						  POSIX_SPAWN_SETSIGDEF |
						  POSIX_SPAWN_SETPGROUP);
	rc = posix_spawnp(pid, command->argv[0], &files, &attributes,
			  command->argv, env);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&files);
	return rc;
}

/* Whether it has ended by itself in time. */
static bool
wait_for(pid_t pid, const _Atomic bool *hurry)
{
	int64_t until_ns = clock_steady_ns() + COMMAND_MS * INT64_C(1000000);
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd ended = {.fd = fd, .events = POLLIN};
	bool done = false;

	if (fd < 0)
		return false;
	while (!done && !atomic_load(hurry) && clock_steady_ns() < until_ns)
		done = poll(&ended, 1, STEP_MS) > 0;
	close(fd);
	return done;
}

static int
send(void *ctx, const struct notice *notice, const _Atomic bool *hurry,
     struct err *err)
{
	const struct command *command = ctx;
	const char *name = command->argv[0];
	struct variables env = {0};
	bool in_time;
	int rc, status;
	pid_t pid;

	fill(&env, notice);
	rc = start(command, env.items, &pid);
	release(&env);
	if (rc) {
		errno = rc;
		return err_errno(err, "cannot run the command %s of --on-alert",
				 name);
	}
	in_time = wait_for(pid, hurry);
	/* What it has left running goes with it. */
	kill(-pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!in_time)
		return err_set(err, WEIR_SYSTEM, 0,
			       "the command %s of --on-alert took longer than "
			       "%d s, and was ended",
			       name, COMMAND_MS / 1000);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return err_set(err, WEIR_SYSTEM, 0,
		       "the command %s of --on-alert ended with %s %d", name,
		       WIFEXITED(status) ? "exit code" : "signal",
		       WIFEXITED(status) ? WEXITSTATUS(status)
					 : WTERMSIG(status));
}

static void
free_command(void *ctx)
{
	struct command *command = ctx;

	free(command->text);
	free(command);
}

int
command_target(const char *text, struct delivery_target *out, struct err *err)
{
	struct command *command = xcalloc(1, sizeof(*command));
	char *rest;
	unsigned len = 0;

	command->text = xstrdup(text);
	for (char *word = strtok_r(command->text, " ", &rest);
	     word && len <= WORDS_MAX; word = strtok_r(NULL, " ", &rest))
		command->argv[len++ % WORDS_MAX] = word;
	if (len == 0 || len > WORDS_MAX) {
		free_command(command);
		return err_set(err, WEIR_USAGE, 0,
			       "--on-alert takes a command of 1 to %d words, "
			       "not \"%s\"",
			       WORDS_MAX, text);
	}
	*out = (struct delivery_target){.name = "the command of --on-alert",
					.ctx = command,
					.send = send,
					.free = free_command};
	return 0;
}
