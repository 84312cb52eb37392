package tcpstate

// Time is a moment in microseconds since an origin that the caller chose: the
// resolution of Linux's tcp_mstamp. The machine has no clock; each input says
// what time it is, and time never runs backwards.
type Time int64

// Duration is a span in microseconds.
type Duration = int64

// Spans that read well.
const (
	Microsecond Duration = 1
	Millisecond          = 1000 * Microsecond
	Second               = 1000 * Millisecond
	Minute               = 60 * Second
)

// never is a deadline that is not armed.
const never Time = 0

// Add moves d microseconds on.
func (t Time) Add(d Duration) Time { return t + Time(d) }

// Sub is the span from u to t.
func (t Time) Sub(u Time) Duration { return Duration(t - u) }
