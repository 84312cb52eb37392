//go:build amd64 || arm64

package main

import "github.com/sockspec/sockspec/conformance/gvisor"

var foreignStacks = []stackEntry{{gvisor.Stack{}, false}}
