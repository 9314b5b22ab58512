#!/usr/bin/env bash
# T3 and T4: what sslscan and testssl.sh find at a running server whose certificate is an authority's. Both come from Debian's
# packages. Usage: tls.sh host port folder (which holds authority.pem). Prints `id<TAB>pass|FAIL<TAB>figure` a row.
set -uo pipefail
host=$1 port=$2 folder=$3

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }
if ! command -v sslscan >/dev/null || ! command -v testssl >/dev/null; then
  as_root apt-get update -qq >&2
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends sslscan testssl.sh >&2
fi

sslscan --no-colour --xml="$folder/sslscan.xml" "localhost:$port" >/dev/null 2>&1
python3 - "$folder/sslscan.xml" <<'PYTHON'
import re, sys, xml.etree.ElementTree as tree
try:
    found = tree.parse(sys.argv[1]).getroot()
    accepted = [(one.get("sslversion"), one.get("cipher")) for one in found.iter("cipher") if one.get("status") in ("preferred", "accepted")]
    old = [one.get("type") + one.get("version") for one in found.iter("protocol") if one.get("enabled") == "1" and one.get("version") not in ("1.2", "1.3")]
    # Every suite of TLS 1.3 is of that kind; those of 1.2 say so by their names.
    weak = [name for version, name in accepted if not (name.startswith("TLS_") if version == "TLSv1.3" else re.fullmatch(r"ECDHE-.*(GCM|POLY1305).*", name))]
    good = accepted and not weak and not old
    figure = f"{len(accepted) - len(weak)} of {len(accepted)} suites" if good else f"{len(accepted)} suites, weak: {weak}, versions: {old}"
    print("T3", "pass" if good else "FAIL", figure, sep="\t")
except Exception as error:
    print("T3", "FAIL", f"sslscan: {error}", sep="\t")
PYTHON

# What testssl could not look at ("WARN"), as on a busy machine, it is asked once more.
for _ in 1 2; do
  rm -f "$folder/testssl.json"
  timeout -k 5 600 testssl --quiet --color 0 --warnings off --nodns min --ip "$host" --add-ca "$folder/authority.pem" \
    --jsonfile "$folder/testssl.json" "localhost:$port" >"$folder/testssl.log" 2>&1 </dev/null
  grep '"WARN"' "$folder/testssl.json" -B5 | grep '"id"' | grep -qv engine_problem || break
done
python3 - "$folder/testssl.json" <<'PYTHON'
import json, sys
GRAVE = ("MEDIUM", "HIGH", "CRITICAL", "FATAL", "WARN")
try:
    found = json.load(open(sys.argv[1]))
    # "WARN" is what testssl says where it could not look; it counts like a finding, but where it speaks of the client's OpenSSL.
    grave = [f"{one['id']} {one['severity']}" for one in found if one["severity"] in GRAVE and one["id"] != "engine_problem"]
    sound = len(found) > 100
    figure = f"{len(found)} findings, {len(grave)} from MEDIUM on" + (": " + ", ".join(grave[:4]) if grave else "")
    print("T4", "pass" if sound and not grave else "FAIL", figure, sep="\t")
except Exception as error:
    print("T4", "FAIL", f"testssl: {error}", sep="\t")
PYTHON
