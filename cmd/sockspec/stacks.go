package main

import (
	"strings"

	"github.com/sockspec/sockspec/conformance"
	"github.com/sockspec/sockspec/conformance/kernel"
	"github.com/sockspec/sockspec/conformance/model"
	"github.com/sockspec/sockspec/sock"
)

// stackEntry is a stack and what it stands for.
type stackEntry struct {
	conformance.Stack
	linux bool // it is the Linux that the rules are of, so that a failing script is a mistake of ours and no finding
}

// knownStacks are all stacks, in the order of their columns. The model comes first: it explains the others.
var knownStacks = append([]stackEntry{
	{model.Stack{}, true},
	{kernel.Stack{}, kernel.Older() == ""},
}, foreignStacks...)

// profileNames are the kernels that the model can be.
func profileNames() string { return sock.Linux.Name + ", " + sock.Linux24.Name }

func (p *program) stackNames() string {
	names := make([]string, len(p.stacks))
	for i, s := range p.stacks {
		names[i] = s.Name()
	}
	return strings.Join(names, ", ")
}

// stack finds a stack by name.
func (p *program) stack(name string) (stackEntry, error) {
	for _, s := range p.stacks {
		if s.Name() == name {
			return s, nil
		}
	}
	return stackEntry{}, misusef("no stack %q: use one of %s", name, p.stackNames())
}
