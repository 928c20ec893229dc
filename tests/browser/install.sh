#!/bin/sh
# What the browser tests need: Chromium and Node from Debian where we may install them, axe-core and a driver from npm.
# A reader of trust lists comes with them.
# What can't be had is reported here, and the tests that need it say so when they are skipped.
cd "$(dirname "$0")" || exit 1
missing=""
command -v chromium >/dev/null || missing="$missing chromium"
command -v npm >/dev/null || missing="$missing nodejs npm"
if [ -n "$missing" ]; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null ||
      echo "browser tests: could not install$missing; they will be skipped" >&2
  else
    echo "browser tests: install$missing to run them; they will be skipped" >&2
  fi
fi
if command -v npm >/dev/null && [ ! node_modules/.installed -nt package-lock.json ]; then
  npm ci --silent --no-audit --no-fund && touch node_modules/.installed ||
    echo "browser tests: npm could not install axe-core; they will be skipped" >&2
fi
exit 0
