#!/usr/bin/env bash
# Installs the runtimes of package.json, by its lock, into a folder outside of the sources:
#   bash scripts/runtimes/install.sh [DIR]      (node_modules/.cache/runtimes, where run.js looks for them)
# The versions are exact. Nothing of theirs is run at the installation.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
into=${1:-$here/../../node_modules/.cache/runtimes}
mkdir -p "$into"
cp "$here/package.json" "$here/package-lock.json" "$into"
npm ci --prefix "$into" --ignore-scripts --no-audit --no-fund --silent
