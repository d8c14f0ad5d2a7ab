/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What every unit test includes: cmocka, and what cmocka wants first. */
#ifndef LIFELINE_TESTS_UNIT_TESTING_H
#define LIFELINE_TESTS_UNIT_TESTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
