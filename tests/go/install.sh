#!/bin/sh
# Go and its own note and tlog packages (golang.org/x/mod), from Debian where we may install them.
# What can't be had is reported here, and the tests that need it say so when they are skipped.
cd "$(dirname "$0")" || exit 1
exec 9<. && flock 9
command -v go >/dev/null && [ -d /usr/share/gocode/src/golang.org/x/mod/sumdb ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  apt-get update -qq &&
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends golang-go golang-golang-x-mod-dev >/dev/null ||
    echo "golang-go and golang-golang-x-mod-dev could not be installed" >&2
else
  echo "install golang-go and golang-golang-x-mod-dev" >&2
fi
