package packetio

import (
	"errors"

	"github.com/google/gopacket"
)

// tail is a gopacket.SerializeBuffer over the caller's memory: layers are
// written from the end to the front of a slice whose length is known, so that
// nothing is copied or allocated.
type tail struct {
	b     []byte
	start int
}

// errNoRoom cannot happen while lengths are computed right.
var errNoRoom = errors.New("packetio: a layer is longer than computed")

// Bytes is what has been written so far.
func (t *tail) Bytes() []byte { return t.b[t.start:] }

// PrependBytes makes room for n octets before what is there.
func (t *tail) PrependBytes(n int) ([]byte, error) {
	if n > t.start {
		return nil, errNoRoom
	}
	t.start -= n
	room := t.b[t.start : t.start+n]
	clear(room)
	return room, nil
}

// AppendBytes is refused: nothing comes after the payload.
func (t *tail) AppendBytes(int) ([]byte, error) { return nil, errNoRoom }

// Clear forgets what was written.
func (t *tail) Clear() error { t.start = len(t.b); return nil }

// Layers is empty: no layer in use looks at it.
func (t *tail) Layers() []gopacket.LayerType { return nil }

// PushLayer notes nothing.
func (t *tail) PushLayer(gopacket.LayerType) {}
