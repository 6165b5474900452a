/*
 * Notices on the desktop: a target of delivery, and the door to libnotify.
 * What fires is shown; that it has cleared closes what was shown.
 */
#ifndef WEIR_ALERT_DESKTOP_H
#define WEIR_ALERT_DESKTOP_H

#include "alert/deliver.h"

/* WEIR_USAGE when weir was built without libnotify. */
int desktop_target(struct delivery_target *out, struct err *err);

#endif
