package woven

import (
	"context"
	"errors"
	"fmt"
	"os"
)

// ExitCode is that of a command that ends with an error, which it prints, or with
// a good result or none: 0, 1, or 130 after Ctrl-C.
func ExitCode(command string, err error, good bool) int {
	switch {
	case errors.Is(err, context.Canceled):
		return 130
	case err != nil:
		fmt.Fprintf(os.Stderr, "%s: %v\n", command, err)
		return 1
	case !good:
		return 1
	}
	return 0
}
