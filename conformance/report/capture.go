package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/sockspec/sockspec/packetio"
)

// Capture writes what crossed the link as a pcapng file, whose comments say what the script expected. Its times count from the
// script's start, which is set to the beginning of 1970, so that equal runs make equal files.
func (d *Divergence) Capture(w io.Writer) error {
	f := d.Failure()
	comment := fmt.Sprintf("%s on %s. %s. Line %d: expected %s, got %s", d.Item.Path, d.Column.Stack, d.Item.Title(), f.Line,
		f.Expected, f.Got)
	for _, r := range d.Rules {
		comment += ". Rule " + Explain(r)
	}
	out, err := packetio.NewCaptureWriter(w, oneLine(comment))
	if err != nil {
		return err
	}
	for _, p := range d.Result.Trace {
		var notes []string
		if p.Line > 0 {
			notes = append(notes, fmt.Sprintf("script line %d", p.Line))
		}
		if p.Line == f.Line && !p.Inbound {
			notes = append(notes, "expected "+f.Expected)
		}
		if len(p.Why) > 0 {
			notes = append(notes, "rule "+strings.Join(p.Why, ", "))
		}
		at := time.Unix(0, 0).Add(time.Duration(p.At) * time.Microsecond)
		if err := out.Write(at, p.Packet, strings.Join(notes, "; ")); err != nil {
			return err
		}
	}
	return nil
}
