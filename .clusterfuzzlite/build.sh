#!/bin/bash -eu
# Builds each fuzz target for libFuzzer, in the builder's container, whose
# sources it changes: not for a working tree. $SRC, $OUT and the rest are the
# container's.
: "$SRC" "$OUT" "$SANITIZER"
cd "$SRC/sockspec"

# The builder that reads _test.go files, at a commit known to work. Built here,
# so that it knows the Go release that go.mod asks for: one that is older than
# the module's cannot read the standard library's types.
ref=fc5dc53b9db8a38c394c53d6e439a1410cf8fc19
shim=github.com/AdamKorcz/go-118-fuzz-build
tool=$(mktemp -d)
git clone --quiet "https://$shim" "$tool/src"
(
	cd "$tool/src"
	git checkout --quiet "$ref"
	GOFLAGS=-mod=mod go build -o "$tool/bin/go-118-fuzz-build_v2" .
)
export PATH="$tool/bin:$PATH"
GOFLAGS=-mod=mod go get "$shim/testing@$ref"

# It takes a directory's _test.go files for one package, so those of an external
# test package go. A target among them runs by go test alone (fuzz.yml).
hide() {
	local dir=$1 file
	for file in $(go list -f '{{range .XTestGoFiles}}{{.}} {{end}}' "./$dir"); do
		rm "$dir/$file"
	done
}

# The wrapper takes for the target's file all those below its directory that hold
# its name: no other keeps it. What else holds it are words, not code.
unname() {
	local dir=$1 target=$2 own=$3 file
	for file in $(grep -rlw --include='*.go' "$target" "$dir" | grep -vxF "$own"); do
		sed -i "s/\b$target\b/Target/g" "$file"
	done
}

while read -r dir target _; do
	hide "$dir"
	if ! own=$(grep -l "^func $target(" "$dir"/*_test.go); then
		echo "$target is in an external test package: left out"
		continue
	fi
	unname "$dir" "$target" "$own"
	compile_native_go_fuzzer_v2 "github.com/sockspec/sockspec/$dir" "$target" "$target"
done <fuzz/fleet/targets.txt
