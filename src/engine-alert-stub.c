/*
 * Stands in until the engine has these: what it defines itself wins.
 */
#include "engine.h"

__attribute__((weak)) void
engine_acknowledge(struct engine *engine, uint64_t id)
{
	(void)engine;
	(void)id;
}

__attribute__((weak)) void
engine_mute(struct engine *engine, unsigned rule, bool muted)
{
	(void)engine;
	(void)rule;
	(void)muted;
}
