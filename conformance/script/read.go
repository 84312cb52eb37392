package script

import (
	"errors"
	"io"
	"io/fs"
	"os"
)

// MaxSize is the most octets that a script's file may hold: a thousand times what scripts do.
const MaxSize = 4 << 20

// ErrTooLarge is what reading a file over MaxSize ends with.
var ErrTooLarge = errors.New("larger than 4 MiB, which no script is")

// ReadFile is os.ReadFile up to MaxSize. What has no end of its own, such as a device or a pipe, is read no further either.
// Errors are an *fs.PathError.
func ReadFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	src, err := io.ReadAll(io.LimitReader(f, MaxSize+1))
	if err != nil {
		return nil, err
	}
	if len(src) > MaxSize {
		return nil, &fs.PathError{Op: "read", Path: path, Err: ErrTooLarge}
	}
	return src, nil
}
