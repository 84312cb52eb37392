package woven

import (
	"os"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// NewBar shows how many of n are done, where a terminal is there to see it.
func NewBar(n int, what string) *progressbar.ProgressBar {
	bar := progressbar.NewOptions(n, progressbar.OptionSetWriter(os.Stderr), progressbar.OptionSetVisibility(term.IsTerminal(int(os.Stderr.Fd()))),
		progressbar.OptionSetDescription(what), progressbar.OptionShowCount(), progressbar.OptionSetWidth(30), progressbar.OptionClearOnFinish())
	_ = bar.RenderBlank() // a terminal that is gone shows nothing
	return bar
}
