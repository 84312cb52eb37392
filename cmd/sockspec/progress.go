package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// progressInterval bounds how often the bar is drawn.
const progressInterval = 50 * time.Millisecond

// bar shows how far a run is, on a terminal only. The zero bar shows nothing.
type bar struct {
	b  *progressbar.ProgressBar
	on *os.File
}

// endless is a number of steps that nobody knows: they are counted alone.
const endless = -1

// progress starts a bar over n steps on standard error.
func (p *program) progress(n int, what string) bar {
	f, ok := p.stderr.(*os.File)
	if !ok || n == 0 || !term.IsTerminal(int(f.Fd())) {
		return bar{}
	}
	b := progressbar.NewOptions(n, progressbar.OptionSetWriter(f), progressbar.OptionSetDescription(what),
		progressbar.OptionShowCount(), progressbar.OptionSetWidth(30), progressbar.OptionSetPredictTime(false),
		progressbar.OptionThrottle(progressInterval), progressbar.OptionClearOnFinish())
	return bar{b, f}
}

func (b bar) step() {
	if b.b != nil {
		_ = b.b.Add(1) // a bar that cannot be drawn is no reason to stop
	}
}

// to sets how many steps are done.
func (b bar) to(n int) {
	if b.b != nil {
		_ = b.b.Set(n)
	}
}

// clear makes room for a line of output; the next step draws the bar again.
func (b bar) clear() {
	if b.b != nil {
		_ = b.b.Clear()
	}
}

// onStop says something once the context ends, unless what it returns was called before.
func (b bar) onStop(ctx context.Context, what string) (stop func() bool) {
	if b.b == nil {
		return func() bool { return false }
	}
	return context.AfterFunc(ctx, func() {
		b.clear()
		fmt.Fprintln(b.on, what)
	})
}

// follow sets how many steps are done, now and then, until it is told to stop.
func (b bar) follow(done func() int) (stop func()) {
	if b.b == nil {
		return func() {}
	}
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(progressInterval)
		defer tick.Stop()
		for {
			select {
			case <-end:
				return
			case <-tick.C:
				b.to(done())
			}
		}
	}()
	return func() {
		close(end)
		<-ended
		b.clear()
	}
}
