package main

import (
	"io"
	"os"
)

// output is standard output with a memory: the first write that fails is kept, and nothing is written after it, so that the
// commands may print without looking and the program still knows in the end whether all of it arrived.
type output struct {
	w   io.Writer
	err error
}

// Write implements io.Writer. The fmt functions drop its error.
func (o *output) Write(b []byte) (int, error) {
	if o.err != nil {
		return 0, o.err
	}
	n, err := o.w.Write(b)
	if err == nil && n < len(b) {
		err = io.ErrShortWrite
	}
	o.err = err
	return n, err
}

// file is the file behind it, for what depends on a terminal.
func (o *output) file() (*os.File, bool) {
	f, ok := o.w.(*os.File)
	return f, ok
}
