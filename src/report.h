/*
 * The report: a view as one JSON object, the same for a run that has just ended
 * and for a store at rest. Its keys are documented in docs/report.md and are
 * kept.
 */
#ifndef WEIR_REPORT_H
#define WEIR_REPORT_H

#include "base/buf.h"
#include "store/view.h"

/* The first keys of a ranking that a report lists. */
#define REPORT_TOP 10

void report_print(const struct view *view, struct buf *out);

#endif
