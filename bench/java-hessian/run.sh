#!/usr/bin/env bash
# run.sh BENCH: Java's figures and then those of the C++ program BENCH (meepo_hessian2_bench) for the same streams, and a line for each pair
# that says how many times faster C++ is. Needs Maven, a JDK and python3. Run it when nothing else runs.
set -euo pipefail
bench=$(realpath "$1")
cd "$(dirname "${BASH_SOURCE[0]}")"
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
mvn -q -B -f pom.xml org.apache.maven.plugins:maven-dependency-plugin:build-classpath -Dmdep.outputFile="$work/classpath" >&2
mkdir "$work/classes" "$work/streams"
javac -nowarn -encoding UTF-8 -cp "$(cat "$work/classpath")" -d "$work/classes" src/main/java/demo/*.java
java -Xms256m -Xmx256m -XX:+UseSerialGC -cp "$work/classes:$(cat "$work/classpath")" demo.HessianBench "$work/streams" | tee "$work/figures"
"$bench" "$work"/streams/*.hessian | tee -a "$work/figures"
python3 - "$work/figures" <<'PYTHON'
import json, sys
java = {}
sums = {}
for line in open(sys.argv[1]):
    figure = json.loads(line)
    key = figure["object"], figure["work"]
    if figure["side"] == "java":
        java[key] = figure["cpu_ns"]
    else:
        for side, ns in ("java", java[key]), ("cpp", figure["cpu_ns"]):
            sums[key[1], side] = sums.get((key[1], side), 0) + ns
        print(json.dumps({"object": key[0], "work": key[1], "times_faster": round(java[key] / figure["cpu_ns"], 1)}))
for work in "encode", "decode":
    print(json.dumps({"object": "all of them", "work": work, "times_faster": round(sums[work, "java"] / sums[work, "cpp"], 1)}))
PYTHON
