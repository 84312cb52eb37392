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

# A Go that was fetched for go.mod's sake lies among the modules, whose files no
# overlay may replace: it moves out.
root=$(go env GOROOT)
case $root in
"$(go env GOMODCACHE)"/*)
	cp -r "$root" "$tool/go"
	chmod -R u+w "$tool/go"
	export GOROOT=$tool/go GOTOOLCHAIN=local PATH="$tool/go/bin:$PATH"
	;;
esac
git clone --quiet "https://$shim" "$tool/src"
(
	cd "$tool/src"
	git checkout --quiet "$ref"
	GOFLAGS=-mod=mod go build -o "$tool/bin/go-118-fuzz-build_v2" .
)
export PATH="$tool/bin:$PATH"
GOFLAGS=-mod=mod go get "$shim/testing@$ref"

# It takes a directory's _test.go files for one package, so those of an external
# test package go.
hide() {
	local dir=$1 file
	for file in $(go list -f '{{range .XTestGoFiles}}{{.}} {{end}}' "./$dir"); do
		rm "$dir/$file"
	done
}

# A target of an external test package, whose file must need no other of that
# package, becomes a package of its own below the one it tests. What
# export_test.go shows it becomes part of the tested package.
outside() {
	local dir=$1 file=$2
	mkdir -p "$dir/outside"
	echo "package outside" >"$dir/outside/outside.go"
	sed 's/^package [a-z]*_test$/package outside/' "$dir/$file" >"$dir/outside/$file"
	rm "$dir/$file"
	[ ! -e "$dir/export_test.go" ] || mv "$dir/export_test.go" "$dir/export_tested.go"
}

# The wrapper takes for the target's file all those below its directory that hold
# its name: no other keeps it. What else holds it are words, not code; each
# target's becomes another, since some are the keys of a map.
unname() {
	local dir=$1 target=$2 own=$3 file
	for file in $(grep -rlw --include='*.go' "$target" "$dir" | grep -vxF "$own"); do
		sed -i "s/\b$target\b/${target#Fuzz}Target/g" "$file"
	done
}

while read -r dir target _; do
	own=$(cd "$dir" && grep -l "^func $target(" ./*_test.go)
	own=${own#./}
	if go list -f '{{range .XTestGoFiles}}{{println .}}{{end}}' "./$dir" | grep -qxF "$own"; then
		outside "$dir" "$own"
		dir=$dir/outside
	fi
	hide "$dir"
	unname "$dir" "$target" "$dir/$own"
	compile_native_go_fuzzer_v2 "github.com/sockspec/sockspec/$dir" "$target" "$target"
	# The builder says "Could not find the function" and ends well: a target would be lost in silence.
	if [ ! -x "$OUT/$target" ]; then
		echo "$target of $dir was not built" >&2
		exit 1
	fi
done <fuzz/fleet/targets.txt
