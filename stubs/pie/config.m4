dnl Builds the extension with cargo, behind phpize, ./configure, make and make install.

PHP_ARG_ENABLE([canyon],
  [whether to enable canyon],
  [AS_HELP_STRING([--enable-canyon], [Enable canyon])],
  [yes])

AC_ARG_VAR([CARGO], [the cargo to build with])
AC_ARG_VAR([CARGO_TARGET_DIR], [where cargo builds; target/ beside the sources unless given])
AC_ARG_VAR([CANYON_SOURCE], [where Cargo.toml stands; beside config.m4 unless given])

if test "$PHP_CANYON" != "no"; then
  if test "$($PHP_CONFIG --vernum)" -lt 80200; then
    AC_MSG_ERROR([canyon needs PHP 8.2 or newer, and $PHP_CONFIG belongs to PHP $($PHP_CONFIG --version)])
  fi

  AS_VAR_IF([CANYON_SOURCE], [], [CANYON_SOURCE=$abs_srcdir])
  if test ! -f "$CANYON_SOURCE/Cargo.toml"; then
    AC_MSG_ERROR([there is no Cargo.toml in $CANYON_SOURCE; name the folder of Canyon's sources with CANYON_SOURCE=])
  fi

  dnl rustup puts cargo into a folder that root and services do not have on their PATH.
  AC_PATH_PROG([CARGO], [cargo], [], [$PATH:$HOME/.cargo/bin])
  if test -z "$CARGO"; then
    AC_MSG_ERROR([cargo is missing: install Rust from https://rustup.rs, or name a cargo with CARGO=])
  fi
  AS_VAR_IF([CARGO_TARGET_DIR], [], [CARGO_TARGET_DIR=$CANYON_SOURCE/target])

  dnl The build script wants whole paths, and php-config may have been found on PATH.
  CANYON_PHP_CONFIG=$(command -v "$PHP_CONFIG")
  case $CANYON_PHP_CONFIG in
    /*@:}@ ;;
    *@:}@ CANYON_PHP_CONFIG=$(pwd)/$CANYON_PHP_CONFIG ;;
  esac
  if test ! -x "$PHP_EXECUTABLE"; then
    AC_MSG_ERROR([$PHP_CONFIG --php-binary names no program: $PHP_EXECUTABLE])
  fi

  CANYON_SYSTEM=$host_os
  PHP_SUBST([CANYON_SYSTEM])
  PHP_SUBST([CARGO])
  PHP_SUBST([CARGO_TARGET_DIR])
  PHP_SUBST([CANYON_SOURCE])
  PHP_SUBST([CANYON_PHP_CONFIG])

  dnl What PHP_NEW_EXTENSION would do, without a C file to compile.
  PHP_MODULES="$PHP_MODULES \$(phplibdir)/canyon.so"
  PHP_ADD_BUILD_DIR([modules])
  PHP_ADD_MAKEFILE_FRAGMENT([$abs_srcdir/Makefile.frag])
fi
