#!/usr/bin/env bash
# Builds the API jar (sdk/java) and the Java peers of the tests for each Dubbo version into build/java/. Does nothing when that is up to
# date. Needs the Debian packages in PACKAGES. The first run fills the local Maven repository; later ones work offline.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

PACKAGES="maven openjdk-17-jdk-headless protobuf-compiler libprotobuf-dev"

stamp=build/java/stamp
# Content, not times: a checkout sets new times.
inputs=$(find sdk/java tests/java proto/meepo/v1 -name target -prune -o -type f '(' -name '*.java' -o -name '*.xml' -o -name '*.sh' -o \
  -name '*.proto' ')' -print | LC_ALL=C sort | xargs sha256sum)
if [ -r "$stamp" ] && [ "$(cat "$stamp")" = "$inputs" ]; then exit 0; fi

for program in mvn javac protoc; do
  command -v "$program" >/dev/null || { echo "tests/java/build.sh: $program is missing: apt-get install $PACKAGES" >&2; exit 1; }
done
poms=$(grep -F pom.xml <<<"$inputs")
offline=()
if [ -r build/java/resolved ] && [ "$(cat build/java/resolved)" = "$poms" ]; then offline=(--offline); fi
rm -f "$stamp"
rm -rf build/java/dubbo-* build/java/protobuf  # no library of an earlier version stays on the class path
mkdir -p build/java/protobuf
protoc --proto_path=proto --java_out=build/java/protobuf meepo/v1/types.proto meepo/v1/task_service.proto
nice -n 19 mvn --batch-mode --quiet "${offline[@]}" --file tests/java/pom.xml package
printf '%s\n' "$poms" >build/java/resolved
printf '%s\n' "$inputs" >"$stamp"
