#!/bin/bash
# Unpacks the compose and buildx plugins from Debian sid (they need only libc >= 2.34) for the engine of bookworm.
# Argument: an empty folder to work in. Uses the machine's own Debian mirror.
set -euo pipefail
dir=$1
mkdir -p "$dir/lists/partial" "$dir/cache" "$dir/debs"
mirror=$(apt-get indextargets --format '$(ORIGIN)|$(REPO_URI)' | awk -F'|' '$1=="Debian" && $2!~/security/ {print $2; exit}')
[ -n "$mirror" ] || { echo "no Debian mirror in the apt sources; install the compose and buildx plugins by hand" >&2; exit 1; }
echo "deb $mirror sid main" >"$dir/sources.list"
options=(-o Dir::Etc::SourceList="$dir/sources.list" -o Dir::Etc::SourceParts=/dev/null -o Dir::State::Lists="$dir/lists"
  -o Dir::Cache="$dir/cache" -o APT::Sandbox::User=root)
apt-get "${options[@]}" -q update
(cd "$dir/debs" && apt-get "${options[@]}" -q download docker-compose docker-buildx)
for deb in "$dir"/debs/*.deb; do dpkg -x "$deb" "$dir/root"; done
mkdir -p /usr/local/lib/docker/cli-plugins
find "$dir/root" -path '*cli-plugins/docker-*' -type f -exec cp {} /usr/local/lib/docker/cli-plugins/ \;
