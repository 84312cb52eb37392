//go:build !amd64 && !arm64

package main

// foreignStacks is empty: gVisor's packages build for two architectures only.
var foreignStacks []stackEntry
