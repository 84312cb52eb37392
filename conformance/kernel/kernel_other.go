//go:build !linux

package kernel

import (
	"errors"

	"github.com/sockspec/sockspec/conformance"
)

// Stack is not to be had outside of Linux.
type Stack struct{}

var errOther = errors.New("the live Linux kernel runs scripts on Linux only; the other stacks run here")

// Name is "linux".
func (Stack) Name() string { return "linux" }

// Available says why not.
func (Stack) Available() error { return errOther }

// Note is empty.
func (Stack) Note() string { return "" }

// Older is empty: there is no kernel to be older.
func Older() string { return "" }

// Truth says why not.
func Truth() error { return errOther }

// Parallel is 1.
func (Stack) Parallel() int { return 1 }

// Start fails.
func (Stack) Start(conformance.Setup) (conformance.Instance, error) { return nil, errOther }
