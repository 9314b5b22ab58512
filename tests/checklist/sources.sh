#!/usr/bin/env bash
# S1, S2, S3 and C10: what the sources and their manifests hold. Prints `id<TAB>pass|FAIL<TAB>figure` a row. Run at the root.
set -uo pipefail

say() { printf '%s\t%s\t%s\n' "$@"; }
rust() { find src actors storage proto domain tests loadtests benches build.rs -name '*.rs' -print0; }
# The sources of what is delivered, their tests left out.
delivered() { find src actors storage proto domain -name '*.rs' -not -path '*/tests/*' -not -name '*tests.rs' -not -path '*/benches/*' -print0; }

# S1: every advisory that is let pass has a date and a reason.
let_pass=$(grep -cE '^ *\{ id = "RUSTSEC-' deny.toml)
dated=$(grep -cE '^ *\{ id = "RUSTSEC-[0-9-]+", reason = "20[0-9]{2}-[0-9]{2}-[0-9]{2}: .+" \}' deny.toml)
if [ "$let_pass" != "$dated" ]; then
  say S1 FAIL "$((let_pass - dated)) exceptions of $let_pass without a date"
elif command -v cargo-deny >/dev/null; then
  if cargo deny --locked check advisories >/dev/null 2>&1; then
    say S1 pass "0 open advisories, $dated dated exceptions"
  else
    say S1 FAIL "cargo deny finds an advisory, or could not look"
  fi
else
  say S1 pass "$dated of $let_pass exceptions dated; cargo-deny is not installed, advisories not looked at"
fi

# S2: one registry, a checksum for each package, and nothing that the lock files do not name.
packages=$(grep -c '^source = ' Cargo.lock)
elsewhere=$(grep '^source = ' Cargo.lock | grep -vc '^source = "registry+https://github.com/rust-lang/crates.io-index"$')
checksums=$(grep -c '^checksum = ' Cargo.lock)
unlocked=0
for lock in dashboards/web/package-lock.json tests/browser/package-lock.json; do
  unlocked=$((unlocked + $(node -e '
    const { packages } = JSON.parse(require("fs").readFileSync(process.argv[1], "utf8"));
    const of = Object.entries(packages).filter(([name, one]) => name !== "" && !one.link);
    const hosts = new Set(of.map(([, one]) => new URL(one.resolved ?? "none:").host));
    const bad = of.filter(([, one]) => !one.integrity?.startsWith("sha512-"));
    console.log(bad.length + hosts.size - 1);' "$lock" || echo 1000)))
done
denied=$(grep -cE '^unknown-(registry|git) = "deny"$' deny.toml)
if [ "$elsewhere" = 0 ] && [ "$packages" = "$checksums" ] && [ "$packages" -gt 0 ] && [ "$unlocked" = 0 ] && [ "$denied" = 2 ] &&
  cargo tree --locked --offline --workspace >/dev/null 2>&1 && tests/tools/lock-check >/dev/null; then
  say S2 pass "$packages packages of one registry, $checksums checksums; 2 npm lock files of one registry each, all with SHA-512"
else
  say S2 FAIL "$elsewhere of $packages elsewhere, $checksums checksums, $unlocked npm packages, $denied of 2 denials, or the lock file does not fit"
fi

# S3: forbidden in the workspace, taken over by each package, and no block of it anywhere.
forbidden=$(grep -cE '^unsafe_code = "forbid"$' Cargo.toml)
manifests=$(git ls-files '*Cargo.toml' | while read -r file; do grep -q '^\[package\]' "$file" && echo "$file"; done)
count=$(wc -w <<<"$manifests")
obeying=$(for file in $manifests; do grep -A1 '^\[lints\]' "$file" | grep -c '^workspace = true'; done | paste -sd+ | bc)
blocks=$(rust | xargs -0 grep -lE '(^|[^a-z_"`])unsafe( +(fn|impl|trait|extern)|[ ]*\{)' | grep -vc '^tests/tidy/')
files=$(rust | tr -dc '\0' | wc -c)
if [ "$forbidden" = 1 ] && [ "$obeying" = "$count" ] && [ "$blocks" = 0 ] && [ "$files" -gt 100 ]; then
  say S3 pass "forbidden in $count of $count packages, 0 blocks in $files files"
else
  say S3 FAIL "forbidden $forbidden, $obeying of $count packages obey, $blocks files with a block"
fi

# C10: no weak primitive, but HMAC-SHA-1 where applications for codes want it (RFC 6238), SHA-1 in WebSocket's handshake (RFC 6455)
# being the library's own. The package md5 comes with crypto-glue (webauthn-rs), which names it and calls it nowhere: its own
# sources may not. Random numbers come from the system.
weak=$(delivered | xargs -0 grep -lniE '\b(md5|md4|sha1|sha-1|rc4|des3|3des|ecb)\b|SHA1_FOR_LEGACY|HMAC_SHA1' | grep -vxc 'actors/accounts/totp.rs')
own=$(delivered | xargs -0 grep -lE '\b(SmallRng|StdRng|XorShift|SplitMix|Pcg32|Mt19937|seed_from_u64|fastrand|thread_rng)\b' |
  grep -vxcE 'src/demo/[a-z]+\.rs|storage/dice\.rs')
crates=$(grep -E '^name = "(md4|rc4|des|ecb|aes-ecb|openssl|openssl-sys|aws-lc-rs|aws-lc-sys)"$' Cargo.lock | cut -d'"' -f2 | paste -sd' ')
looked=$(delivered | tr -dc '\0' | wc -c)
if [ "$weak" = 0 ] && [ "$own" = 0 ] && [ -z "$crates" ] && [ "$looked" -gt 100 ]; then
  say C10 pass "0 in $looked files and $(grep -c '^name = ' Cargo.lock) packages; 2 exceptions: HMAC-SHA-1 of RFC 6238, md5 that crypto-glue brings and nothing calls"
else
  say C10 FAIL "weak in $weak files, generators of one's own in $own, packages: ${crates:-none}"
fi
