# SPDX-License-Identifier: Apache-2.0
#
# Macros of skep's configure.ac: dependencies whose absence is collected, the BPF tool chain, warnings.

# SKEP_MISSING(WHAT, DEBIAN-PACKAGE)
# Notes that WHAT is missing and which package brings it; SKEP_REPORT_MISSING ends the run.
AC_DEFUN([SKEP_MISSING], [dnl
skep_missing="$skep_missing
  $1 (Debian package: $2)"
skep_packages="$skep_packages $2"])

# SKEP_NEED(VARIABLE, PKG-CONFIG-MODULES, DEBIAN-PACKAGE)
# Sets VARIABLE_CFLAGS and VARIABLE_LIBS, or notes what is missing.
AC_DEFUN([SKEP_NEED], [dnl
PKG_CHECK_MODULES([$1], [$2], [], [SKEP_MISSING([$2], [$3])])])

# SKEP_REPORT_MISSING
# Ends the run with one error that lists everything missing.
AC_DEFUN([SKEP_REPORT_MISSING], [dnl
AS_IF([test -n "$skep_missing"],
	[AC_MSG_ERROR([these are needed to build skep and were not found:
$skep_missing

On Debian: apt-get install$skep_packages])])])

# SKEP_WARN(FLAG)
# Adds FLAG to WARN_CFLAGS if the compiler accepts it.
AC_DEFUN([SKEP_WARN], [dnl
AC_CACHE_CHECK([whether $CC accepts $1], [AS_TR_SH([skep_cv_warn_$1])],
	[skep_save_CFLAGS=$CFLAGS
	CFLAGS="$CFLAGS -Werror $1"
	AC_COMPILE_IFELSE([AC_LANG_PROGRAM([], [])],
		[AS_TR_SH([skep_cv_warn_$1])=yes], [AS_TR_SH([skep_cv_warn_$1])=no])
	CFLAGS=$skep_save_CFLAGS])
AS_IF([test "x$AS_TR_SH([skep_cv_warn_$1])" = xyes], [WARN_CFLAGS="$WARN_CFLAGS $1"])])

# SKEP_PROG_BPF_CLANG
# Sets BPF_CLANG, BPF_ARCH (as bpf_tracing.h names it) and BPF_SYS_INCLUDES: the directories where the
# host's compiler finds its headers.  With -target bpf, clang does not look into the multiarch directory
# that holds asm/types.h; the host's search list, asked of clang itself, has it under every distribution.
AC_DEFUN([SKEP_PROG_BPF_CLANG], [dnl
AC_ARG_VAR([BPF_CLANG], [clang that compiles the BPF programs])
AC_PATH_PROGS([BPF_CLANG], [clang clang-19 clang-18 clang-17 clang-16 clang-15 clang-14])
AS_CASE([$host_cpu],
	[x86_64|i?86], [BPF_ARCH=x86],
	[aarch64*], [BPF_ARCH=arm64],
	[arm*], [BPF_ARCH=arm],
	[riscv*], [BPF_ARCH=riscv],
	[s390*], [BPF_ARCH=s390],
	[powerpc*], [BPF_ARCH=powerpc],
	[loongarch*], [BPF_ARCH=loongarch],
	[mips*], [BPF_ARCH=mips],
	[BPF_ARCH=$host_cpu])
AS_IF([test -z "$BPF_CLANG"],
	[SKEP_MISSING([clang with a bpf target], [clang])],
	[AC_MSG_CHECKING([where $BPF_CLANG finds system headers])
	BPF_SYS_INCLUDES=`LC_ALL=C $BPF_CLANG -v -E - </dev/null 2>&1 |
		$SED -n '/search starts here:/,/^End of search list/s|^ \(/.*\)|-idirafter \1|p' |
		tr '\n' ' '`
	AC_MSG_RESULT([$BPF_SYS_INCLUDES])
	AC_MSG_CHECKING([whether $BPF_CLANG compiles for bpf])
	cat >conftest.bpf.c <<_SKEP_EOF
#include <linux/bpf.h>
#include <linux/types.h>
int prog(struct __sk_buff *skb);
int prog(struct __sk_buff *skb) { return (int)skb->len; }
_SKEP_EOF
	AS_IF([$BPF_CLANG -O2 -g -target bpf -mcpu=v3 -D__TARGET_ARCH_$BPF_ARCH $BPF_SYS_INCLUDES \
			-c conftest.bpf.c -o conftest.bpf.o >&AS_MESSAGE_LOG_FD 2>&1],
		[AC_MSG_RESULT([yes])],
		[AC_MSG_RESULT([no])
		SKEP_MISSING([clang with a bpf target and the kernel's user-space headers],
			[clang linux-libc-dev])])
	rm -f conftest.bpf.c])
AC_SUBST([BPF_ARCH])
AC_SUBST([BPF_SYS_INCLUDES])])

# SKEP_PROG_BPFTOOL
# Sets BPFTOOL to a bpftool that writes skeletons.  Follows SKEP_PROG_BPF_CLANG, whose object it reads.
# Debian installs bpftool in /usr/sbin, which is not in everybody's PATH.
AC_DEFUN([SKEP_PROG_BPFTOOL], [dnl
AC_ARG_VAR([BPFTOOL], [bpftool that makes the skeletons])
AC_PATH_PROG([BPFTOOL], [bpftool], [], [$PATH$PATH_SEPARATOR/usr/sbin$PATH_SEPARATOR/sbin])
AS_IF([test -z "$BPFTOOL"],
	[SKEP_MISSING([bpftool], [bpftool])],
	[test -f conftest.bpf.o],
	[AC_MSG_CHECKING([whether $BPFTOOL writes skeletons])
	AS_IF([$BPFTOOL gen skeleton conftest.bpf.o name conftest >/dev/null 2>&AS_MESSAGE_LOG_FD],
		[AC_MSG_RESULT([yes])],
		[AC_MSG_RESULT([no])
		SKEP_MISSING([bpftool with "gen skeleton"], [bpftool])])])
rm -f conftest.bpf.o])
