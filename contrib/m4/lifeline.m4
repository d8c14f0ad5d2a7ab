# SPDX-License-Identifier: GPL-3.0-or-later
# Probes for flags of the compiler and the linker. A flag that is only warned
# about counts as refused, so that clang keeps quiet about gcc's.

# LIFELINE_COMPILE_FLAGS(VARIABLE, FLAGS): appends the flags that work. CPPFLAGS
# is left out: distributions give -D_FORTIFY_SOURCE=2 there, beside which another
# one is warned about, and so would be refused.
AC_DEFUN([LIFELINE_COMPILE_FLAGS], [
	for flag in m4_normalize([$2]); do
		AC_MSG_CHECKING([whether $CC takes $flag])
		lifeline_save=$CFLAGS
		CFLAGS="$CFLAGS -Werror $flag"
		lifeline_save_cpp=$CPPFLAGS
		CPPFLAGS=
		AC_COMPILE_IFELSE([AC_LANG_PROGRAM()],
			[AC_MSG_RESULT([yes]); $1="$$1 $flag"],
			[AC_MSG_RESULT([no])])
		CFLAGS=$lifeline_save
		CPPFLAGS=$lifeline_save_cpp
	done
	AC_SUBST([$1])
])

# LIFELINE_LINK_FLAGS(VARIABLE, FLAGS): appends the flags that work.
AC_DEFUN([LIFELINE_LINK_FLAGS], [
	for flag in m4_normalize([$2]); do
		AC_MSG_CHECKING([whether linking takes $flag])
		lifeline_save=$CFLAGS
		lifeline_save_ld=$LDFLAGS
		CFLAGS="$CFLAGS -Werror $HARDENING_CFLAGS"
		LDFLAGS="$LDFLAGS $flag"
		AC_LINK_IFELSE([AC_LANG_PROGRAM()],
			[AC_MSG_RESULT([yes]); $1="$$1 $flag"],
			[AC_MSG_RESULT([no])])
		CFLAGS=$lifeline_save
		LDFLAGS=$lifeline_save_ld
	done
	AC_SUBST([$1])
])

# LIFELINE_SANITIZE(VARIABLE, FLAG): sets it; whoever asked must get it.
AC_DEFUN([LIFELINE_SANITIZE], [
	AC_MSG_CHECKING([whether $CC takes $2])
	lifeline_save=$CFLAGS
	CFLAGS="$CFLAGS -Werror $2"
	AC_LINK_IFELSE([AC_LANG_PROGRAM()],
		[AC_MSG_RESULT([yes])],
		[AC_MSG_RESULT([no])
		AC_MSG_ERROR([$CC does not take $2])])
	CFLAGS=$lifeline_save
	$1="$2"
])
